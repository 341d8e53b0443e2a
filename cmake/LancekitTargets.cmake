# Targets: lancekit_objects collects the layers; lancekit_internal is the static form that the tools, tests, fuzzers and
# benchmarks link; lancekit is what is installed.
# lancekit_precompile(target [header...]): compiles what most sources include once: the standard library's and fmt's headers, and
# these. Saves a third of the time of a build from nothing. Not with a compiler cache, which it would defeat; such builds also
# show sources that forget an include.
function(lancekit_precompile target)
  if(NOT CMAKE_CXX_COMPILER_LAUNCHER)
    target_precompile_headers(${target} PRIVATE <algorithm> <array> <cstdint> <cstring> <functional> <map> <memory> <mutex> <optional>
      <span> <string> <string_view> <unordered_map> <utility> <vector> <fmt/format.h> ${ARGN})
  endif()
endfunction()

add_library(lancekit_objects OBJECT)
target_include_directories(lancekit_objects PUBLIC ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR} ${PROJECT_BINARY_DIR}/generated)
target_include_directories(lancekit_objects SYSTEM PUBLIC ${PROTOZERO_INCLUDE_DIR} ${XXHASH_INCLUDE_DIR} ${FLATBUFFERS_INCLUDE_DIR})
target_link_libraries(lancekit_objects PUBLIC PkgConfig::ZSTD PkgConfig::LZ4 PkgConfig::SNAPPY lancekit_fmt Threads::Threads)

# What nothing calls is left out of the library: 50 KB.
target_compile_options(lancekit_objects PUBLIC $<$<CONFIG:Release>:-ffunction-sections;-fdata-sections>)
if(URING_FOUND)
  target_link_libraries(lancekit_objects PUBLIC PkgConfig::URING)
  target_compile_definitions(lancekit_objects PUBLIC LANCEKIT_HAS_URING)
endif()

lancekit_precompile(lancekit_objects)

# The part that is compiled for size.
add_library(lancekit_small_objects OBJECT)
target_link_libraries(lancekit_small_objects PRIVATE lancekit_objects)
target_compile_options(lancekit_small_objects PRIVATE $<$<CONFIG:Release>:-Os>)
lancekit_precompile(lancekit_small_objects)

add_library(lancekit_internal STATIC)
target_link_libraries(lancekit_internal PUBLIC lancekit_objects lancekit_small_objects)

add_library(lancekit)
add_library(LanceKit::lancekit ALIAS lancekit)
# Objects and libraries one by one: linking lancekit_objects would name it, fmt and protozero in the installed package.
target_sources(lancekit PRIVATE $<TARGET_OBJECTS:lancekit_objects> $<TARGET_OBJECTS:lancekit_small_objects>)
target_link_libraries(lancekit PRIVATE PkgConfig::ZSTD PkgConfig::LZ4 PkgConfig::SNAPPY Threads::Threads)
if(URING_FOUND)
  target_link_libraries(lancekit PRIVATE PkgConfig::URING)
endif()
target_link_options(lancekit PRIVATE $<$<CONFIG:Release>:-Wl,--gc-sections>)
# Relative relocations in a tenth of their bytes (70 KB less), where the linker makes them and the C library reads them (glibc 2.36).
option(LANCEKIT_PACK_RELOCATIONS "Pack the relocations of liblancekit.so, which then needs glibc 2.36" ON)
if(LANCEKIT_PACK_RELOCATIONS AND NOT CMAKE_CROSSCOMPILING)
  include(CheckCXXSourceRuns)
  set(CMAKE_REQUIRED_FLAGS -fPIE)
  set(CMAKE_REQUIRED_LINK_OPTIONS -pie -Wl,-z,pack-relative-relocs -Wl,--fatal-warnings)
  check_cxx_source_runs("static int zero; int* volatile places[8] = {&zero, &zero}; int main() { return *places[1]; }"
    LANCEKIT_PACKS_RELOCATIONS)
  unset(CMAKE_REQUIRED_FLAGS)
  unset(CMAKE_REQUIRED_LINK_OPTIONS)
endif()
if(LANCEKIT_PACKS_RELOCATIONS)
  target_link_options(lancekit PRIVATE -Wl,-z,pack-relative-relocs)
endif()
target_include_directories(lancekit INTERFACE
  $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
target_compile_features(lancekit INTERFACE cxx_std_17)
set_target_properties(lancekit PROPERTIES VERSION ${PROJECT_VERSION} SOVERSION 0)

# What tests and fuzz targets share: arrays built by hand, and a precompiled header that their sources take over. Tests wait for the
# library, not for themselves: -O1, at which GCC 12 warns falsely about strings (GCC bug 105329).
set(quick_to_compile $<$<CONFIG:Release>:-O1> $<$<CXX_COMPILER_ID:GNU>:-Wno-array-bounds>)
if(LANCEKIT_BUILD_TESTS OR LANCEKIT_BUILD_FUZZERS)
  add_library(lancekit_testing STATIC types/array_testing.cc)
  target_link_libraries(lancekit_testing PUBLIC lancekit_internal)
  # As programs are compiled, or they could not take its header.
  set_target_properties(lancekit_testing PROPERTIES POSITION_INDEPENDENT_CODE OFF)
  target_compile_options(lancekit_testing PRIVATE -fPIE ${quick_to_compile})
  if(LANCEKIT_BUILD_TESTS)
    target_link_libraries(lancekit_testing PUBLIC GTest::gtest)
    set(gtest_header <gtest/gtest.h>)
  endif()
  lancekit_precompile(lancekit_testing <random> ${gtest_header} ${PROJECT_SOURCE_DIR}/types/array_testing.h)
endif()

# lancekit_use_testing(target)
function(lancekit_use_testing target)
  target_link_libraries(${target} PRIVATE lancekit_testing)
  target_compile_options(${target} PRIVATE ${quick_to_compile})
  if(NOT CMAKE_CXX_COMPILER_LAUNCHER)
    target_precompile_headers(${target} REUSE_FROM lancekit_testing)
  endif()
endfunction()

# lancekit_test(name source... [LIBS lib...]): a GoogleTest program in ctest. It runs in the source folder.
function(lancekit_test name)
  if(NOT LANCEKIT_BUILD_TESTS)
    return()
  endif()
  cmake_parse_arguments(arg "" "" "LIBS" ${ARGN})
  add_executable(${name} ${arg_UNPARSED_ARGUMENTS})
  lancekit_use_testing(${name})
  target_link_libraries(${name} PRIVATE GTest::gtest_main ${arg_LIBS})
  add_test(NAME ${name} COMMAND ${name} WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
endfunction()
