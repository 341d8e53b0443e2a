#define LANCEKIT_LEVEL baseline
#define LANCEKIT_VECTOR_BYTES 16
#define LANCEKIT_ANY_WIDTH 1
#define LANCEKIT_ENCODE_TOKENS nullptr
#define LANCEKIT_ENCODE_FSST nullptr
#include "encodings/kernels/level_kernels.h"
