#!/usr/bin/env bash
# Builds and runs the consumer with lancekit's sources inside its own build, by add_subdirectory and by FetchContent of an archive of
# the tree. Usage: source_consumer.sh BUILD_FOLDER CXX [--full]
# One source of lancekit and those of the consumer are compiled, and the consumer is linked, as its build would do it, with the libraries
# of the given build in the place of those to be made. With --full, add_subdirectory compiles the whole library.
set -euo pipefail
build=$(cd "$1" && pwd) cxx=$2 full=${3:-}
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
temp=$(mktemp -d)
trap 'rm -rf "$temp"' EXIT

fail() {
  echo "source_consumer: $*" >&2
  exit 1
}
quietly() {
  "$@" > "$temp/log" 2>&1 || { tail -n 40 "$temp/log" >&2; fail "$*"; }
}

# consumer WAY SUBFOLDER DEFINITION [OBJECT]: SUBFOLDER is where lancekit is built, OBJECT one of its own to compile.
consumer() {
  local way=$1 into=$temp/$1/$2 name
  quietly cmake -S "$here" -B "$temp/$way" -G Ninja -DCMAKE_CXX_COMPILER="$cxx" -DLANCEKIT_BY="$way" "$3"
  ninja -C "$temp/$way" -t targets all | sed 's/: .*//' > "$temp/targets"
  # They are for who works on lancekit.
  ! grep -E 'gtest|_test$|lance-inspect|fuzz|bench' "$temp/targets" || fail "$way: tests, programs or benchmarks are built too"
  if [ "$way$full" = add_subdirectory--full ]; then
    quietly cmake --build "$temp/$way" --parallel "$(nproc)"
  else
    quietly ninja -j "$(nproc)" -C "$temp/$way" ${4:-} CMakeFiles/consumer.dir/main.cc.o CMakeFiles/searcher.dir/searcher.cc.o \
      CMakeFiles/c_consumer.dir/c_main.c.o
    cp -a "$build"/liblancekit.so* "$into"
    cp -a "$build"/index/liblancekit_index.so* "$into/index"
    cp -a "$build"/c_api/liblancekit_c.so* "$into/c_api"
    for name in consumer searcher c_consumer; do
      ninja -C "$temp/$way" -t commands "$name" | tail -n 1 > "$temp/link"
      grep -q -- "-o $name " "$temp/link" || fail "$way: no link command of $name: $(cat "$temp/link")"
      (cd "$temp/$way" && quietly sh "$temp/link")
    done
  fi
  mkdir "$temp/$way/c"
  quietly "$temp/$way/consumer" "$temp/$way/table.lance"
  quietly "$temp/$way/searcher" "$temp/$way/table.lance"
  quietly "$temp/$way/c_consumer" "$temp/$way/c"
  echo "$way: consumers ran"
}

consumer add_subdirectory lancekit -DLANCEKIT_SOURCE="$root"
tar -C "$root" --exclude=./build --exclude=./.venv --exclude=./.git --exclude=./.cache --exclude=./tests/data --exclude=./docs/pictures \
  --transform 's,^\.,lancekit-0.1,' -czf "$temp/lancekit.tar.gz" .
consumer FetchContent _deps/lancekit-build -DLANCEKIT_URL="file://$temp/lancekit.tar.gz" \
  _deps/lancekit-build/index/CMakeFiles/lancekit_index_objects.dir/sidecar.cc.o
