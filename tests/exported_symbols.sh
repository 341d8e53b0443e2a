#!/usr/bin/env bash
# Checks what a build's shared libraries show: their sonames, and that each symbol is lancekit's own. Instances of the standard
# library's templates are let through where they are weak: its headers make them visible.
# Usage: exported_symbols.sh BUILD_FOLDER; `exported_symbols.sh --self-test BUILD_FOLDER` checks that others are seen.
set -euo pipefail

fail() {
  echo "exported_symbols: $*" >&2
  exit 1
}

# strangers LIBRARY: the exported symbols that are not lancekit's.
strangers() {
  local own='(lancekit_[a-z0-9_]+|_Z(GV|T[VTISC])?[NZ]*[KVRO]*8lancekit.*)$'
  nm -D --defined-only "$1" | grep -vE " . $own" | grep -vE ' [WVu] _Z(GV|T[VTIS])?[NZ]*[KVRO]*S[tabsiod]' || true
}

# check LIBRARY SONAME
check() {
  local soname found count
  soname=$(readelf -d "$1" | sed -n 's/.*(SONAME).*\[\(.*\)\]/\1/p')
  [ "$soname" = "$2" ] || fail "$1 has the soname '$soname', not $2"
  found=$(strangers "$1" | c++filt)
  [ -z "$found" ] || fail "$1 exports: $found"
  count=$(nm -D --defined-only "$1" | wc -l)
  [ "$count" -gt 10 ] || fail "$1 exports $count symbols"
  echo "$2: $count symbols"
}

if [ "$1" = --self-test ]; then
  temp=$(mktemp -d)
  trap 'rm -rf "$temp"' EXIT
  echo 'namespace fmt { int Stranger() { return 1; } } extern "C" int ZSTD_stranger() { return 1; } namespace lancekit { int Own() { return 1; } }' |
    c++ -shared -fPIC -x c++ - -Wl,-soname,x.so.0 -o "$temp/x.so"
  [ "$(strangers "$temp/x.so" | wc -l)" -eq 2 ] || fail "self-test: saw $(strangers "$temp/x.so")"
  (check "$2/liblancekit.so" liblancekit.so.9) 2> /dev/null && fail "self-test: soname not seen"
  echo "exported_symbols: self-test passed"
  exit 0
fi

check "$1/liblancekit.so" liblancekit.so.0
check "$1/index/liblancekit_index.so" liblancekit_index.so.0
check "$1/c_api/liblancekit_c.so" liblancekit_c.so.0
