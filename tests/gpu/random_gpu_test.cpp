// Made-up weights on the first GPU: byte for byte what the host makes.
#include <gtest/gtest.h>

#include <vector>

#include "backend/gpu/kernels.h"
#include "backend/gpu/random_fill.h"
#include "gpu/found.h"
#include "tensor/random.h"

namespace rocmforge::gpu {
namespace {

TEST(RandomFill, IsTheHosts) {
  ROCMFORGE_NEED_GPU();
  const FoundDevice& found = *test::first_gpu();
  Counters counters;
  found.api->set_device(found.properties.ordinal);
  const auto context = std::make_shared<Context>(Context{.api = found.api,
                                                         .properties = found.properties,
                                                         .counters = counters,
                                                         .setup = make_stream(*found.api)});
  Kernels kernels(context);
  const ArchInfo arch = arch_info(found.properties.target, found.properties.n_units);
  Api& api = context->enter();
  for (const DType type : kAllDTypes) {
    if (type == DType::kI32) continue;
    // Block numbers beyond 32 bits too.
    for (const std::int64_t first : {std::int64_t{0}, std::int64_t{77}, std::int64_t{1} << 33}) {
      constexpr std::int64_t kBlocks = 100'003;
      const std::int64_t bytes = kBlocks * info(type).block_bytes;
      const DeviceMemory memory = allocate(*context, bytes, "made-up blocks");
      fill_random(api, kernels.find(kRandomKernel),
                  {.dtype = type,
                   .cols = 4096,
                   .seed = 0x123456789ABCDEF0,
                   .first_block = first,
                   .n_blocks = kBlocks,
                   .to = memory.address()},
                  arch, context->setup.get());
      std::vector<std::byte> got(static_cast<std::size_t>(bytes)), want(got.size());
      api.copy_to_host(got.data(), memory.address(), bytes, context->setup.get());
      api.wait(context->setup.get());
      rocmforge::fill_random(random_rule(type, 4096), 0x123456789ABCDEF0, first, want);
      EXPECT_TRUE(got == want) << to_string(type) << " from block " << first;
    }
  }
}

}  // namespace
}  // namespace rocmforge::gpu
