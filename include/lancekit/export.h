// Symbol visibility of the public API, and of the little that the library beside this one, liblancekit_index, takes from it.
#pragma once

#if defined(_WIN32)
#define LANCEKIT_EXPORT
#else
#define LANCEKIT_EXPORT __attribute__((visibility("default")))
#endif
