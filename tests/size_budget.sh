#!/usr/bin/env bash
# Checks a release build against the budget: stripped sizes, and which shared libraries are needed.
# Usage: size_budget.sh BUILD_FOLDER; `size_budget.sh --self-test` checks that a breach is seen.
set -euo pipefail

fail() {
  echo "size_budget: $*" >&2
  exit 1
}

# check FILE MAX_BYTES
check() {
  local file=$1 max_bytes=$2 copy size_bytes
  [ -e "$file" ] || fail "$file is missing"
  copy=$(mktemp)
  strip -o "$copy" "$file"
  size_bytes=$(stat -c %s "$copy")
  rm -f "$copy"
  echo "$(basename "$file"): $size_bytes bytes stripped, at most $max_bytes"
  [ "$size_bytes" -le "$max_bytes" ] || fail "$file is too large"
  local needed
  needed=$(readelf -d "$file" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p'; ldd "$file")
  if foreign=$(grep -iE 'arrow|parquet|protobuf' <<< "$needed"); then
    fail "$file needs $foreign"
  fi
}

if [ "$1" = --self-test ]; then
  (check "$(command -v bash)" 1000) 2> /dev/null && fail "self-test: size not seen"
  (check "$2" 100000000) 2> /dev/null && fail "self-test: Arrow not seen in $2"
  echo "size_budget: self-test passed"
  exit 0
fi

check "$1/liblancekit.so" $((3 * 1000 * 1000))
inspect=$(find "$1" -type f -name lance-inspect -perm -u+x)
[ -n "$inspect" ] || fail "lance-inspect is missing"
check "$inspect" $((5 * 1000 * 1000))
