#!/usr/bin/env bash
# Fuzzes under AddressSanitizer and UndefinedBehaviorSanitizer: builds the preset fuzz and runs each target for some seconds, one
# after the other, on a copy of its corpus. Prints a line per target; exit status 1 when one of them finds something.
#   fuzz/run.sh                     about a minute in total
#   fuzz/run.sh SECONDS [TARGET...] so many seconds for each of these targets, or for all
# Findings and logs are in build/fuzz/findings.
set -uo pipefail
cd "$(dirname "$0")/.."

cmake --preset fuzz > /dev/null && cmake --build --preset fuzz --parallel "$(nproc)" > build/fuzz/build.log ||
  { cat build/fuzz/build.log >&2; exit 1; }
mapfile -t all < <(sed -nE 's/^lancekit_fuzz\((\w+).*/\1/p' fuzz/CMakeLists.txt)
seconds=${1:-$((60 / ${#all[@]}))}
[ $# -le 1 ] || all=("${@:2}")

findings=$PWD/build/fuzz/findings
mkdir -p "$findings"
status=0
for target in "${all[@]}"; do
  work=$(mktemp -d)
  log=$findings/$target.log
  result=ok
  build/fuzz/fuzz/"$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=1024 -malloc_limit_mb=512 -max_len=16384 \
    -artifact_prefix="$findings/$target-" -print_final_stats=1 "$work" "fuzz/corpus/$target" > "$log" 2>&1 || result=FAILED
  executions=$(sed -nE 's/^stat::number_of_executed_units: *//p' "$log")
  printf '%-24s %-6s %10s executions in %s s\n' "$target" "$result" "${executions:-?}" "$seconds"
  if [ $result != ok ]; then
    status=1
    tail -n 25 "$log"
  fi
  rm -rf "$work"
done
exit $status
