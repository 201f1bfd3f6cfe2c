#include "model/hyper_params.h"

#include "model/key_reader.h"
#include "model/rope_params.h"

namespace rocmforge::model {
namespace {

constexpr std::uint64_t kMaxLayers = 4096;
constexpr std::uint64_t kMaxHeadDim = 1024;  // what attention's tiles are made for

}  // namespace

HyperParams read_hyper_params(const gguf::File& file, ir::RopeKind rope_kind) {
  const KeyReader read(file);
  refuse_unknown_arithmetic(read);
  warn_of_unknown_keys(read);

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

  if (p.n_heads % p.n_kv_heads != 0) {
    read.fail(ErrorCode::kFormat, "attention.head_count_kv",
              "is " + std::to_string(p.n_kv_heads) + ", which does not divide head_count, " +
                  std::to_string(p.n_heads));
  }
  if (!read.has("attention.key_length") && p.dim % p.n_heads != 0) {
    read.fail(ErrorCode::kFormat, "attention.head_count",
              "is " + std::to_string(p.n_heads) + ", which does not divide embedding_length, " +
                  std::to_string(p.dim));
  }
  p.head_dim = read.extent_or("attention.key_length", kMaxHeadDim, p.dim / p.n_heads);
  if (p.head_dim > static_cast<std::int32_t>(kMaxHeadDim)) {
    read.fail(ErrorCode::kUnsupported, "attention.head_count",
              "makes heads of " + std::to_string(p.head_dim) + " dimensions, over " +
                  std::to_string(kMaxHeadDim));
  }
  const std::int32_t v_dim = read.extent_or("attention.value_length", kMaxExtent, p.head_dim);
  if (v_dim != p.head_dim) {
    read.fail(
        ErrorCode::kUnsupported, "attention.value_length",
        "is " + std::to_string(v_dim) + ", other than the keys' " + std::to_string(p.head_dim));
  }
  if (std::int64_t{p.n_heads} * p.head_dim > std::int64_t{kMaxExtent}) {
    read.fail(ErrorCode::kFormat, "attention.head_count", "times the head size is huge");
  }
  p.rope = read_rope_params(read, rope_kind, p.head_dim, p.n_ctx_train);

  const gguf::TensorInfo* embedding = file.find_tensor("token_embd.weight");
  if (embedding == nullptr) {
    throw Error(ErrorCode::kFormat,
                "[model] " + file.path() + ": token_embd.weight: tensor is missing");
  }
  if (embedding->shape.rank() != 2 || embedding->shape[0] > std::int64_t{kMaxExtent}) {
    throw Error(ErrorCode::kFormat, "[model] " + file.path() + ": token_embd.weight: has shape " +
                                        to_string(embedding->shape) +
                                        ", not [vocabulary, embedding]");
  }
  p.n_vocab = static_cast<std::int32_t>(embedding->shape[0]);
  return p;
}

}  // namespace rocmforge::model
