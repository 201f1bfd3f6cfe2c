#include "support/tiny_model.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <random>

#include "base/counters.h"
#include "gguf/reader.h"

namespace rocmforge::test {
namespace {

class Maker {
 public:
  Maker(const TinyModel& shape, gguf::Writer& out) : shape_(shape), out_(out), bits_(shape.seed) {}

  void matrix(const std::string& stem, std::int64_t rows, std::int64_t cols) {
    const float spread = 2 / std::sqrt(static_cast<float>(cols));
    add(stem + ".weight", shape_.matrix, Shape{rows, cols}, 0, spread);
    const bool is_qkv = stem.ends_with("attn_q") || stem.ends_with("attn_k") ||
                        stem.ends_with("attn_v") || stem.ends_with("attn_qkv");
    if ((shape_.biases && stem.starts_with("blk.")) || (shape_.qkv_biases && is_qkv)) {
      add(stem + ".bias", DType::kF32, Shape{rows}, 0, 0.1f);
    }
  }
  void attention(const std::string& b, std::int64_t head_dim) {
    const std::int64_t q_dim = head_dim * shape_.n_heads, kv_dim = head_dim * shape_.n_kv_heads;
    if (shape_.fused_qkv) {
      matrix(b + "attn_qkv", q_dim + 2 * kv_dim, shape_.dim);
    } else {
      matrix(b + "attn_q", q_dim, shape_.dim);
      matrix(b + "attn_k", kv_dim, shape_.dim);
      matrix(b + "attn_v", kv_dim, shape_.dim);
    }
    if (shape_.qk_norms) {
      gain(b + "attn_q_norm", head_dim);
      gain(b + "attn_k_norm", head_dim);
    }
    matrix(b + "attn_output", shape_.dim, q_dim);
    if (shape_.post_norms) gain(b + "post_attention_norm", shape_.dim);
  }
  void feed_forward(const std::string& b) {
    gain(b + "ffn_norm", shape_.dim);
    if (!shape_.fused_gate_up) matrix(b + "ffn_gate", shape_.n_ff, shape_.dim);
    matrix(b + "ffn_up", shape_.n_ff * (shape_.fused_gate_up ? 2 : 1), shape_.dim);
    matrix(b + "ffn_down", shape_.dim, shape_.n_ff);
    if (shape_.post_norms) gain(b + "post_ffw_norm", shape_.dim);
  }
  void gain(const std::string& stem, std::int64_t size) {
    add(stem + ".weight", DType::kF32, Shape{size}, 1, 0.1f);
  }
  void add(const std::string& name, DType dtype, const Shape& shape, float centre, float spread) {
    std::vector<float> values(static_cast<std::size_t>(shape.n_elems()));
    for (float& v : values) {
      // Not std::uniform_real_distribution, whose results differ between libraries.
      v = centre + spread * (static_cast<float>(bits_() >> 40) * 0x1p-23f - 1);
    }
    std::vector<std::byte> bytes(static_cast<std::size_t>(bytes_of(dtype, shape.n_elems())));
    info(dtype).encode(values.data(), bytes.data(), shape.n_elems());
    out_.add_tensor(name, dtype, shape, std::move(bytes));
  }

