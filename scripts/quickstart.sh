#!/usr/bin/env bash
# Sets up, builds the programs, and shows the main job: Parquet to Lance, a look inside, and back without losing anything.
#   scripts/quickstart.sh [FILE.parquet]     without a file: the flights in tests/data
# The results stay in build/quickstart.
set -euo pipefail
[ $# -le 1 ] || { echo "usage: scripts/quickstart.sh [FILE.parquet]" >&2; exit 2; }
root=$(cd "$(dirname "$0")/.." && pwd)
input=$(realpath -- "${1:-$root/tests/data/flights-25k.parquet}")
[ -f "$input" ] || { echo "quickstart: $input: no such file" >&2; exit 3; }
cd "$root"

# Runs a command whose output matters only when it fails.
quietly() {
  local log=build/quickstart/$1.log
  shift
  "$@" > "$log" 2>&1 || { tail -n 40 "$log" >&2; echo "quickstart: failed: $* (whole output: $log)" >&2; exit 1; }
}

# Says what is run, then runs it.
show() {
  echo
  printf '$'; printf ' %s' "$(basename "$1")" "${@:2}"; echo
  "$@"
}

name=$(basename "${input%.*}")
out=build/quickstart
mkdir -p "$out"
echo "1. Set up"
scripts/setup.sh
echo "2. Build (release; a few minutes the first time)"
quietly configure cmake --preset release
quietly build cmake --build --preset release --target lance-inspect lance-convert lance-index
programs=build/release/tools
convert=$programs/lance-convert/lance-convert inspect=$programs/lance-inspect/lance-inspect

echo "3. Parquet to Lance"
show "$convert" --force "$input" "$out/$name.lance"
echo
echo "4. A look inside"
show "$inspect" info "$out/$name.lance"
show "$inspect" columns "$out/$name.lance"
echo
echo "5. Back to Parquet"
show "$convert" --force "$out/$name.lance" "$out/$name.parquet"
echo
echo "6. Compare"
compare() {
  echo -n "$1: "
  .venv/bin/python scripts/compare_tables.py "$input" "$2"
}
compare "input and what the reference Lance (pylance) reads from the dataset" "$out/$name.lance"
compare "input and the Parquet file that came back" "$out/$name.parquet"

echo
echo "dataset     $root/$out/$name.lance"
echo "round trip  $root/$out/$name.parquet"
echo "programs    $root/$inspect"
echo "            $root/$convert"
echo "            $root/$programs/lance-index/lance-index"
