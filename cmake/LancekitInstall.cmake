# Install rules: library, public headers, programs, the CMake package LanceKit and the .pc files. The test install_consumer
# builds a project against the result.
include(CMakePackageConfigHelpers)

install(TARGETS lancekit lancekit_index lancekit_c EXPORT LanceKitTargets
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
  RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/lancekit DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})

if(TARGET lance-inspect)
  install(TARGETS lance-inspect lance-index RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()
# lance-convert (its folder installs it) keeps using the wheel's libraries; CMake itself leaves out paths inside the project.
if(TARGET lance-convert AND ArrowWheel_DIR)
  set_target_properties(lance-convert PROPERTIES INSTALL_RPATH "${ArrowWheel_DIR}")
endif()

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/LanceKit)
install(EXPORT LanceKitTargets NAMESPACE LanceKit:: DESTINATION ${package_dir})
configure_package_config_file(cmake/LanceKitConfig.cmake.in ${PROJECT_BINARY_DIR}/LanceKitConfig.cmake
  INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/LanceKitConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/LanceKitConfig.cmake ${PROJECT_BINARY_DIR}/LanceKitConfigVersion.cmake
  DESTINATION ${package_dir})

# The .pc files find their prefix from their own place, so that an installed tree can be moved.
set(pc_dir ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
if(URING_FOUND)
  set(pc_uring -luring)
endif()
file(RELATIVE_PATH pc_prefix /${pc_dir} /)
foreach(name lancekit lancekit_c)
  configure_file(cmake/${name}.pc.in ${PROJECT_BINARY_DIR}/${name}.pc @ONLY)
  install(FILES ${PROJECT_BINARY_DIR}/${name}.pc DESTINATION ${pc_dir})
endforeach()