 private:
  const TinyModel& shape_;
  gguf::Writer& out_;
  std::mt19937_64 bits_;
};

void add_vocabulary(gguf::Writer& out) {
  std::vector<std::string> tokens = {"<unk>", "<s>", "</s>"};
  std::vector<std::int32_t> types = {2, 3, 3};
  for (int byte = 0; byte < 256; ++byte) {
    char text[8];
    std::snprintf(text, sizeof text, "<0x%02X>", byte);
    tokens.emplace_back(text);
    types.push_back(6);
  }
  tokens.emplace_back("\xe2\x96\x81");  // the space mark
  for (char c = 'a'; c <= 'z'; ++c) tokens.emplace_back(1, c);
  for (const char* word : {"he", "ll", "\xe2\x96\x81he", "\xe2\x96\x81hell"}) {
    tokens.emplace_back(word);
  }
  types.resize(tokens.size(), 1);
  std::vector<float> scores(tokens.size(), 0);
  for (std::size_t i = 259; i < tokens.size(); ++i) scores[i] = static_cast<float>(i) - 1000;

  out.add_string("tokenizer.ggml.model", "llama");
  out.add_strings("tokenizer.ggml.tokens", tokens);
  out.add_f32s("tokenizer.ggml.scores", scores);
  out.add_i32s("tokenizer.ggml.token_type", types);
  out.add_u32("tokenizer.ggml.unknown_token_id", 0);
  out.add_u32("tokenizer.ggml.bos_token_id", 1);
  out.add_u32("tokenizer.ggml.eos_token_id", 2);
}

}  // namespace

gguf::Writer tiny_model(const TinyModel& s) {
  gguf::Writer out;
  const std::string prefix = s.architecture + ".";
  const auto u32 = [&](const std::string& key, std::int32_t value) {
    out.add_u32(prefix + key, static_cast<std::uint32_t>(value));
  };
  out.add_string("general.architecture", s.architecture);
  out.add_string("general.name", "tiny");
  u32("block_count", s.n_layers);
  u32("context_length", s.n_ctx);
  u32("embedding_length", s.dim);
  u32("feed_forward_length", s.n_ff);
  u32("attention.head_count", s.n_heads);
  u32("attention.head_count_kv", s.n_kv_heads);
  out.add_f32(prefix + "attention.layer_norm_rms_epsilon", 1e-5f);
  out.add_f32(prefix + "rope.freq_base", 10000.0f);
  if (s.head_dim > 0) {
    u32("attention.key_length", s.head_dim);
    u32("attention.value_length", s.head_dim);
  }
  if (s.n_rot > 0) u32("rope.dimension_count", s.n_rot);
  add_vocabulary(out);

  Maker make(s, out);
  const std::int64_t head_dim = s.head_dim > 0 ? s.head_dim : s.dim / s.n_heads;
  make.matrix("token_embd", kTinyVocab, s.dim);
  for (std::int32_t layer = 0; layer < s.n_layers; ++layer) {
    const std::string b = "blk." + std::to_string(layer) + ".";
    make.gain(b + "attn_norm", s.dim);
    make.attention(b, head_dim);
    make.feed_forward(b);
  }
  make.gain("output_norm", s.dim);
  if (!s.tied) make.matrix("output", kTinyVocab, s.dim);
  if (s.rope_freqs) make.add("rope_freqs.weight", DType::kF32, Shape{head_dim / 2}, 2, 1);
  return out;
}

TinyModel tiny_shape(const std::string& architecture) {
  TinyModel s{.architecture = architecture};
  if (architecture == "qwen2") s.qkv_biases = true;
  if (architecture == "qwen3") {
    s.head_dim = 32;
    s.qk_norms = true;
    s.tied = true;
  }
  if (architecture == "chatglm") {
    s.n_rot = 8;
    s.qkv_biases = true;
    s.fused_qkv = true;
    s.fused_gate_up = true;
  }
  if (architecture == "glm4") {
    s.n_rot = 8;
    s.fused_gate_up = true;
    s.post_norms = true;
  }
  return s;
}

gguf::Writer edited(const gguf::Writer& model, const std::vector<std::string>& left_out,
                    const std::function<void(gguf::Writer&)>& then) {
  Counters ignored;
  const std::vector<std::byte> bytes = model.bytes();
  const gguf::File file = gguf::parse(bytes, "model to edit", ignored);
  const auto kept = [&](std::string_view name) {
    return std::find(left_out.begin(), left_out.end(), name) == left_out.end();
  };
  gguf::Writer out;
  for (const gguf::KeyValue& kv : file.metadata()) {
    if (kept(kv.key)) out.add(kv);
  }
  for (const gguf::TensorInfo& t : file.tensors()) {
    const auto data = file.data(t);
    if (kept(t.name)) out.add_tensor(t.name, t.dtype, t.shape, {data.begin(), data.end()});
  }
  if (then) then(out);
  return out;
}

std::string write_tiny_model(const std::string& path, const TinyModel& shape) {
  tiny_model(shape).write(path);
  return path;
}

std::string write_chat_model(const std::string& path, const std::string& source,
                             const TinyModel& shape) {
  edited(tiny_model(shape), {}, [&](gguf::Writer& w) {
    w.add_string("tokenizer.chat_template", source);
  }).write(path);
  return path;
}

}  // namespace rocmforge::test
