#include "backend/gpu/random_fill.h"

#include <algorithm>
#include <span>

#include "backend/gpu/ops/random_args.h"
#include "tensor/random.h"

namespace rocmforge::gpu {
namespace {

constexpr std::int64_t kThreads = 256;  // device/random.hip: kRandomThreads
constexpr std::int64_t kGroupsPerUnit = 16;

}  // namespace

void fill_random(Api& api, FunctionHandle kernel, const RandomFill& fill, const ArchInfo& arch,
                 StreamHandle stream) {
  const std::int64_t groups = std::clamp<std::int64_t>((fill.n_blocks + kThreads - 1) / kThreads, 1,
                                                       kGroupsPerUnit * arch.n_units);
  const RandomArgs args{.out = reinterpret_cast<u8*>(fill.to),
                        .seed = fill.seed,
                        .first_block = fill.first_block,
                        .n_blocks = fill.n_blocks,
                        .rule = random_rule(fill.dtype, fill.cols),
                        .grid = {static_cast<i32>(groups), 1}};
  LaunchShape shape;
  shape.grid[0] = static_cast<std::uint32_t>(groups);
  shape.block[0] = static_cast<std::uint32_t>(kThreads);
  api.launch(kernel, shape, std::as_bytes(std::span(&args, 1)), stream);
}

}  // namespace rocmforge::gpu
