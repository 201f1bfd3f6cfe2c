// Paged attention by matrix units, for architectures that have them: see attention_few.h and
// attention_many.h. Names end in the KV type and head_dim.
#include "backend/gpu/device/arch/arch.h"
#include "backend/gpu/device/attention_few.h"
#include "backend/gpu/device/attention_many.h"

namespace rocmforge::gpu {

RF_KERNEL(kFewThreads) paged_attention_few_f16_64(PagedAttentionArgs a) {
  attention_few<Arch, 64>(a);
}
RF_KERNEL(kFewThreads) paged_attention_few_f16_96(PagedAttentionArgs a) {
  attention_few<Arch, 96>(a);
}
RF_KERNEL(kFewThreads) paged_attention_few_f16_128(PagedAttentionArgs a) {
  attention_few<Arch, 128>(a);
}

RF_KERNEL(kManyThreads) paged_attention_many_f16_64(PagedAttentionArgs a) {
  attention_many<Arch, 64>(a);
}
RF_KERNEL(kManyThreads) paged_attention_many_f16_96(PagedAttentionArgs a) {
  attention_many<Arch, 96>(a);
}
RF_KERNEL(kManyThreads) paged_attention_many_f16_128(PagedAttentionArgs a) {
  attention_many<Arch, 128>(a);
}

}  // namespace rocmforge::gpu
