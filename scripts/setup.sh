#!/usr/bin/env bash
# Installs what building and testing lancekit needs on Debian 12: packages from apt, and pinned Python packages in .venv.
# Safe to run again: it looks first and does nothing when nothing is missing.
#   scripts/setup.sh           build and test
#   scripts/setup.sh --bench   also the peers and data sets of bench/compare.py
set -euo pipefail
cd "$(dirname "$0")/.."

# The README names the reason for each; a test keeps the two lists equal.
packages=(
  g++ cmake ninja-build pkg-config
  libcli11-dev libfmt-dev libzstd-dev liblz4-dev libsnappy-dev libprotozero-dev libxxhash-dev liburing-dev libflatbuffers-dev flatbuffers-compiler
  libgtest-dev libbenchmark-dev
  python3 python3-venv valgrind doxygen
  lintian mmdebstrap
  clang-19 clang-format-19 clang-tidy-19 libclang-rt-19-dev lld-19 llvm-19
)
bench_packages=(dataset-fashion-mnist python3-dev)
requirements=(scripts/requirements.txt)

die() {
  echo "setup: $*" >&2
  exit 1
}

case "${1:-}" in
  "") ;;
  --bench)
    packages+=("${bench_packages[@]}")
    requirements+=(scripts/requirements-bench.txt)
    ;;
  *) die "unknown argument '$1' (usage: scripts/setup.sh [--bench])" ;;
esac

as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  elif command -v sudo > /dev/null; then
    sudo "$@"
  else
    die "not root and no sudo; as root run: $*"
  fi
}

install_packages() {
  command -v dpkg-query > /dev/null ||
    die "this script knows Debian's apt only; install these yourself: ${packages[*]}"
  local installed missing=() package
  installed=$(dpkg-query -W -f '${db:Status-Status} ${binary:Package}\n' | sed -n 's/^installed \([^:]*\).*/\1/p')
  for package in "${packages[@]}"; do
    grep -qxF -- "$package" <<< "$installed" || missing+=("$package")
  done
  if [ ${#missing[@]} -eq 0 ]; then
    echo "setup: all ${#packages[@]} Debian packages are there"
    return
  fi
  echo "setup: installing ${missing[*]}"
  local log
  log=$(mktemp)
  { as_root apt-get update -q && as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends "${missing[@]}"; } \
    > "$log" 2>&1 || {
    tail -n 20 "$log" >&2
    die "apt-get failed (whole log: $log); this script is made for Debian 12 (bookworm)"
  }
  rm -f "$log"
}

# Exit status 0 when every pinned package is in .venv in its exact version.
python_is_complete() {
  [ -x .venv/bin/python ] && .venv/bin/python - "${requirements[@]}" << 'PYTHON'
import importlib.metadata, sys
try:
    for path in sys.argv[1:]:
        for line in open(path):
            line = line.strip()
            if line and not line.startswith('#'):
                name, version = line.split('==')
                if importlib.metadata.version(name) != version:
                    sys.exit(1)
except importlib.metadata.PackageNotFoundError:
    sys.exit(1)
PYTHON
}

install_python() {
  if python_is_complete; then
    echo "setup: .venv is complete"
    return
  fi
  echo "setup: installing into .venv: $(grep -hv '^#' "${requirements[@]}" | tr '\n' ' ')"
  [ -x .venv/bin/python ] || python3 -m venv .venv || die "python3 -m venv .venv failed"
  local arguments=() file
  for file in "${requirements[@]}"; do arguments+=(-r "$file"); done
  .venv/bin/python -m pip install --quiet --disable-pip-version-check "${arguments[@]}" ||
    die "pip could not install the packages above into .venv (is the package index reachable?)"
}

install_packages
install_python
