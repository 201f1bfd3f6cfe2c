// paged_attention_<kv type>_<greatest head_dim>: see paged_attention.h.
#include "backend/gpu/device/arch/arch.h"
#include "backend/gpu/device/paged_attention.h"

namespace rocmforge::gpu {

RF_KERNEL(kAttentionThreads) paged_attention_f16_128(PagedAttentionArgs a) {
  paged_attention<Arch, f16, 128>(a);
}
RF_KERNEL(kAttentionThreads) paged_attention_f16_256(PagedAttentionArgs a) {
  paged_attention<Arch, f16, 256>(a);
}
RF_KERNEL(kAttentionThreads) paged_attention_f16_1024(PagedAttentionArgs a) {
  paged_attention<Arch, f16, 1024>(a);
}
RF_KERNEL(kAttentionThreads) paged_attention_f32_128(PagedAttentionArgs a) {
  paged_attention<Arch, float, 128>(a);
}
RF_KERNEL(kAttentionThreads) paged_attention_f32_256(PagedAttentionArgs a) {
  paged_attention<Arch, float, 256>(a);
}
RF_KERNEL(kAttentionThreads) paged_attention_f32_1024(PagedAttentionArgs a) {
  paged_attention<Arch, float, 1024>(a);
}

}  // namespace rocmforge::gpu
