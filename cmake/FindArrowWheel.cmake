# Arrow C++ and Parquet out of a pyarrow wheel, which carries their headers and shared libraries.
#
# Looks in the virtual environment ARROW_WHEEL_VENV (default: .venv in the project). Sets ArrowWheel_FOUND,
# ArrowWheel_VERSION and ArrowWheel_DIR, and defines ArrowWheel::arrow and ArrowWheel::parquet.
set(ARROW_WHEEL_VENV "${PROJECT_SOURCE_DIR}/.venv" CACHE PATH "Virtual environment that holds pyarrow")

file(GLOB _arrow_wheel_candidates "${ARROW_WHEEL_VENV}/lib/python3*/site-packages/pyarrow")
find_path(ArrowWheel_DIR include/arrow/api.h PATHS ${_arrow_wheel_candidates} NO_DEFAULT_PATH)

# The wheel has no libarrow.so link, only the versioned names.
if(ArrowWheel_DIR)
  file(GLOB _arrow_wheel_arrow "${ArrowWheel_DIR}/libarrow.so.*")
  file(GLOB _arrow_wheel_parquet "${ArrowWheel_DIR}/libparquet.so.*")
  file(STRINGS "${ArrowWheel_DIR}/include/arrow/util/config.h" _arrow_wheel_version REGEX "define ARROW_VERSION_STRING")
  string(REGEX MATCH "[0-9]+\\.[0-9]+\\.[0-9]+" ArrowWheel_VERSION "${_arrow_wheel_version}")
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(ArrowWheel
  REQUIRED_VARS ArrowWheel_DIR _arrow_wheel_arrow _arrow_wheel_parquet VERSION_VAR ArrowWheel_VERSION)

if(ArrowWheel_FOUND AND NOT TARGET ArrowWheel::arrow)
  foreach(_arrow_wheel_name arrow parquet)
    add_library(ArrowWheel::${_arrow_wheel_name} SHARED IMPORTED GLOBAL)
    set_target_properties(ArrowWheel::${_arrow_wheel_name} PROPERTIES
      IMPORTED_LOCATION "${_arrow_wheel_${_arrow_wheel_name}}"
      INTERFACE_INCLUDE_DIRECTORIES "${ArrowWheel_DIR}/include"
      # The wheel is built with libstdc++'s new string and list.
      INTERFACE_COMPILE_DEFINITIONS _GLIBCXX_USE_CXX11_ABI=1)
  endforeach()
  set_property(TARGET ArrowWheel::parquet PROPERTY INTERFACE_LINK_LIBRARIES ArrowWheel::arrow)
endif()
