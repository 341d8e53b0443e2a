// Symbol visibility of the public API.
#pragma once

#if defined(_WIN32)
#define LANCEKIT_EXPORT
#else
#define LANCEKIT_EXPORT __attribute__((visibility("default")))
#endif
