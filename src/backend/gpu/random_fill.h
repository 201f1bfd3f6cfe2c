// Made-up weights, filled in on the device: the same bytes as tensor/random.h makes on the host.
#pragma once

#include <cstdint>

#include "backend/gpu/driver/api.h"
#include "backend/gpu/ops/launch.h"
#include "tensor/dtype.h"

namespace rocmforge::gpu {

inline constexpr const char* kRandomKernel = "random_blocks";

struct RandomFill {
  DType dtype = DType::kF32;
  std::int64_t cols = 0;  // of the tensor's rows
  std::uint64_t seed = 0;
  std::int64_t first_block = 0, n_blocks = 0;  // of the tensor, row after row
  DeviceAddress to = 0;                        // gets them in the file's layout
};

// `kernel` is kRandomKernel. Returns when it is given to the stream.
void fill_random(Api& api, FunctionHandle kernel, const RandomFill& fill, const ArchInfo& arch,
                 StreamHandle stream);

}  // namespace rocmforge::gpu
