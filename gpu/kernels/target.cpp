#include "gpu/kernels/kernels.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "gpu/kernels/target.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace troupe::gpu::kernels::HWY_NAMESPACE {
const char* name_of_target() {
  return hwy::TargetName(HWY_TARGET);
}
}  // namespace troupe::gpu::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace troupe::gpu::kernels {
HWY_EXPORT(name_of_target);
const char* target_name() {
  return HWY_DYNAMIC_DISPATCH(name_of_target)();
}
}  // namespace troupe::gpu::kernels
#endif
