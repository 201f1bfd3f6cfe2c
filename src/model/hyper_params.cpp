#include "model/hyper_params.h"

#include <array>
#include <cmath>

#include "base/error.h"

namespace rocmforge::model {
namespace {

// Far above any model, far below what overflows a product of two.
constexpr std::uint64_t kMaxLayers = 4096;
constexpr std::uint64_t kMaxExtent = 1u << 24;
constexpr std::uint64_t kMaxHeadDim = 1024;  // what attention's tiles are made for

[[noreturn]] void fail(const gguf::File& file, ErrorCode code, const std::string& key,
                       const std::string& why) {
  throw Error(code, "[model] " + file.path() + ": " + key + ": " + why);
}

class Reader {
 public:
  explicit Reader(const gguf::File& file) : file_(file) {
    const auto architecture = file.get_string("general.architecture");
    if (!architecture) fail(file, ErrorCode::kFormat, "general.architecture", "is missing");
    prefix_ = std::string(*architecture) + ".";
  }

  std::string key(std::string_view suffix) const { return prefix_ + std::string(suffix); }

  std::int32_t extent(std::string_view suffix, std::uint64_t most) const {
    const auto value = scalar(suffix);
    if (!value) fail(file_, ErrorCode::kFormat, key(suffix), "is missing");
    return checked(suffix, *value, most);
  }
  std::int32_t extent_or(std::string_view suffix, std::uint64_t most, std::int32_t other) const {
    const auto value = scalar(suffix);
    return value ? checked(suffix, *value, most) : other;
  }
  double positive_or(std::string_view suffix, double other) const {
    const double value = file_.get_f64(key(suffix)).value_or(other);
    if (!std::isfinite(value) || value <= 0) {
      fail(file_, ErrorCode::kFormat, key(suffix),
           "is " + std::to_string(value) + ", must be a finite number above 0");
    }
    return value;
  }
  double positive(std::string_view suffix) const {
    if (file_.find(key(suffix)) == nullptr) {
      fail(file_, ErrorCode::kFormat, key(suffix), "is missing");
    }
    return positive_or(suffix, 0);
  }

 private:
  // An integer, or an array (one entry a layer) whose entries agree.
  std::optional<std::uint64_t> scalar(std::string_view suffix) const {
    const gguf::KeyValue* kv = file_.find(key(suffix));
    if (kv == nullptr || kv->type != gguf::ValueType::kArray) return file_.get_u64(key(suffix));
    const auto values = *file_.get_ints(key(suffix));
    if (values.empty()) fail(file_, ErrorCode::kFormat, key(suffix), "is an empty array");
    for (const std::int64_t v : values) {
      if (v != values.front()) {
        fail(file_, ErrorCode::kUnsupported, key(suffix),
             "differs from layer to layer, which is not supported");
      }
    }
    if (values.front() < 0) fail(file_, ErrorCode::kFormat, key(suffix), "is negative");
    return static_cast<std::uint64_t>(values.front());
  }
  std::int32_t checked(std::string_view suffix, std::uint64_t value, std::uint64_t most) const {
    if (value == 0 || value > most) {
      fail(file_, ErrorCode::kFormat, key(suffix),
           "is " + std::to_string(value) + ", must be from 1 to " + std::to_string(most));
    }
    return static_cast<std::int32_t>(value);
  }

