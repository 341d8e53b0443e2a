#!/bin/bash -eu
# Builds all fuzz targets as OSS-Fuzz wants them: with $CC, $CXX, $CFLAGS, $CXXFLAGS and $LIB_FUZZING_ENGINE, from $SRC/lancekit into $OUT,
# with seeds and dictionaries beside them. $WORK holds what is made on the way.
export CC CXX CFLAGS CXXFLAGS
if [ -d "$SRC/snappy" ]; then
  cmake -S "$SRC/snappy" -B "$WORK/snappy" -G Ninja -DCMAKE_BUILD_TYPE=None -DSNAPPY_BUILD_TESTS=OFF -DSNAPPY_BUILD_BENCHMARKS=OFF \
    -DCMAKE_INSTALL_PREFIX="$WORK/installed"
  cmake --build "$WORK/snappy" --target install
  # It brings no file for pkg-config along.
  mkdir -p "$WORK/installed/lib/pkgconfig"
  printf 'Name: snappy\nDescription: Snappy\nVersion: 1\nCflags: -I%s\nLibs: -L%s -lsnappy\n' "$WORK/installed/include" \
    "$WORK/installed/lib" > "$WORK/installed/lib/pkgconfig/snappy.pc"
  export PKG_CONFIG_PATH=$WORK/installed/lib/pkgconfig
fi
# io_uring is no part of what is fuzzed.
cmake -S "$SRC/lancekit" -B "$WORK/lancekit" -G Ninja -DCMAKE_BUILD_TYPE=None -DBUILD_SHARED_LIBS=OFF \
  -DCMAKE_PROJECT_INCLUDE="$SRC/lancekit/fuzz/oss-fuzz/static.cmake" -DCMAKE_EXE_LINKER_FLAGS="-static-libstdc++ -static-libgcc" \
  -DLANCEKIT_BUILD_TOOLS=OFF -DLANCEKIT_BUILD_TESTS=OFF -DLANCEKIT_BUILD_BENCH=OFF -DLANCEKIT_BUILD_FUZZERS=ON -DLANCEKIT_USE_URING=OFF \
  -DLANCEKIT_FUZZING_ENGINE="$LIB_FUZZING_ENGINE"
cmake --build "$WORK/lancekit"

cd "$SRC/lancekit/fuzz"
for target in $(sed -nE 's/^lancekit_fuzz\((\w+).*/\1/p' CMakeLists.txt); do
  cp "$WORK/lancekit/fuzz/$target" "$OUT/"
  rm -f "$OUT/${target}_seed_corpus.zip"
  zip -qj "$OUT/${target}_seed_corpus.zip" corpus/"$target"/*
done
cp dictionaries/*.dict "$OUT/"
