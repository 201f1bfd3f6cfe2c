// Names the format of a file that is no GGUF, for the message that refuses it.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace rocmforge::gguf {

// "a safetensors file"; empty when not recognised.
std::string_view other_format(std::span<const std::byte> bytes);

}  // namespace rocmforge::gguf
