# `cmake --build build/release --target package` makes three Debian packages, an archive that can be unpacked anywhere, and their
# SHA256SUMS, in build/release/packages. Included by the project; the names and texts of the packages are here.
set(LANCEKIT_MAINTAINER "lancekit maintainers <maintainers@lancekit.invalid>" CACHE STRING
  "Who made the Debian packages; the address of the default goes nowhere")

set(CPACK_GENERATOR "DEB;TXZ")
set(CPACK_PACKAGE_NAME lancekit)
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGE_CONTACT "${LANCEKIT_MAINTAINER}")
set(CPACK_PACKAGE_DIRECTORY ${PROJECT_BINARY_DIR}/packages)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
set(CPACK_THREADS 0)
set(CPACK_COMPONENTS_ALL runtime tools development) # not "python", which its wheel takes
string(TOLOWER "lancekit-${PROJECT_VERSION}-${CMAKE_SYSTEM_NAME}-${CMAKE_SYSTEM_PROCESSOR}" CPACK_PACKAGE_FILE_NAME)

# What install rules do not do: stage.cmake finishes each tree before it is packed.
set(CPACK_PRE_BUILD_SCRIPTS ${CMAKE_CURRENT_LIST_DIR}/stage.cmake)
set(CPACK_POST_BUILD_SCRIPTS ${CMAKE_CURRENT_LIST_DIR}/sums.cmake)
set(CPACK_LANCEKIT_PACKAGING_DIR ${CMAKE_CURRENT_LIST_DIR})
set(CPACK_LANCEKIT_LIBDIR ${CMAKE_INSTALL_LIBDIR})
set(CPACK_LANCEKIT_STRIP ${CMAKE_STRIP})
if(TARGET ArrowWheel::arrow)
  set(CPACK_LANCEKIT_ARROW_WHEEL ${ArrowWheel_DIR})
endif()

set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_PACKAGE_SOURCE lancekit)
set(CPACK_DEBIAN_PACKAGE_SECTION utils)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)

set(CPACK_DEBIAN_TOOLS_PACKAGE_NAME lancekit-tools)
set(CPACK_DEBIAN_TOOLS_PACKAGE_SUGGESTS liblancekit-dev)
# dpkg-shlibdeps finds Arrow's libraries in the package.
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS ./usr/${CMAKE_INSTALL_LIBDIR}/lancekit)
set(CPACK_COMPONENT_TOOLS_DESCRIPTION "inspect, convert and search Lance files and datasets
lance-inspect shows what is in a Lance file or dataset and finds damage,
lance-convert turns Parquet, CSV, JSON lines and Arrow IPC into Lance and
back, lance-index searches vectors by an HNSW index beside the table.")

set(CPACK_DEBIAN_RUNTIME_PACKAGE_NAME liblancekit0)
set(CPACK_DEBIAN_RUNTIME_PACKAGE_SECTION libs)
if(LANCEKIT_PACKS_RELOCATIONS)
  set(CPACK_DEBIAN_RUNTIME_PACKAGE_DEPENDS "libc6 (>= 2.36)") # dpkg-shlibdeps does not see that
endif()
# CPack adds scripts that call ldconfig; policy wants the trigger.
set(CPACK_DEBIAN_RUNTIME_PACKAGE_CONTROL_EXTRA ${PROJECT_BINARY_DIR}/debian/shlibs ${PROJECT_BINARY_DIR}/debian/triggers)
set(CPACK_COMPONENT_RUNTIME_DESCRIPTION "reader and writer of the Lance columnar format
The shared libraries for C++ and C: tables in Lance files and datasets are
read, filtered, written and verified; vectors are searched by an HNSW index.")

set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_NAME liblancekit-dev)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_DEPENDS "liblancekit0 (= ${PROJECT_VERSION}-${CPACK_DEBIAN_PACKAGE_RELEASE})")
set(CPACK_COMPONENT_DEVELOPMENT_DESCRIPTION "reader and writer of the Lance columnar format (development)
Headers of the C++17 and the C interface, the CMake package LanceKit and the
pkg-config files lancekit and lancekit_c.")

foreach(name lancekit lancekit_index lancekit_c)
  string(APPEND shlibs "lib${name} 0 liblancekit0 (>= ${PROJECT_VERSION})\n")
endforeach()
file(WRITE ${PROJECT_BINARY_DIR}/debian/shlibs "${shlibs}")
file(WRITE ${PROJECT_BINARY_DIR}/debian/triggers "activate-noawait ldconfig\n")

include(CPack)
