// What a whole file can be quantized to: one type, or a mixture.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "tensor/dtype.h"

namespace rocmforge::quantize {

// Named by their main type, and S, M, L where it has several mixtures.
enum class Mixture : std::uint8_t {
  kPlain,  // the main type, but of the output matrix
  kQ2_K_S,
  kQ2_K,
  kQ3_K_S,
  kQ3_K_M,
  kQ3_K_L,
  kQ4_K_S,
  kQ4_K_M,
  kQ5_K_S,
  kQ5_K_M,
  kIQ4,           // IQ4_NL and IQ4_XS
  kMXFP4Experts,  // Q8_0 but for experts
};

struct FileType {
  std::string_view name;
  DType type;  // of most matrices
  Mixture mixture = Mixture::kPlain;
  // general.file_type, by llama.cpp's numbers; none where it has none.
  std::optional<std::uint32_t> number;
  std::string_view alias;  // a shorter name, or empty
};

std::span<const FileType> file_types();
// By name or alias, in any case, or by llama.cpp's number; null when unknown.
const FileType* find_file_type(std::string_view name);
// "F32, F16, ...", with aliases, for messages.
std::string file_type_names();

}  // namespace rocmforge::quantize
