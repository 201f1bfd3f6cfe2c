// Element types. To add one: quant/<type>.h with its block layout and codec, an enumerator here,
// and a row of the table in dtype.cpp.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace rocmforge {

// In the order of the table; kMXFP4 stays the last.
enum class DType : std::uint8_t {
  kF32,
  kF16,
  kBF16,
  kI32,
  kQ4_0,
  kQ4_1,
  kQ5_0,
  kQ5_1,
  kQ8_0,
  kQ2_K,
  kQ3_K,
  kQ4_K,
  kQ5_K,
  kQ6_K,
  kIQ4_NL,
  kIQ4_XS,
  kMXFP6_E2M3,
  kMXFP6_E3M2,
  kMXFP4
};

inline constexpr auto kAllDTypes = [] {
  std::array<DType, static_cast<std::size_t>(DType::kMXFP4) + 1> all{};
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<DType>(i);
  return all;
}();

inline constexpr std::size_t kNumDTypes = kAllDTypes.size();

struct DTypeInfo {
  DType type;
  std::string_view name;     // as llama.cpp spells it: "Q4_0", "F16"
  std::uint32_t gguf_id;     // ggml's type number in a GGUF tensor table
  std::int64_t block_elems;  // elements a block; 1 for plain types
  std::int64_t block_bytes;  // bytes a block
  // Scalar reference codec over whole rows: n_elems is a multiple of block_elems; `blocks` needs no
  // alignment. encode rounds to nearest and is deterministic; of values that are not finite or
  // beyond the scale's range it makes some block, never a fault. Null for kI32.
  void (*decode)(const std::byte* blocks, float* out, std::int64_t n_elems);
  void (*encode)(const float* in, std::byte* blocks, std::int64_t n_elems);

  bool is_quantized() const { return block_elems > 1; }
};

const DTypeInfo& info(DType type);
inline std::string_view to_string(DType type) {
  return info(type).name;
}
std::optional<DType> dtype_from_gguf(std::uint32_t gguf_id);
// Whether a type id is one of ours, in 0x52460000 to 0x5246ffff ("RF" in the upper half), which
// ggml's numbers, counted from 0, do not reach: docs/formats.md.
constexpr bool is_private_gguf_id(std::uint32_t gguf_id) {
  return gguf_id >> 16 == 0x5246;
}
// Name in any case; nullopt when unknown.
std::optional<DType> dtype_from_name(std::string_view name);
// What ggml calls a type number, also one that we cannot run ("IQ2_XXS"); empty when unknown.
// Types that ggml has removed keep their names ("Q4_2"); ours have theirs.
std::string_view gguf_type_name(std::uint32_t gguf_id);
// Whether ggml had a type of that number and has it no more.
bool is_removed_gguf_type(std::uint32_t gguf_id);

// Bytes of `n_elems` elements, a multiple of the block (checked).
std::int64_t bytes_of(DType type, std::int64_t n_elems);

}  // namespace rocmforge
