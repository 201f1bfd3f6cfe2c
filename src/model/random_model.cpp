#include "model/random_model.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstring>
#include <numbers>

#include "base/error.h"
#include "gguf/reader.h"
#include "gguf/writer.h"
#include "tensor/random.h"

namespace rocmforge::model {
namespace {

constexpr std::uint64_t kSeed = 0;

[[noreturn]] void refuse(std::string_view spec, const std::string& why) {
  throw Error(ErrorCode::kUsage, "[model] " + std::string(spec) + ": " + why);
}

template <class Items, class Name>
std::string list(const Items& items, Name name) {
  std::string out;
  for (const auto& item : items) {
    if (!out.empty()) out += ", ";
    out += name(item);
  }
  return out;
}

std::string block_name(std::int32_t layer) {
  std::string out = "blk.";
  out.append(std::to_string(layer)).push_back('.');
  return out;
}

RandomShape find_shape(std::string_view spec, std::string_view name) {
  const auto& shapes = random_shapes();
  const auto found = std::ranges::find(shapes, name, &RandomShape::name);
  if (found != shapes.end()) return *found;
  refuse(spec, "there is no shape \"" + std::string(name) + "\"; shapes are " +
                   list(shapes, [](const RandomShape& s) { return s.name; }));
}

DType find_type(std::string_view spec, std::string_view name) {
  const std::vector<DType> types = random_types();
  const auto type = dtype_from_name(name);
  if (type && std::ranges::find(types, *type) != types.end()) return *type;
  refuse(spec, "there is no weight type \"" + std::string(name) + "\"; types are " +
                   list(types, [](DType t) { return to_string(t); }));
}

// "ffn_down" or "blk.3.ffn_down" -> every matrix that it means.
std::vector<std::string> find_matrices(std::string_view spec, const RandomShape& shape,
                                       std::string_view name) {
  const bool is_global = name == "token_embd" || name == "output";
  if (name == "output" && shape.is_tied) {
    refuse(spec, std::string(shape.name) + " has no output matrix, it uses token_embd");
  }
  if (is_global) return {std::string(name)};
  std::vector<std::string> out;
  for (std::int32_t i = 0; i < shape.n_layers; ++i) {
    const std::string block = block_name(i);
    for (const std::string_view matrix : random_matrices()) {
      if (matrix == "token_embd" || matrix == "output") continue;
      if (matrix == "ffn_gate" && shape.fused_gate_up) continue;
      const std::string full = block + std::string(matrix);
      if (name == matrix || name == full) out.push_back(full);
    }
  }
  if (out.empty()) {
    refuse(spec, "there is no matrix \"" + std::string(name) + "\"; matrices are " +
                     list(random_matrices(), [](std::string_view m) { return m; }) +
                     ", or of one layer, blk.0.attn_q");
  }
  return out;
}

// "layers=2": more or fewer than the shape has.
std::int32_t find_layers(std::string_view spec, std::string_view text) {
  constexpr std::int32_t kMostLayers = 512;
  std::int32_t n = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
  if (error != std::errc{} || end != text.data() + text.size() || n < 1 || n > kMostLayers) {
    refuse(spec, "layers=" + std::string(text) + " is not a number from 1 to " +
                     std::to_string(kMostLayers));
  }
  return n;
}

// What llama-quantize makes of the output matrix where the others become `type`.
DType output_type(DType type) {
  if (!info(type).is_quantized()) return type;
  const bool is_mx = info(type).name.starts_with("MXFP");
  return type == DType::kQ8_0 || is_mx ? DType::kQ8_0 : DType::kQ6_K;
}

// The rule of Llama 3.1: wavelengths above 8192 positions are stretched by `scale`, those below a
// quarter of it stay, and those between are blended. A factor divides its frequency.
std::vector<float> rope_factors(const RandomShape& shape) {
  constexpr double kLong = 8192, kShort = kLong / 4;
  std::vector<float> out;
  for (std::int32_t i = 0; i < shape.head_dim() / 2; ++i) {
    const double frequency = std::pow(shape.rope_base, -2.0 * i / shape.head_dim());
    const double wavelength = 2 * std::numbers::pi / frequency;
    const double kept = std::clamp((kLong / wavelength - 1) / (kLong / kShort - 1), 0.0, 1.0);
    out.push_back(static_cast<float>(1 / ((1 - kept) / shape.rope_scale + kept)));
  }
  return out;
}

class HeaderMaker {
 public:
  explicit HeaderMaker(const RandomSpec& spec) : spec_(spec) {}

