// Rows of weights that no file holds, made up in memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "backend/device.h"
#include "base/function_ref.h"
#include "base/thread_pool.h"
#include "tensor/random.h"

namespace rocmforge::cpu {

struct RandomRows {
  quant::RandomRule rule;
  std::uint64_t seed = 0;
  std::int64_t bytes = 0;            // whole blocks
  const std::byte** rows = nullptr;  // where to say where they lie
};

// Fills them all, on all threads of the pool; they live as long as the buffer. Null for none.
// `progress` as in backend::WeightSource. Error{kOutOfMemory} when more is wanted than is
// available.
std::unique_ptr<backend::Buffer> make_random_rows(
    const std::vector<RandomRows>& all, ThreadPool& pool,
    FunctionRef<bool(std::int64_t, std::int64_t)> progress);

}  // namespace rocmforge::cpu
