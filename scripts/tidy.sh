#!/usr/bin/env bash
# clang-tidy over the library's sources, or over the files given; every warning is an error. Needs a configured build/release.
set -euo pipefail
cd "$(dirname "$0")/.."
files=("$@")
[ ${#files[@]} -gt 0 ] || files=("^$PWD/(base|types|io|format|encodings|structural|reader|writer)/.*(?<!_test)(?<!_testing)\.cc\$")
# The commands are GCC's, whose warning options clang need not know.
exec run-clang-tidy-19 -quiet -p build/release -j "$(nproc)" -extra-arg=-Wno-unknown-warning-option "${files[@]}"
