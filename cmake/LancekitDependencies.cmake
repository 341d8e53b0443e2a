# Libraries that lancekit stands on. The core needs zstd, lz4, and of header-only ones protozero, fmt, xxhash and FlatBuffers, whose
# compiler flatc writes a header; the rest is found where it is used.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
pkg_check_modules(ZSTD REQUIRED IMPORTED_TARGET libzstd)
pkg_check_modules(LZ4 REQUIRED IMPORTED_TARGET liblz4)
find_package(fmt REQUIRED)
find_path(PROTOZERO_INCLUDE_DIR protozero/pbf_reader.hpp REQUIRED)
find_path(FLATBUFFERS_INCLUDE_DIR flatbuffers/flatbuffers.h REQUIRED)
find_program(FLATC flatc REQUIRED)
if(LANCEKIT_BUILD_TESTS)
  enable_testing()
  find_package(GTest REQUIRED)
endif()
