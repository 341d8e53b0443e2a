#define LANCEKIT_LEVEL avx512
#define LANCEKIT_VECTOR_BYTES 64
#define LANCEKIT_ANY_WIDTH 0
#include "encodings/kernels/level_kernels.h"
