# Libraries that lancekit stands on. The core needs zstd, lz4, Snappy, and of header-only ones protozero, fmt, xxhash and FlatBuffers, whose
# compiler flatc writes a header; the rest is found where it is used.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
pkg_check_modules(ZSTD REQUIRED IMPORTED_TARGET libzstd)
pkg_check_modules(LZ4 REQUIRED IMPORTED_TARGET liblz4)
pkg_check_modules(SNAPPY REQUIRED IMPORTED_TARGET snappy)
# Optional: without it files are read by pread.
option(LANCEKIT_USE_URING "Read by io_uring where liburing is found" ON)
if(LANCEKIT_USE_URING)
  pkg_check_modules(URING IMPORTED_TARGET liburing)
endif()
find_package(fmt REQUIRED)
# fmt's headers without FMT_HEADER_ONLY: base/fmt_library.cc has its functions once, where each source that formats would compile
# them again, two seconds and 50 KB each.
add_library(lancekit_fmt INTERFACE)
target_include_directories(lancekit_fmt SYSTEM INTERFACE $<TARGET_PROPERTY:fmt::fmt-header-only,INTERFACE_INCLUDE_DIRECTORIES>)
target_compile_features(lancekit_fmt INTERFACE cxx_std_17)
find_path(PROTOZERO_INCLUDE_DIR protozero/pbf_reader.hpp REQUIRED)
find_path(XXHASH_INCLUDE_DIR xxhash.h REQUIRED)
find_path(FLATBUFFERS_INCLUDE_DIR flatbuffers/flatbuffers.h REQUIRED)
find_program(FLATC flatc REQUIRED)
if(LANCEKIT_BUILD_TESTS)
  enable_testing()
  find_package(GTest REQUIRED)
endif()
