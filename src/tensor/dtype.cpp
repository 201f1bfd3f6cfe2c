#include "tensor/dtype.h"

#include <algorithm>
#include <cctype>
#include <cstring>

#include "base/check.h"
#include "tensor/quant/bf16.h"
#include "tensor/quant/f16.h"
#include "tensor/quant/f32.h"
#include "tensor/quant/iq4_nl.h"
#include "tensor/quant/iq4_xs.h"
#include "tensor/quant/mxfp4.h"
#include "tensor/quant/mxfp6.h"
#include "tensor/quant/q2_k.h"
#include "tensor/quant/q3_k.h"
#include "tensor/quant/q4_0.h"
#include "tensor/quant/q4_1.h"
#include "tensor/quant/q4_k.h"
#include "tensor/quant/q5_0.h"
#include "tensor/quant/q5_1.h"
#include "tensor/quant/q5_k.h"
#include "tensor/quant/q6_k.h"
#include "tensor/quant/q8_0.h"

namespace rocmforge {
namespace {

// The copies let blocks lie at any address.
template <class Q>
void decode_blocks(const std::byte* blocks, float* out, std::int64_t n_elems) {
  check(n_elems % Q::kElems == 0, "decode: whole blocks only");
  for (std::int64_t i = 0; i < n_elems; i += Q::kElems) {
    typename Q::Block block;
    std::memcpy(&block, blocks + i / Q::kElems * static_cast<std::int64_t>(sizeof(block)),
                sizeof(block));
    Q::decode(block, out + i);
  }
}

template <class Q>
void encode_blocks(const float* in, std::byte* blocks, std::int64_t n_elems) {
  check(n_elems % Q::kElems == 0, "encode: whole blocks only");
  for (std::int64_t i = 0; i < n_elems; i += Q::kElems) {
    typename Q::Block block;
    Q::encode(in + i, block);
    std::memcpy(blocks + i / Q::kElems * static_cast<std::int64_t>(sizeof(block)), &block,
                sizeof(block));
  }
}

template <class Q>
constexpr DTypeInfo row(DType type) {
  return {type,
          Q::kName,
          Q::kGgufId,
          Q::kElems,
          sizeof(typename Q::Block),
          decode_blocks<Q>,
          encode_blocks<Q>};
}

constexpr std::array<DTypeInfo, kAllDTypes.size()> kTable = {
    row<quant::F32>(DType::kF32),
    row<quant::F16>(DType::kF16),
    row<quant::BF16>(DType::kBF16),
    DTypeInfo{DType::kI32, "I32", 26, 1, 4, nullptr, nullptr},
    row<quant::Q4_0>(DType::kQ4_0),
    row<quant::Q4_1>(DType::kQ4_1),
    row<quant::Q5_0>(DType::kQ5_0),
    row<quant::Q5_1>(DType::kQ5_1),
    row<quant::Q8_0>(DType::kQ8_0),
    row<quant::Q2_K>(DType::kQ2_K),
    row<quant::Q3_K>(DType::kQ3_K),
    row<quant::Q4_K>(DType::kQ4_K),
    row<quant::Q5_K>(DType::kQ5_K),
    row<quant::Q6_K>(DType::kQ6_K),
    row<quant::IQ4_NL>(DType::kIQ4_NL),
    row<quant::IQ4_XS>(DType::kIQ4_XS),
    row<quant::MXFP6_E2M3>(DType::kMXFP6_E2M3),
    row<quant::MXFP6_E3M2>(DType::kMXFP6_E3M2),
    row<quant::MXFP4>(DType::kMXFP4),
};

constexpr bool in_order() {
  for (std::size_t i = 0; i < kTable.size(); ++i) {
    if (kTable[i].type != kAllDTypes[i] || kTable[i].block_bytes == 0) return false;
  }
  return true;
}
static_assert(in_order(), "the table has one row a type, in the order of the enumerators");

// By ggml's numbers (enum ggml_type), the removed ones among them.
constexpr std::array<std::string_view, 43> kGgmlNames = {
    "F32",   "F16",        "Q4_0",       "Q4_1",       "Q4_2",     "Q4_3",     "Q5_0",
    "Q5_1",  "Q8_0",       "Q8_1",       "Q2_K",       "Q3_K",     "Q4_K",     "Q5_K",
    "Q6_K",  "Q8_K",       "IQ2_XXS",    "IQ2_XS",     "IQ3_XXS",  "IQ1_S",    "IQ4_NL",
    "IQ3_S", "IQ2_S",      "IQ4_XS",     "I8",         "I16",      "I32",      "I64",
    "F64",   "IQ1_M",      "BF16",       "Q4_0_4_4",   "Q4_0_4_8", "Q4_0_8_8", "TQ1_0",
    "TQ2_0", "IQ4_NL_4_4", "IQ4_NL_4_8", "IQ4_NL_8_8", "MXFP4",    "NVFP4",    "Q1_0",
    "Q2_0"};

}  // namespace

const DTypeInfo& info(DType type) {
  const auto index = static_cast<std::size_t>(type);
  check(index < kTable.size(), "not a DType");
  return kTable[index];
}

std::optional<DType> dtype_from_gguf(std::uint32_t gguf_id) {
  for (const DTypeInfo& entry : kTable) {
    if (entry.gguf_id == gguf_id) return entry.type;
  }
  return std::nullopt;
}

std::optional<DType> dtype_from_name(std::string_view name) {
  const auto same = [](char a, char b) {
    return std::toupper(static_cast<unsigned char>(a)) ==
           std::toupper(static_cast<unsigned char>(b));
  };
  for (const DTypeInfo& entry : kTable) {
    if (std::equal(name.begin(), name.end(), entry.name.begin(), entry.name.end(), same)) {
      return entry.type;
    }
  }
  return std::nullopt;
}

std::string_view gguf_type_name(std::uint32_t gguf_id) {
  if (gguf_id < kGgmlNames.size()) return kGgmlNames[gguf_id];
  const std::optional<DType> ours = dtype_from_gguf(gguf_id);
  return ours ? info(*ours).name : std::string_view{};
}

bool is_removed_gguf_type(std::uint32_t gguf_id) {
  constexpr std::array<std::uint32_t, 8> kRemoved = {4, 5, 31, 32, 33, 36, 37, 38};
  return std::find(kRemoved.begin(), kRemoved.end(), gguf_id) != kRemoved.end();
}

std::int64_t bytes_of(DType type, std::int64_t n_elems) {
  const DTypeInfo& entry = info(type);
  check(n_elems >= 0 && n_elems % entry.block_elems == 0, "bytes_of: whole blocks only");
  std::int64_t bytes = 0;
  check(!__builtin_mul_overflow(n_elems / entry.block_elems, entry.block_bytes, &bytes),
        "bytes_of: more than 63 bits");
  return bytes;
}

}  // namespace rocmforge
