// Weights for a model without a file: see quant/random.h for the rule.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "tensor/dtype.h"
#include "tensor/quant/random.h"

namespace rocmforge {

// Values of a mean near 0 and a standard deviation of 1 / sqrt(cols), within 5 %: a row's product
// with values of deviation 1 then has deviation 1 too. Not for kI32 (checked).
quant::RandomRule random_rule(DType type, std::int64_t cols);

// One tensor's seed, of a model's.
std::uint64_t random_seed(std::uint64_t seed, std::string_view tensor);

// Whole blocks from number `first_block` on; `out` needs no alignment.
void fill_random(const quant::RandomRule& rule, std::uint64_t seed, std::int64_t first_block,
                 std::span<std::byte> out);

}  // namespace rocmforge
