// What a model file says of its shape; read and checked here and nowhere else.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "gguf/file.h"
#include "ir/ops.h"

namespace rocmforge::model {

// YaRN (arXiv:2309.00071, section 3.2): pairs that turn more than beta_fast times within the
// original context keep their frequency, those below beta_slow are scaled as by linear scaling, and
// those between are blended.
struct YarnParams {
  double beta_fast = 32;
  double beta_slow = 1;
  std::int32_t n_ctx_original = 0;
};

// Angles of the rotary embedding: position * scale / (base^(2i/n_rot) * factors[i]), i < n_rot/2;
// with yarn, `scale` is 1 for some of the pairs and between for others.
struct RopeParams {
  ir::RopeKind kind = ir::RopeKind::kNorm;
  std::int32_t n_rot = 0;
  double base = 10000;
  double scale = 1;  // 1 / rope.scaling.factor
  std::optional<YarnParams> yarn = {};
  double magnitude = 1;      // of the rotated dimensions: yarn's attention factor
  std::string factors = {};  // tensor F32 [n_rot / 2] of the frequencies' divisors; empty: all 1
};

struct HyperParams {
  std::string architecture;
  std::string name;  // general.name, or empty
  std::int32_t n_layers = 0;
  std::int32_t dim = 0;  // of the residual stream
  std::int32_t n_heads = 0;
  std::int32_t n_kv_heads = 0;
  std::int32_t head_dim = 0;
  std::int32_t n_ff = 0;
  std::int32_t n_vocab = 0;  // rows of the token embedding
  std::int32_t n_ctx_train = 0;
  float norm_eps = 0;
  RopeParams rope;

  std::int32_t q_dim() const { return n_heads * head_dim; }
  std::int32_t kv_dim() const { return n_kv_heads * head_dim; }
};

// Reads `<architecture>.*` keys. Errors name file and key: kFormat for a value that is missing, of
// the wrong type, zero, huge or at odds with another; kUnsupported for one that changes the
// arithmetic in a way that is not implemented.
HyperParams read_hyper_params(const gguf::File& file, ir::RopeKind rope_kind);

}  // namespace rocmforge::model
