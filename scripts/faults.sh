#!/usr/bin/env bash
# The long forms of what ctest runs shortly: 2,000 kills, a table of 4 GB under a memory limit of 256 MiB, 10,000 damaged files,
# under the sanitizers too where build/dev has them. Half an hour; needs the release build and 16 GB of space in $TMPDIR.
set -euo pipefail
cd "$(dirname "$0")/.."
python=.venv/bin/python
convert=build/release/tools/lance-convert/lance-convert
$python tests/faults/faults_e2e.py build/release/tests/faults/liblancekit_faults.so $convert build/release/tools/lance-index/lance-index \
  --kills 2000
$python tests/memory_e2e.py $convert --mib 4096
LANCEKIT_DAMAGES=10000 build/release/tests/damage_test
[ ! -x build/dev/tests/damage_test ] || LANCEKIT_DAMAGES=10000 build/dev/tests/damage_test
