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

# Man pages, and the completion scripts that the programs print.
foreach(program lance-inspect lance-index lance-convert)
  if(TARGET ${program})
    install(FILES man/${program}.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
  endif()
  if(TARGET ${program} AND NOT CMAKE_CROSSCOMPILING)
    set(scripts ${PROJECT_BINARY_DIR}/completions/${program})
    add_custom_command(OUTPUT ${scripts}.bash ${scripts}.zsh ${scripts}.fish
      COMMAND ${CMAKE_COMMAND} -E make_directory ${PROJECT_BINARY_DIR}/completions
      COMMAND ${program} completion bash > ${scripts}.bash
      COMMAND ${program} completion zsh > ${scripts}.zsh
      COMMAND ${program} completion fish > ${scripts}.fish
      DEPENDS ${program} VERBATIM)
    add_custom_target(${program}-completions ALL DEPENDS ${scripts}.bash)
    install(FILES ${scripts}.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME ${program})
    install(FILES ${scripts}.zsh DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions RENAME _${program})
    install(FILES ${scripts}.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)
  endif()
endforeach()
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
