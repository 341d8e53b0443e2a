#!/usr/bin/env bash
# Looks for data races: builds the preset tsan and runs under ThreadSanitizer what uses threads; concurrent_test ROUNDS times as
# long as in ctest (10).
#   scripts/races.sh [ROUNDS]
set -euo pipefail
cd "$(dirname "$0")/.."
tests=(base_test concurrent_test io_test table_test scan_impl_test aggregate_test projection_test verify_test
  write_memory_test writer_test index_test c_api_test)
cmake --preset tsan > /dev/null
cmake --build --preset tsan --parallel "$(nproc)" --target "${tests[@]}"
export TSAN_OPTIONS="halt_on_error=1 second_deadlock_stack=1 ${TSAN_OPTIONS:-}" LANCEKIT_ROUNDS=${1:-10}
# Names with _read and _uring at their end are the same programs in other modes of reading.
ctest --preset tsan --parallel "$(nproc)" --timeout 3600 -R "^($(IFS='|' && echo "${tests[*]}"))(_read|_uring)?\$"
