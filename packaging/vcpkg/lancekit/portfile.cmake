# An overlay port that builds the tree in which it lies: vcpkg install lancekit --overlay-ports=packaging/vcpkg
get_filename_component(SOURCE_PATH "${CMAKE_CURRENT_LIST_DIR}/../../.." ABSOLUTE)
vcpkg_find_acquire_program(PKGCONFIG)
vcpkg_cmake_configure(
    SOURCE_PATH "${SOURCE_PATH}"
    OPTIONS
        -DLANCEKIT_BUILD_TOOLS=OFF
        -DLANCEKIT_BUILD_TESTS=OFF
        -DLANCEKIT_BUILD_BENCH=OFF
        "-DFLATC=${CURRENT_HOST_INSTALLED_DIR}/tools/flatbuffers/flatc"
        "-DPKG_CONFIG_EXECUTABLE=${PKGCONFIG}"
)
vcpkg_cmake_install()
vcpkg_cmake_config_fixup(PACKAGE_NAME LanceKit CONFIG_PATH lib/cmake/LanceKit)
vcpkg_fixup_pkgconfig()
file(REMOVE_RECURSE "${CURRENT_PACKAGES_DIR}/debug/include")
vcpkg_install_copyright(FILE_LIST "${SOURCE_PATH}/packaging/copyright")
