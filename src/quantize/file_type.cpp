#include "quantize/file_type.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>

namespace rocmforge::quantize {
namespace {

// Numbers: llama_ftype of llama.cpp's llama.h.
constexpr std::array kTypes = {
    FileType{"F32", DType::kF32, Mixture::kPlain, 0, ""},
    FileType{"F16", DType::kF16, Mixture::kPlain, 1, ""},
    FileType{"BF16", DType::kBF16, Mixture::kPlain, 32, ""},
    FileType{"Q8_0", DType::kQ8_0, Mixture::kPlain, 7, ""},
    FileType{"Q4_0", DType::kQ4_0, Mixture::kPlain, 2, ""},
    FileType{"Q4_1", DType::kQ4_1, Mixture::kPlain, 3, ""},
    FileType{"Q5_0", DType::kQ5_0, Mixture::kPlain, 8, ""},
    FileType{"Q5_1", DType::kQ5_1, Mixture::kPlain, 9, ""},
    FileType{"Q2_K_S", DType::kQ2_K, Mixture::kQ2_K_S, 21, ""},
    FileType{"Q2_K", DType::kQ2_K, Mixture::kQ2_K, 10, ""},
    FileType{"Q3_K_S", DType::kQ3_K, Mixture::kQ3_K_S, 11, ""},
    FileType{"Q3_K_M", DType::kQ3_K, Mixture::kQ3_K_M, 12, "Q3_K"},
    FileType{"Q3_K_L", DType::kQ3_K, Mixture::kQ3_K_L, 13, ""},
    FileType{"Q4_K_S", DType::kQ4_K, Mixture::kQ4_K_S, 14, ""},
    FileType{"Q4_K_M", DType::kQ4_K, Mixture::kQ4_K_M, 15, "Q4_K"},
    FileType{"Q5_K_S", DType::kQ5_K, Mixture::kQ5_K_S, 16, ""},
    FileType{"Q5_K_M", DType::kQ5_K, Mixture::kQ5_K_M, 17, "Q5_K"},
    FileType{"Q6_K", DType::kQ6_K, Mixture::kPlain, 18, ""},
    FileType{"IQ4_NL", DType::kIQ4_NL, Mixture::kIQ4, 25, ""},
    FileType{"IQ4_XS", DType::kIQ4_XS, Mixture::kIQ4, 30, ""},
    FileType{"MXFP4", DType::kMXFP4, Mixture::kPlain, 38, ""},
    FileType{"MXFP4_MOE", DType::kMXFP4, Mixture::kMXFP4Experts, 38, ""},
    FileType{"MXFP6_E2M3", DType::kMXFP6_E2M3, Mixture::kPlain, std::nullopt, ""},
    FileType{"MXFP6_E3M2", DType::kMXFP6_E3M2, Mixture::kPlain, std::nullopt, ""},
};

bool same_but_case(std::string_view a, std::string_view b) {
  return std::ranges::equal(
      a, b, [](unsigned char x, unsigned char y) { return std::toupper(x) == std::toupper(y); });
}

}  // namespace

std::span<const FileType> file_types() {
  return kTypes;
}

const FileType* find_file_type(std::string_view name) {
  if (name.empty()) return nullptr;
  std::uint32_t number = 0;
  const char* end = name.data() + name.size();
  const auto [stop, error] = std::from_chars(name.data(), end, number);
  const bool is_number = error == std::errc() && stop == end;
  const auto is_named = [&](const FileType& type) {
    if (is_number) return type.number == number;
    return same_but_case(name, type.name) || same_but_case(name, type.alias);
  };
  // The last of a number: llama.cpp's of MXFP4 means experts alone.
  const auto found = std::find_if(kTypes.rbegin(), kTypes.rend(), is_named);
  return found == kTypes.rend() ? nullptr : &*found;
}

std::string file_type_names() {
  std::string out;
  for (const FileType& type : kTypes) {
    if (!out.empty()) out += ", ";
    out += type.name;
    if (!type.alias.empty()) out += " (" + std::string(type.alias) + ")";
  }
  return out;
}

}  // namespace rocmforge::quantize
