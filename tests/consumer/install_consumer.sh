#!/usr/bin/env bash
# Installs a build into a temporary prefix, looks at what got installed, and builds and runs the consumer against it, once by
# find_package and once by pkg-config. Usage: install_consumer.sh BUILD_FOLDER CXX shared|static
set -euo pipefail
build=$1 cxx=$2 kind=$3
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
temp=$(mktemp -d)
trap 'rm -rf "$temp"' EXIT

fail() {
  echo "install_consumer: $*" >&2
  exit 1
}

if [ "$kind" = static ]; then
  # A static build is configured, but not compiled again: liblancekit_internal.a of the given build has the same objects.
  cmake -S "$root" -B "$temp/static" -G Ninja -DCMAKE_CXX_COMPILER="$cxx" -DBUILD_SHARED_LIBS=OFF -DLANCEKIT_BUILD_TOOLS=OFF \
    -DLANCEKIT_BUILD_TESTS=OFF -DLANCEKIT_BUILD_FUZZERS=OFF -DLANCEKIT_BUILD_BENCH=OFF > "$temp/log" 2>&1 ||
    { cat "$temp/log"; fail "configuring the static library"; }
  cp "$build/liblancekit_internal.a" "$temp/static/liblancekit.a"
  cp "$build/index/liblancekit_index_internal.a" "$temp/static/index/liblancekit_index.a"
  cp "$build/c_api/liblancekit_c_internal.a" "$temp/static/c_api/liblancekit_c.a"
  build=$temp/static
fi

prefix=$temp/installed
cmake --install "$build" --prefix "$prefix" > "$temp/log" 2>&1 || { cat "$temp/log"; fail "cmake --install"; }
mv "$prefix" "$temp/moved" # nothing in it may depend on where it was installed first
prefix=$temp/moved

visible=$(cd "$prefix/include" && find . -type f | sort)
public=$(cd "$root/include" && find . -type f | sort)
[ "$visible" = "$public" ] || fail "installed headers are not the public ones: $visible"
library=$(find "$prefix" -name 'liblancekit.a' -o -name 'liblancekit.so')
[ -n "$library" ] || fail "no liblancekit in the prefix"
! grep -rlE "lancekit_objects|fmt::|protozero|$root" "$prefix" --include='*.cmake' --include='*.pc' ||
  fail "the package names private parts of the build"

for program in "$prefix"/bin/*; do
  [ ! -e "$program" ] || [ -s "$prefix/share/man/man1/$(basename "$program").1" ] || fail "no man page of $program"
  [ ! -e "$program" ] || [ -s "$prefix/share/bash-completion/completions/$(basename "$program")" ] || fail "no completion of $program"
done
for program in "$prefix"/bin/*; do
  [ ! -e "$program" ] || "$program" --version > "$temp/log" 2>&1 || { cat "$temp/log"; fail "$program does not start"; }
done

cmake -S "$here" -B "$temp/by_cmake" -G Ninja -DCMAKE_CXX_COMPILER="$cxx" -DCMAKE_PREFIX_PATH="$prefix" > "$temp/log" 2>&1 &&
  cmake --build "$temp/by_cmake" -v > "$temp/log" 2>&1 || { cat "$temp/log"; fail "find_package consumer does not build"; }
grep -q -- '-std=c++17' "$temp/log" || fail "the consumer was not built as C++17"
"$temp/by_cmake/consumer" "$temp/by_cmake.lance" || fail "find_package consumer failed"
"$temp/by_cmake/searcher" "$temp/by_cmake.lance" || fail "consumer of the index failed"
"$temp/by_cmake/c_consumer" "$temp" || fail "find_package consumer in C failed"
echo "find_package: $kind library, consumers ran"

libdir=$(dirname "$library")
export PKG_CONFIG_PATH=$libdir/pkgconfig
static=()
[ "$kind" = shared ] || static=(--static)
read -ra flags <<< "$(pkg-config --cflags --libs ${static[@]+"${static[@]}"} lancekit)"
"$cxx" -std=c++17 -Wall -Wextra -Wpedantic -Werror "$here/main.cc" "${flags[@]}" -o "$temp/by_pkg_config" ||
  fail "pkg-config consumer does not build"
LD_LIBRARY_PATH=$libdir "$temp/by_pkg_config" "$temp/by_pkg_config.lance" || fail "pkg-config consumer failed"
read -ra flags <<< "$(pkg-config --cflags --libs ${static[@]+"${static[@]}"} lancekit_c)"
cc -std=c99 -Wall -Wextra -Wpedantic -Werror "$here/c_main.c" "${flags[@]}" -o "$temp/c_by_pkg_config" ||
  fail "pkg-config consumer in C does not build"
LD_LIBRARY_PATH=$libdir "$temp/c_by_pkg_config" "$temp" || fail "pkg-config consumer in C failed"
echo "pkg-config: $kind library, consumers ran"
