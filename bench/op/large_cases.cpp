#include "op/large_cases.h"

#include <algorithm>
#include <string>
#include <vector>

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

// Attention of an 8B Llama, as its engine cuts it on a GPU, in as many layers one after the other
// as hide what else a run costs; each layer has a KV state of its own.
Case attention(const std::string& kind, std::int32_t n_sequences, std::int32_t past,
               std::int32_t n_new) {
  constexpr std::int32_t kHeads = 32, kKvHeads = 8, kHeadDim = 128;
  constexpr std::int64_t kElements = 200 << 20;  // of KV states together
  const std::string name = "large/paged_attention/" + kind;
  const std::int64_t of_layer =
      std::int64_t{2} * kKvHeads * kHeadDim * n_sequences * (past + n_new);
  const auto n_layers = static_cast<std::int32_t>(
      std::clamp<std::int64_t>(kElements / of_layer, 1, n_new > 1 ? 4 : 16));
  const std::int32_t n_splits = n_new > 1 ? 1 : std::clamp((past + n_new) / 64, 1, 32);
  return {name, [=] {
            Maker m(name);
            m.sequences(std::vector<optest::SequenceSpec>(static_cast<std::size_t>(n_sequences),
                                                          {past, n_new}),
                        {.n_kv_heads = kKvHeads,
                         .head_dim = kHeadDim,
                         .item_rows = 32,
                         .n_splits = n_splits,
                         .n_layers = n_layers,
                         .n_random = 1000003});
            const ir::Value q = m.data(kHeads * kHeadDim), k = m.data(kKvHeads * kHeadDim),
                            v = m.data(kKvHeads * kHeadDim);
            ir::Value y = q;
            for (std::int32_t layer = 0; layer < n_layers; ++layer) {
              ir::Value kv = m.g().kv_state(layer);
              y = m.g().paged_attention(y, k, v, kv, {kHeads, kKvHeads, kHeadDim, 0.09F});
            }
            return m.finish(y);
          }};
}

}  // namespace

std::vector<Case> large_cases() {
  std::vector<Case> out;
  for (const DType dtype : kAllDTypes) {
    if (info(dtype).encode == nullptr) continue;
    for (const std::int32_t n : {1, 8, 128}) out.push_back(matmul(dtype, n));
  }
  for (const std::int32_t depth : {0, 4096, 16384}) {
    out.push_back(attention("prompt_512_at_" + std::to_string(depth), 1, depth, 512));
  }
  for (const std::int32_t depth : {512, 4096, 16384}) {
    for (const std::int32_t n : {1, 8, 32}) {
      if (n * depth > 32 * 4096) continue;  // too much memory for the host to fill
      out.push_back(
          attention("decode_" + std::to_string(n) + "_at_" + std::to_string(depth), n, depth, 1));
    }
  }
  return out;
}

}  // namespace rocmforge::bench
