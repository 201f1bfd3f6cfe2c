#include "op/large_cases.h"

#include <string>

#include "op/maker.h"

namespace rocmforge::bench {
namespace {

using optest::Case;
using optest::Maker;

constexpr std::int64_t kDim = 4096;
constexpr std::int64_t kWeightBytes = 256 << 20;  // of all weights of a graph together

// n rows through different [kDim, kDim] weights of one type, each to its own result.
Case matmul(DType dtype, std::int32_t n) {
  const std::string name =
      "large/matmul/" + std::string(to_string(dtype)) + "/" + std::to_string(n) + "x4096x4096";
  return {name, [=] {
            Maker m(name, n);
            const ir::Value x = m.data(kDim);
            const auto first = static_cast<std::size_t>(m.weight(kDim, {{dtype, kDim}}));
            const std::int64_t count = kWeightBytes / bytes_of(dtype, kDim * kDim);
            ir::Value y = m.g().matmul(static_cast<ir::WeightId>(first), x);
            for (std::int64_t i = 1; i < count; ++i) {
              // Random values once: the others are of the same bytes in other places.
              const ir::WeightId id = m.weight_like(static_cast<ir::WeightId>(first));
              y = m.g().matmul(id, x);
            }
            return m.finish(y);
          }};
}

Case attention(const std::string& kind, std::int32_t past, std::int32_t n_new) {
  const std::string name = "large/paged_attention/" + kind;
  return {name, [=] {
            Maker m(name);
            m.sequences({{past, n_new}}, {.n_kv_heads = 8, .head_dim = 128, .n_splits = 4});
            ir::Value kv = m.g().kv_state(0);
            const ir::Value q = m.data(32 * 128), k = m.data(8 * 128), v = m.data(8 * 128);
            return m.finish(m.g().paged_attention(q, k, v, kv, {32, 8, 128, 0.09F}));
          }};
}

}  // namespace

std::vector<Case> large_cases() {
  std::vector<Case> out;
  for (const DType dtype : kAllDTypes) {
    if (info(dtype).encode == nullptr) continue;
    for (const std::int32_t n : {1, 8, 128}) out.push_back(matmul(dtype, n));
  }
  out.push_back(attention("decode_at_8000", 8000, 1));
  out.push_back(attention("prompt_of_512", 0, 512));
  return out;
}

}  // namespace rocmforge::bench