  gguf::Writer make() {
    const RandomShape& s = spec_.shape;
    add_keys();
    // Tensors with data first: what is in memory is then the file's beginning.
    if (s.rope_scale != 1) vector("rope_freqs.weight", rope_factors(s));
    const std::int64_t q_dim = std::int64_t{s.n_heads} * s.head_dim();
    const std::int64_t kv_dim = std::int64_t{s.n_kv_heads} * s.head_dim();
    for (std::int32_t i = 0; i < s.n_layers; ++i) {
      const std::string block = block_name(i);
      ones(block + "attn_norm.weight", s.dim);
      if (s.qkv_biases) {
        ones(block + "attn_q.bias", q_dim);
        ones(block + "attn_k.bias", kv_dim);
        ones(block + "attn_v.bias", kv_dim);
      }
      if (s.qk_norms) {
        ones(block + "attn_q_norm.weight", s.head_dim());
        ones(block + "attn_k_norm.weight", s.head_dim());
      }
      if (s.post_norms) ones(block + "post_attention_norm.weight", s.dim);
      ones(block + "ffn_norm.weight", s.dim);
      if (s.post_norms) ones(block + "post_ffw_norm.weight", s.dim);
    }
    ones("output_norm.weight", s.dim);

    matrix("token_embd", s.n_vocab, s.dim);
    for (std::int32_t i = 0; i < s.n_layers; ++i) {
      const std::string block = block_name(i);
      matrix(block + "attn_q", q_dim, s.dim);
      matrix(block + "attn_k", kv_dim, s.dim);
      matrix(block + "attn_v", kv_dim, s.dim);
      matrix(block + "attn_output", s.dim, q_dim);
      if (!s.fused_gate_up) matrix(block + "ffn_gate", s.n_ff, s.dim);
      matrix(block + "ffn_up", std::int64_t{s.n_ff} * (s.fused_gate_up ? 2 : 1), s.dim);
      matrix(block + "ffn_down", s.dim, s.n_ff);
    }
    if (!s.is_tied) matrix("output", s.n_vocab, s.dim);
    return std::move(out_);
  }

 private:
  void add_keys() {
    const RandomShape& s = spec_.shape;
    const std::string prefix = std::string(s.architecture) + ".";
    const auto u32 = [&](const char* key, std::int32_t value) {
      out_.add_u32(prefix + key, static_cast<std::uint32_t>(value));
    };
    out_.add_string("general.architecture", std::string(s.architecture));
    out_.add_string("general.name", spec_.text + ", random weights");
    u32("block_count", s.n_layers);
    u32("context_length", s.n_ctx);
    u32("embedding_length", s.dim);
    u32("feed_forward_length", s.n_ff);
    u32("attention.head_count", s.n_heads);
    u32("attention.head_count_kv", s.n_kv_heads);
    if (s.head_size > 0) {
      u32("attention.key_length", s.head_size);
      u32("attention.value_length", s.head_size);
    }
    u32("rope.dimension_count", s.n_rot > 0 ? s.n_rot : s.head_dim());
    u32("vocab_size", s.n_vocab);  // for llama.cpp, which else counts the vocabulary
    out_.add_f32(prefix + "rope.freq_base", static_cast<float>(s.rope_base));
    out_.add_f32(prefix + "attention.layer_norm_rms_epsilon", s.norm_eps);
    out_.add_string("tokenizer.ggml.model", "none");
  }
  void ones(const std::string& tensor, std::int64_t size) {
    vector(tensor, std::vector<float>(static_cast<std::size_t>(size), 1.0f));
  }
  void vector(const std::string& tensor, const std::vector<float>& values) {
    std::vector<std::byte> bytes(values.size() * sizeof(float));
    std::memcpy(bytes.data(), values.data(), bytes.size());
    const auto size = static_cast<std::int64_t>(values.size());
    out_.add_tensor(tensor, DType::kF32, Shape{size}, std::move(bytes));
  }
  void matrix(const std::string& stem, std::int64_t rows, std::int64_t cols) {
    const DType type = spec_.type_of(stem);
    if (cols % info(type).block_elems != 0) {
      refuse(spec_.text, stem + " has rows of " + std::to_string(cols) + ", no multiple of the " +
                             std::to_string(info(type).block_elems) + " of a block of " +
                             std::string(to_string(type)));
    }
    out_.declare_tensor(stem + ".weight", type, Shape{rows, cols});
  }

