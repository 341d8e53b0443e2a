#define LANCEKIT_LEVEL baseline
#define LANCEKIT_VECTOR_BYTES 16
#include "encodings/kernels/level_kernels.h"
