// Looks for weights that are no numbers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "tensor/dtype.h"

namespace rocmforge {

// The first of some whole blocks (elements, of plain types) that holds a NaN or an infinity; -1:
// none does. Of quantized types it reads the scales alone, where their place is known.
std::int64_t first_not_finite(DType type, std::span<const std::byte> blocks);

}  // namespace rocmforge