  const RandomSpec& spec_;
  gguf::Writer out_;
};

}  // namespace

const std::vector<RandomShape>& random_shapes() {
  static const std::vector<RandomShape> shapes = {
      {.name = "llama-tiny",
       .what = "for tests",
       .n_layers = 2,
       .dim = 256,
       .n_heads = 4,
       .n_kv_heads = 2,
       .n_ff = 512,
       .n_vocab = 512,
       .n_ctx = 4096},
      {.name = "glm4-tiny",
       .what = "for tests",
       .n_layers = 2,
       .dim = 256,
       .n_heads = 4,
       .n_kv_heads = 2,
       .n_ff = 512,
       .n_vocab = 512,
       .n_ctx = 4096,
       .architecture = "glm4",
       .n_rot = 32,
       .rope_base = 10000,
       .qkv_biases = true,
       .fused_gate_up = true,
       .post_norms = true},
      {.name = "llama-1b",
       .what = "Llama 3.2 1B",
       .n_layers = 16,
       .dim = 2048,
       .n_heads = 32,
       .n_kv_heads = 8,
       .n_ff = 8192,
       .n_vocab = 128256,
       .n_ctx = 131072,
       .is_tied = true,
       .rope_scale = 32},
      {.name = "llama-3b",
       .what = "Llama 3.2 3B",
       .n_layers = 28,
       .dim = 3072,
       .n_heads = 24,
       .n_kv_heads = 8,
       .n_ff = 8192,
       .n_vocab = 128256,
       .n_ctx = 131072,
       .is_tied = true,
       .rope_scale = 32},
      {.name = "llama-8b",
       .what = "Llama 3.1 8B",
       .n_layers = 32,
       .dim = 4096,
       .n_heads = 32,
       .n_kv_heads = 8,
       .n_ff = 14336,
       .n_vocab = 128256,
       .n_ctx = 131072,
       .rope_scale = 8},
      {.name = "qwen2-7b",
       .what = "Qwen 2.5 7B",
       .n_layers = 28,
       .dim = 3584,
       .n_heads = 28,
       .n_kv_heads = 4,
       .n_ff = 18944,
       .n_vocab = 152064,
       .n_ctx = 32768,
       .architecture = "qwen2",
       .rope_base = 1e6,
       .norm_eps = 1e-6f,
       .qkv_biases = true},
      {.name = "qwen3-8b",
       .what = "Qwen 3 8B",
       .n_layers = 36,
       .dim = 4096,
       .n_heads = 32,
       .n_kv_heads = 8,
       .n_ff = 12288,
       .n_vocab = 151936,
       .n_ctx = 40960,
       .architecture = "qwen3",
       .head_size = 128,
       .rope_base = 1e6,
       .norm_eps = 1e-6f,
       .qk_norms = true},
      {.name = "glm4-9b",
       .what = "GLM-4 9B 0414",
       .n_layers = 40,
       .dim = 4096,
       .n_heads = 32,
       .n_kv_heads = 2,
       .n_ff = 13696,
       .n_vocab = 151552,
       .n_ctx = 32768,
       .architecture = "glm4",
       .n_rot = 64,
       .rope_base = 10000,
       .qkv_biases = true,
       .fused_gate_up = true,
       .post_norms = true},
  };
  return shapes;
}

const std::vector<std::string_view>& random_matrices() {
  static const std::vector<std::string_view> names = {"token_embd", "output", "attn_q",
                                                      "attn_k",     "attn_v", "attn_output",
                                                      "ffn_gate",   "ffn_up", "ffn_down"};
  return names;
}

std::vector<DType> random_types() {
  std::vector<DType> out;
  for (const DType type : kAllDTypes) {
    if (info(type).decode != nullptr) out.push_back(type);
  }
  return out;
}

DType RandomSpec::type_of(const std::string& matrix) const {
  const auto found = others.find(matrix);
  return found != others.end() ? found->second : type;
}

RandomSpec parse_random_spec(std::string_view text) {
  const std::size_t colon = text.find(':');
  RandomSpec out;
  out.text = text;
  out.shape = find_shape(text, text.substr(0, colon));
  if (colon == std::string_view::npos) refuse(text, "its type is missing, as in llama-8b:Q4_0");
  std::string_view rest = text.substr(colon + 1);
  const auto next = [&rest] {
    const std::string_view part = rest.substr(0, rest.find(','));
    rest.remove_prefix(std::min(part.size() + 1, rest.size()));
    return part;
  };
  const bool more = rest.ends_with(',');
  out.type = find_type(text, next());
  out.others[out.shape.is_tied ? "token_embd" : "output"] = output_type(out.type);
  if (more) refuse(text, "nothing stands behind its last comma");
  while (!rest.empty()) {
    const std::string_view part = next();
    const std::size_t equals = part.find('=');
    if (equals == std::string_view::npos) {
      refuse(text, "no MATRIX=TYPE: \"" + std::string(part) + "\"; one is output=Q6_K");
    }
    if (part.substr(0, equals) == "layers") {
      out.shape.n_layers = find_layers(text, part.substr(equals + 1));
      continue;
    }
    const DType type = find_type(text, part.substr(equals + 1));
    for (const std::string& name : find_matrices(text, out.shape, part.substr(0, equals))) {
      out.others[name] = type;
    }
  }
  return out;
}

RandomModel::RandomModel(const RandomSpec& spec, Counters& counters)
    : RandomModel(HeaderMaker(spec).make(), spec.text, counters) {}

RandomModel::RandomModel(const gguf::Writer& writer, const std::string& name, Counters& counters)
    : head_(writer.bytes()),
      file_bytes_(writer.file_bytes()),
      gguf_(gguf::parse_head(head_, file_bytes_, name, counters)) {}

std::uint64_t random_seed_of(std::string_view tensor) {
  return random_seed(kSeed, tensor);
}

}  // namespace rocmforge::model
