#include "model/rope_params.h"

#include <cmath>

namespace rocmforge::model {
namespace {

constexpr const char* kFactors = "rope_freqs.weight";

// How much longer contexts are than the original ones: 1 where positions are not scaled.
double scaling_factor(const KeyReader& read, const std::string& type) {
  if (type == "none" || type == "llama3") return 1;
  if (read.has("rope.scaling.factor")) return read.positive("rope.scaling.factor");
  // Files of before there were types.
  if (read.has("rope.scale_linear")) return read.positive("rope.scale_linear");
  return type.empty() ? 1 : read.positive("rope.scaling.factor");  // refuses: it is missing
}

YarnParams read_yarn(const KeyReader& read, double base, std::int32_t n_ctx_train) {
  YarnParams yarn;
  yarn.beta_fast = read.positive_or("rope.scaling.yarn_beta_fast", yarn.beta_fast);
  yarn.beta_slow = read.positive_or("rope.scaling.yarn_beta_slow", yarn.beta_slow);
  yarn.n_ctx_original =
      read.extent_or("rope.scaling.original_context_length", kMaxExtent * 4, n_ctx_train);
  if (base <= 1) {
    read.fail(ErrorCode::kFormat, "rope.freq_base",
              "is " + to_text(base) + ", must be above 1 with yarn");
  }
  // Below 0: not set. Others are of variants of yarn that no model here has.
  const double extrapolation = read.number("rope.scaling.yarn_ext_factor").value_or(1);
  if (!(extrapolation < 0) && extrapolation != 1) {
    read.fail(ErrorCode::kUnsupported, "rope.scaling.yarn_ext_factor",
              "is " + to_text(extrapolation) + "; supported is 1");
  }
  const double attention = read.number("rope.scaling.yarn_attn_factor").value_or(1);
  if (attention != 1) {
    read.fail(ErrorCode::kUnsupported, "rope.scaling.yarn_attn_factor",
              "is " + to_text(attention) + "; supported is 1");
  }
  return yarn;
}

}  // namespace

RopeParams read_rope_params(const KeyReader& read, ir::RopeKind kind, std::int32_t head_dim,
                            std::int32_t n_ctx_train) {
  RopeParams rope{.kind = kind};
  rope.n_rot = read.extent_or("rope.dimension_count", kMaxExtent, head_dim);
  if (rope.n_rot > head_dim || rope.n_rot % 2 != 0) {
    read.fail(ErrorCode::kFormat, "rope.dimension_count",
              "is " + std::to_string(rope.n_rot) + ", must be even and at most the head size, " +
                  std::to_string(head_dim));
  }
  rope.base = read.positive_or("rope.freq_base", rope.base);
  if (read.file().find_tensor(kFactors) != nullptr) rope.factors = kFactors;

  const std::string type = read.text("rope.scaling.type");
  if (!type.empty() && type != "none" && type != "linear" && type != "llama3" && type != "yarn") {
    read.fail(ErrorCode::kUnsupported, "rope.scaling.type",
              "is \"" + type + "\"; supported are none, linear, llama3 and yarn");
  }
  if (type == "llama3" && rope.factors.empty()) {
    read.fail(
        ErrorCode::kFormat, "rope.scaling.type",
        std::string("is llama3, whose factors are the tensor ") + kFactors + ", which is missing");
  }
  const double factor = scaling_factor(read, type);
  rope.scale = 1 / factor;
  rope.magnitude = read.positive_or("rope.scaling.attn_factor", 1);
  if (type == "yarn") {
    rope.yarn = read_yarn(read, rope.base, n_ctx_train);
    // Equation 22 of the paper: attention's temperature, as a length of queries and keys.
    if (factor > 1) rope.magnitude *= 1 + 0.1 * std::log(factor);
  }
  return rope;
}

}  // namespace rocmforge::model
