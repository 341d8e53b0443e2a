#!/usr/bin/env bash
# Compiles each public header alone as C++17 with all warnings, and those for C also as C99.
# Usage: public_headers.sh CXX...
set -euo pipefail
cd "$(dirname "$0")/.."
warnings=(-Wall -Wextra -Wpedantic -Wshadow -Wold-style-cast -Werror)
headers=0 failed=0

for cxx in "$@"; do
  for header in include/lancekit/*; do
    headers=$((headers + 1))
    # Twice, so that a missing include guard shows.
    printf '#include "%s"\n#include "%s"\n' "${header#include/}" "${header#include/}" |
      "$cxx" -x c++ -std=c++17 "${warnings[@]}" -Iinclude -fsyntax-only - || failed=$((failed + 1))
  done
  printf '#include "lancekit/lancekit.h"\n#include "lancekit/lancekit.h"\nstruct ArrowArrayStream stream;\n' |
    "$cxx" -x c -std=c99 -Wall -Wextra -Wpedantic -Werror -Iinclude -fsyntax-only - || failed=$((failed + 1))
done
echo "$headers headers, $failed failed"
[ "$headers" -gt 0 ] && [ "$failed" -eq 0 ]