  const gguf::File& file_;
  std::string prefix_;
};

// Keys that change the arithmetic and are not implemented: refused unless they say "off".
void refuse_unknown_arithmetic(const gguf::File& file, const Reader& read) {
  constexpr std::array kMustBeZero = {"expert_count",
                                      "expert_used_count",
                                      "attention.sliding_window",
                                      "attention.clamp_kqv",
                                      "attention.max_alibi_bias",
                                      "attn_logit_softcapping",
                                      "final_logit_softcapping",
                                      "logit_scale",
                                      "residual_scale",
                                      "embedding_scale",
                                      "attention.scale",
                                      "leading_dense_block_count",
                                      "pooling_type"};
  for (const char* suffix : kMustBeZero) {
    const auto value = file.get_f64(read.key(suffix));
    if (value && *value != 0) {
      fail(file, ErrorCode::kUnsupported, read.key(suffix),
           "is " + std::to_string(*value) + ", which is not supported");
    }
  }
  for (const char* suffix : {"rope.dimension_sections", "attention.sliding_window_pattern"}) {
    if (file.find(read.key(suffix)) != nullptr) {
      fail(file, ErrorCode::kUnsupported, read.key(suffix), "is not supported");
    }
  }
  if (file.get_bool(read.key("attention.causal")) == false) {
    fail(file, ErrorCode::kUnsupported, read.key("attention.causal"), "false is not supported");
  }
  if (file.get_bool(read.key("use_parallel_residual")) == true) {
    fail(file, ErrorCode::kUnsupported, read.key("use_parallel_residual"), "is not supported");
  }
}

void read_rope(const gguf::File& file, const Reader& read, HyperParams& p) {
  RopeParams& rope = p.rope;
  rope.n_rot = read.extent_or("rope.dimension_count", kMaxExtent, p.head_dim);
  if (rope.n_rot > p.head_dim || rope.n_rot % 2 != 0) {
    fail(file, ErrorCode::kFormat, read.key("rope.dimension_count"),
         "is " + std::to_string(rope.n_rot) + ", must be even and at most the head size, " +
             std::to_string(p.head_dim));
  }
  rope.base = read.positive_or("rope.freq_base", 10000);

  // Old files have rope.scale_linear alone; newer ones a type and a factor.
  const std::string type(file.get_string(read.key("rope.scaling.type")).value_or(""));
  if (!type.empty() && type != "none" && type != "linear") {
    fail(file, ErrorCode::kUnsupported, read.key("rope.scaling.type"),
         "is \"" + type + "\"; supported are none and linear");
  }
  if (type == "linear") {
    rope.scale = 1 / read.positive("rope.scaling.factor");
  } else if (type.empty() && file.find(read.key("rope.scale_linear")) != nullptr) {
    rope.scale = 1 / read.positive("rope.scale_linear");
  } else if (type.empty() && file.find(read.key("rope.scaling.factor")) != nullptr) {
    rope.scale = 1 / read.positive("rope.scaling.factor");
  }
  if (file.find_tensor("rope_freqs.weight") != nullptr) rope.factors = "rope_freqs.weight";
}

}  // namespace

HyperParams read_hyper_params(const gguf::File& file, ir::RopeKind rope_kind) {
  const Reader read(file);
  refuse_unknown_arithmetic(file, read);

  HyperParams p;
  p.architecture = *file.get_string("general.architecture");
  p.name = file.get_string("general.name").value_or("");
  p.n_layers = read.extent("block_count", kMaxLayers);
  p.dim = read.extent("embedding_length", kMaxExtent);
  p.n_heads = read.extent("attention.head_count", kMaxExtent);
  p.n_kv_heads = read.extent_or("attention.head_count_kv", kMaxExtent, p.n_heads);
  p.n_ff = read.extent("feed_forward_length", kMaxExtent);
  p.n_ctx_train = read.extent("context_length", kMaxExtent * 4);
  p.norm_eps = static_cast<float>(read.positive("attention.layer_norm_rms_epsilon"));
  p.rope.kind = rope_kind;

  if (p.n_heads % p.n_kv_heads != 0) {
    fail(file, ErrorCode::kFormat, read.key("attention.head_count_kv"),
         "is " + std::to_string(p.n_kv_heads) + ", which does not divide head_count, " +
             std::to_string(p.n_heads));
  }
  if (file.find(read.key("attention.key_length")) == nullptr && p.dim % p.n_heads != 0) {
    fail(file, ErrorCode::kFormat, read.key("attention.head_count"),
         "is " + std::to_string(p.n_heads) + ", which does not divide embedding_length, " +
             std::to_string(p.dim));
  }
  p.head_dim = read.extent_or("attention.key_length", kMaxHeadDim, p.dim / p.n_heads);
  if (p.head_dim > static_cast<std::int32_t>(kMaxHeadDim)) {
    fail(file, ErrorCode::kUnsupported, read.key("attention.head_count"),
         "makes heads of " + std::to_string(p.head_dim) + " dimensions, over " +
             std::to_string(kMaxHeadDim));
  }
  const std::int32_t v_dim = read.extent_or("attention.value_length", kMaxExtent, p.head_dim);
  if (v_dim != p.head_dim) {
    fail(file, ErrorCode::kUnsupported, read.key("attention.value_length"),
         "is " + std::to_string(v_dim) + ", other than the keys' " + std::to_string(p.head_dim));
  }
  if (std::int64_t{p.n_heads} * p.head_dim > std::int64_t{kMaxExtent}) {
    fail(file, ErrorCode::kFormat, read.key("attention.head_count"), "times the head size is huge");
  }
  read_rope(file, read, p);

  const gguf::TensorInfo* embedding = file.find_tensor("token_embd.weight");
  if (embedding == nullptr) {
    fail(file, ErrorCode::kFormat, "token_embd.weight", "tensor is missing");
  }
  if (embedding->shape.rank() != 2 || embedding->shape[0] > std::int64_t{kMaxExtent}) {
    fail(file, ErrorCode::kFormat, "token_embd.weight",
         "has shape " + to_string(embedding->shape) + ", not [vocabulary, embedding]");
  }
  p.n_vocab = static_cast<std::int32_t>(embedding->shape[0]);
  return p;
}

}  // namespace rocmforge::model
