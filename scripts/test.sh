#!/usr/bin/env bash
# Sets up, builds and tests everything; the last line says "N passed, M failed". Exit status 0 when M is 0.
#   scripts/test.sh           all of it, under 40 minutes on 2 cores
#   scripts/test.sh --quick   the tests of the release build only
# FUZZ_SECONDS sets how long each fuzz target runs (2, a minute together). Logs are in build/logs.
set -uo pipefail
cd "$(dirname "$0")/.."
quick=false
case "${1:-}" in
  "") ;;
  --quick) quick=true ;;
  *) echo "usage: scripts/test.sh [--quick]" >&2; exit 2 ;;
esac

jobs=$(nproc)
logs=build/logs
mkdir -p "$logs"
passed=0 failed=0 failures=()

count() { # name, exit status, what to say
  if [ "$2" -eq 0 ]; then
    passed=$((passed + 1))
    echo "   ok  $1 $3"
  else
    failed=$((failed + 1)) failures+=("$1")
    echo " FAIL  $1 $3"
  fi
}

# check NAME COMMAND...: one check; its output is shown when it fails.
check() {
  local name=$1 begin=$SECONDS status=0
  shift
  "$@" > "$logs/$name.log" 2>&1 || status=$?
  [ $status -eq 0 ] || tail -n 60 "$logs/$name.log"
  count "$name" $status "($((SECONDS - begin)) s)"
  return $status
}

build() { # preset
  cmake --preset "$1" && cmake --build --preset "$1" --parallel "$jobs"
}

# Each ctest test counts as one.
run_ctest() { # preset
  local begin=$SECONDS log=$logs/ctest-$1.log summary not_passed skipped total
  ctest --preset "$1" --parallel "$jobs" --timeout 900 --output-on-failure > "$log" 2>&1
  summary=$(grep -E 'tests passed, [0-9]+ tests failed out of' "$log")
  if [ -z "$summary" ]; then
    tail -n 20 "$log"
    count "ctest-$1" 1 "(no tests ran)"
    return
  fi
  not_passed=$(sed -E 's/.*, ([0-9]+) tests failed.*/\1/' <<< "$summary")
  total=$(sed -E 's/.* out of ([0-9]+)/\1/' <<< "$summary")
  skipped=$(grep -cE '\*\*\*Skipped' "$log" || true)
  passed=$((passed + total - not_passed - skipped)) failed=$((failed + not_passed))
  if [ "$not_passed" -gt 0 ]; then
    failures+=("$not_passed tests of ctest --preset $1")
    # What the failed ones said last.
    awk '/ Start +[0-9]+: / { shown = 0 } / Test +#[0-9]+: / { shown = /\*\*\*/ } shown' "$log" | tail -n 120
    sed -n '/The following tests FAILED/,$p' "$log"
  fi
  [ "$skipped" -eq 0 ] || grep -hE '\*\*\*Skipped|: skipped: ' "$log" "build/$1/Testing/Temporary/LastTest.log"
  echo "       ctest $1: $((total - not_passed - skipped)) of $total passed, $skipped skipped ($((SECONDS - begin)) s)"
}

check_format() {
  find . \( -path ./build -o -path ./.venv -o -path ./.git \) -prune -o \( -name '*.c' -o -name '*.cc' -o -name '*.h' -o -name '*.hpp' \) -print0 |
    xargs -0 clang-format-19 --dry-run -Werror
}

# What the tests of dev just ran.
measure_coverage() {
  check coverage scripts/coverage.py || return
  grep -E '^(library|tools)|rewritten' "$logs/coverage.log" | sed 's/^/       /'
}

# Each target counts as one.
run_fuzzers() {
  local begin=$SECONDS target runs now coverage corpus findings
  scripts/fuzz.sh --build build/dev --seconds "${FUZZ_SECONDS:-2}" > "$logs/fuzz.log" 2>&1
  local status=$? targets=0
  while read -r target runs now coverage corpus findings; do
    [ "$target" != target ] || continue
    targets=$((targets + 1))
    count "fuzz-$target" "$findings" "($now runs)"
  done < <(grep -E '^[a-z0-9_]+ .* [0-9]+$' "$logs/fuzz.log")
  [ $status -eq 0 ] && [ $targets -gt 0 ] || { tail -n 60 "$logs/fuzz.log"; count fuzz 1 ""; }
  echo "       fuzz: $targets targets, ${FUZZ_SECONDS:-2} s each ($((SECONDS - begin)) s)"
}

scripts/setup.sh || exit 1

fresh=true
[ ! -e build/release/.ninja_log ] || fresh=false
begin=$SECONDS
# What a user waits for is the library and the programs; the tests follow.
build_product() {
  cmake --preset release && cmake --build --preset release --parallel "$jobs" --target lancekit lance-inspect lance-convert
}
if check build-release build_product && $fresh; then
  echo "       library and programs from nothing: $((SECONDS - begin)) s on $jobs cores (the goal is 300)"
fi
check build-tests build release
run_ctest release

if ! $quick; then
  check format check_format
  check build-dev build dev
  rm -rf build/dev/coverage
  run_ctest dev
  measure_coverage
  run_fuzzers
fi

echo
echo "took $((SECONDS / 60)) min $((SECONDS % 60)) s"
[ $failed -eq 0 ] || printf 'failed: %s\n' "${failures[@]}"
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
