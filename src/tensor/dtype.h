// Element types. One row of the table in dtype.cpp a type; its block layout and codec are in
// quant/<type>.h.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace rocmforge {

enum class DType : std::uint8_t { kF32, kF16, kBF16, kI32, kQ4_0, kQ4_1, kQ8_0, kQ6_K, kMXFP4 };

inline constexpr std::array kAllDTypes = {DType::kF32,  DType::kF16,  DType::kBF16,
                                          DType::kI32,  DType::kQ4_0, DType::kQ4_1,
                                          DType::kQ8_0, DType::kQ6_K, DType::kMXFP4};

inline constexpr std::size_t kNumDTypes = kAllDTypes.size();

struct DTypeInfo {
  DType type;
  std::string_view name;     // as llama.cpp spells it: "Q4_0", "F16"
  std::uint32_t gguf_id;     // ggml's type number in a GGUF tensor table
  std::int64_t block_elems;  // elements a block; 1 for plain types
  std::int64_t block_bytes;  // bytes a block
  // Scalar reference codec over whole rows: n_elems is a multiple of block_elems; neither pointer
  // needs alignment. encode rounds to nearest and is deterministic. Null for kI32.
  void (*decode)(const std::byte* blocks, float* out, std::int64_t n_elems);
  void (*encode)(const float* in, std::byte* blocks, std::int64_t n_elems);

  bool is_quantized() const { return block_elems > 1; }
};

const DTypeInfo& info(DType type);
inline std::string_view to_string(DType type) {
  return info(type).name;
}
std::optional<DType> dtype_from_gguf(std::uint32_t gguf_id);
// Name in any case; nullopt when unknown.
std::optional<DType> dtype_from_name(std::string_view name);
// What ggml calls a type number, also one that we cannot run ("IQ2_XXS"); empty when unknown.
std::string_view gguf_type_name(std::uint32_t gguf_id);

// Bytes of `n_elems` elements, a multiple of the block (checked).
std::int64_t bytes_of(DType type, std::int64_t n_elems);

}  // namespace rocmforge
