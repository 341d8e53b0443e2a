// Version of the library; CMake checks that it equals the project's.
#pragma once

#define LANCEKIT_VERSION "0.1.0"
#define LANCEKIT_VERSION_MAJOR 0
#define LANCEKIT_VERSION_MINOR 1
#define LANCEKIT_VERSION_PATCH 0
