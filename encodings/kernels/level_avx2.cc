#define LANCEKIT_LEVEL avx2
#define LANCEKIT_VECTOR_BYTES 32
#define LANCEKIT_ANY_WIDTH 0
#define LANCEKIT_ENCODE_TOKENS nullptr
#define LANCEKIT_ENCODE_FSST nullptr
#include "encodings/kernels/level_kernels.h"
