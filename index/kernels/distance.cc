#include "index/kernels/distance.h"

namespace lancekit::kernels {

namespace baseline {
extern const DistanceTable kDistances;
}
#if defined(__x86_64__)
namespace avx2 {
extern const DistanceTable kDistances;
}
namespace avx512 {
extern const DistanceTable kDistances;
}
#endif

const DistanceTable* DistancesFor(DistanceLevel level) noexcept {
  switch (level) {
    case DistanceLevel::kBaseline:
      return &baseline::kDistances;
#if defined(__x86_64__)
    case DistanceLevel::kAvx2:
      return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c") ? &avx2::kDistances
                                                                                                               : nullptr;
    case DistanceLevel::kAvx512:
      return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vnni")
                 ? &avx512::kDistances
                 : nullptr;
#endif
    default:
      return nullptr;
  }
}

const DistanceTable& Distances() noexcept {
  static const DistanceTable* const kBest = [] {
    const DistanceTable* best = nullptr;
    for (const DistanceLevel level : kAllDistanceLevels) {
      if (const DistanceTable* const table = DistancesFor(level)) best = table;
    }
    return best;
  }();
  return *kBest;
}

}  // namespace lancekit::kernels
