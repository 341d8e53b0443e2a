# Install rules: library, public headers, programs, the CMake package LanceKit and the .pc files, as three components: runtime, tools
# and development. The installed tree can be moved. The test install_consumer builds a project against the result.
include(CMakePackageConfigHelpers)

# What only lancekit's own programs and libraries need: Arrow C++ of the wheel, and in the archive the libraries that a system may lack.
set(private_dir ${CMAKE_INSTALL_LIBDIR}/lancekit)
file(RELATIVE_PATH bin_to_private ${CMAKE_INSTALL_FULL_BINDIR} ${CMAKE_INSTALL_FULL_LIBDIR}/lancekit)

install(TARGETS lancekit lancekit_index lancekit_c EXPORT LanceKitTargets
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT runtime NAMELINK_COMPONENT development
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT development)
set_target_properties(lancekit lancekit_index lancekit_c PROPERTIES INSTALL_RPATH "$ORIGIN;$ORIGIN/lancekit")
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/lancekit DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT development)

# The programs, their man pages, and the completion scripts that they print.
foreach(program lance-inspect lance-index lance-convert)
  if(TARGET ${program})
    install(TARGETS ${program} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT tools)
    set_target_properties(${program} PROPERTIES INSTALL_RPATH "$ORIGIN/${bin_to_private}")
    install(FILES man/${program}.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 COMPONENT tools)
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
    install(FILES ${scripts}.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions COMPONENT tools RENAME ${program})
    install(FILES ${scripts}.zsh DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions COMPONENT tools RENAME _${program})
    install(FILES ${scripts}.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d COMPONENT tools)
  endif()
endforeach()
# A system's Arrow is found where it was found now, the wheel's is brought along.
if(TARGET lance-convert AND TARGET ArrowWheel::arrow)
  install(IMPORTED_RUNTIME_ARTIFACTS ArrowWheel::arrow ArrowWheel::parquet LIBRARY DESTINATION ${private_dir} COMPONENT tools)
elseif(TARGET lance-convert)
  set_target_properties(lance-convert PROPERTIES INSTALL_RPATH_USE_LINK_PATH ON)
endif()

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/LanceKit)
install(EXPORT LanceKitTargets NAMESPACE LanceKit:: DESTINATION ${package_dir} COMPONENT development)
configure_package_config_file(cmake/LanceKitConfig.cmake.in ${PROJECT_BINARY_DIR}/LanceKitConfig.cmake
  INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/LanceKitConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/LanceKitConfig.cmake ${PROJECT_BINARY_DIR}/LanceKitConfigVersion.cmake
  DESTINATION ${package_dir} COMPONENT development)

# The .pc files find their prefix from their own place, so that an installed tree can be moved.
set(pc_dir ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
if(URING_FOUND)
  set(pc_uring -luring)
endif()
file(RELATIVE_PATH pc_prefix /${pc_dir} /)
foreach(name lancekit lancekit_c)
  configure_file(cmake/${name}.pc.in ${PROJECT_BINARY_DIR}/${name}.pc @ONLY)
  install(FILES ${PROJECT_BINARY_DIR}/${name}.pc DESTINATION ${pc_dir} COMPONENT development)
endforeach()
