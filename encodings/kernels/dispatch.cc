#include "encodings/kernels/dispatch.h"

namespace lancekit::kernels {

namespace baseline {
extern const KernelTable kTable;
}
#if defined(__x86_64__)
namespace avx2 {
extern const KernelTable kTable;
}
namespace avx512 {
extern const KernelTable kTable;
}
#endif

const KernelTable* TableFor(CpuLevel level) noexcept {
  switch (level) {
    case CpuLevel::kBaseline:
      return &baseline::kTable;
#if defined(__x86_64__)
    case CpuLevel::kAvx2:
      return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2") ? &avx2::kTable : nullptr;
    case CpuLevel::kAvx512:
      return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
                     __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512vbmi2") &&
                     __builtin_cpu_supports("gfni") && __builtin_cpu_supports("bmi2")
                 ? &avx512::kTable
                 : nullptr;
#endif
    default:
      return nullptr;
  }
}

const KernelTable& ActiveTable() noexcept {
  static const KernelTable* const kBest = [] {
    const KernelTable* best = nullptr;
    for (CpuLevel level : kAllCpuLevels) {
      if (const KernelTable* table = TableFor(level)) best = table;
    }
    return best;
  }();
  return *kBest;
}

}  // namespace lancekit::kernels
