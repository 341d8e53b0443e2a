# The programs run where no library is installed but the C library.
set(CMAKE_FIND_LIBRARY_SUFFIXES .a)
