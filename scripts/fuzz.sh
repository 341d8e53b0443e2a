#!/usr/bin/env bash
# Fuzzes under AddressSanitizer and UndefinedBehaviorSanitizer, as many targets at a time as there are cores, and prints a table.
#   scripts/fuzz.sh [--seconds S | --runs N] [--merge] [--build FOLDER] [TARGET...]
#     --seconds S     each target for so long (60)
#     --runs N        each target until it has run N times, those of earlier calls included; 100000000 is the long form: some hours
#                     for each target and core
#     --merge         then takes what reaches new code over into fuzz/corpus: merged-*, the smallest first, at most 64 files and
#                     32 KiB for each target
#     --build FOLDER  the targets that are there; without it the preset fuzz is built, in build/fuzz
# What was found is kept in build/corpus/TARGET, from where the next call goes on; findings and logs are in build/findings. Exit status
# 1 when a target failed.
set -uo pipefail
cd "$(dirname "$0")/.."
limit=-max_total_time=60 wanted=0 merge=false build=
while [ $# -gt 0 ]; do
  case $1 in
    --seconds) limit=-max_total_time=$2 wanted=0; shift 2 ;;
    --runs) limit= wanted=$2; shift 2 ;;
    --merge) merge=true; shift ;;
    --build) build=$2; shift 2 ;;
    -*) sed -n '2,/^set/s/^# //p' "$0" >&2; exit 2 ;;
    *) break ;;
  esac
done
mapfile -t all < <(sed -nE 's/^lancekit_fuzz\((\w+).*/\1/p' fuzz/CMakeLists.txt)
targets=("${@:-${all[@]}}")

if [ -z "$build" ]; then
  build=build/fuzz
  mkdir -p $build
  { cmake --preset fuzz && cmake --build --preset fuzz --parallel "$(nproc)"; } > $build/build.log 2>&1 || { cat $build/build.log >&2; exit 1; }
fi
export build limit wanted merge findings=$PWD/build/findings
# Fuzzing is no test that counts for coverage.
export LLVM_PROFILE_FILE=/dev/null
mkdir -p "$findings"

number() { # FILE, or 0
  cat "$1" 2> /dev/null || echo 0
}

fuzz_one() { # target
  local corpus=build/corpus/$1 log=$findings/$1.log stop=$limit before left status=0 options=()
  local program=$build/fuzz/$1
  [ -x "$program" ] || { printf '%-24s is not in %s\n' "$1" "$build"; return 1; }
  mkdir -p "$corpus"
  before=$(number "$corpus.runs")
  echo "$before" > "$corpus.runs"
  if [ "$wanted" -gt 0 ]; then
    left=$((wanted - before))
    stop=-runs=$((left > 0 ? left : 0))
  fi
  [ ! -f "fuzz/dictionaries/$1.dict" ] || options=("-dict=fuzz/dictionaries/$1.dict")
  trap : INT  # the target ends and tells what it did; so does this
  "$program" "$stop" "${options[@]}" -timeout=10 -rss_limit_mb=2048 -malloc_limit_mb=512 -max_len=16384 -print_final_stats=1 \
    -artifact_prefix="$findings/$1-" "$corpus" "fuzz/corpus/$1" > "$log" 2>&1 || status=$?
  local runs coverage found
  found=$(find "$findings" -name "$1-*" -newer "$corpus.runs" | wc -l)
  runs=$(sed -nE 's/^stat::number_of_executed_units: *//p' "$log")
  echo $((before + ${runs:-0})) > "$corpus.runs"
  coverage=$(grep -oE " cov: [0-9]+" "$log" | tail -n 1 | tr -dc 0-9)
  printf '%-24s %14s %12s %9s %8s %9s\n' "$1" "$(number "$corpus.runs")" "${runs:-0}" "${coverage:-0}" \
    "$(find "$corpus" -type f | wc -l)" "$found"
  if [ $status -ne 0 ]; then
    tail -n 40 "$log" >&2
    return 1
  fi
  ! $merge || merge_one "$1" "$program"
}

merge_one() { # target, program
  local corpus=fuzz/corpus/$1 work files=0 bytes=0 size file
  work=$(mktemp -d)
  mkdir -p "$work/new" "$corpus"
  find "$corpus" -type f ! -name 'merged-*' -exec cp -t "$work/new" {} +
  find "$work/new" -type f | sort > "$work/old"
  mkdir -p "$work/merged"
  find "$corpus" -type f -name 'merged-*' -exec cp -t "$work/merged" {} +
  "$2" -merge=1 -max_len=16384 "$work/new" "$work/merged" "build/corpus/$1" > "$findings/$1.merge.log" 2>&1 || { tail "$findings/$1.merge.log" >&2; rm -rf "$work"; return 1; }
  rm -f "$corpus"/merged-*
  while read -r size file; do
    [ $((files += 1)) -le 64 ] && [ $((bytes += size)) -le 32768 ] || break
    cp "$file" "$corpus/merged-$(basename "$file" | cut -c 1-16)"
  done < <(find "$work/new" -type f | sort | comm -23 - "$work/old" | xargs -r -d '\n' stat -c '%s %n' | sort -n)
  rm -rf "$work"
}

export -f number fuzz_one merge_one
printf '%-24s %14s %12s %9s %8s %9s\n' target 'runs so far' 'runs now' coverage corpus findings
printf '%s\n' "${targets[@]}" | xargs -P "$(nproc)" -I{} bash -c 'fuzz_one {}' || exit 1
