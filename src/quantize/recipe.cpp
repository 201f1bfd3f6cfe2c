#include "quantize/recipe.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"
#include "gguf/names.h"

namespace rocmforge::quantize {
namespace {

enum class Role { kOutput, kEmbedding, kValues, kKeys, kAttnOutput, kFfnDown, kOther };

Role role_of(std::string_view name) {
  const auto has = [&](std::string_view part) { return name.find(part) != name.npos; };
  if (name == "output.weight") return Role::kOutput;
  if (name == "token_embd.weight" || name == "per_layer_token_embd.weight") return Role::kEmbedding;
  if (has("attn_qkv.weight") || has("attn_kv_b.weight") || has("attn_v.weight")) {
    return Role::kValues;
  }
  if (has("attn_k.weight")) return Role::kKeys;
  if (has("attn_output.weight")) return Role::kAttnOutput;
  if (has("ffn_down")) return Role::kFfnDown;
  return Role::kOther;
}

// N of "blk.N...", -1 without one.
int layer_of(std::string_view name) {
  constexpr std::string_view kBlock = "blk.";
  int layer = -1;
  if (!name.starts_with(kBlock)) return -1;
  const auto [end, error] =
      std::from_chars(name.data() + kBlock.size(), name.data() + name.size(), layer);
  return error == std::errc() && layer >= 0 ? layer : -1;
}

// What the mixtures ask of a model, 0 or 1 where it does not say.
struct Facts {
  int n_layers = 0, n_experts = 0, n_value_tensors = 0;
  std::uint64_t queries_a_key = 1;  // heads
  bool is_70b = false;              // few and valuable values, many layers
  bool is_tied = true;              // the embedding is the output matrix
};

// The first layer's, where each has its own.
std::optional<std::uint64_t> first_of(const gguf::File& file, const std::string& key) {
  const gguf::KeyValue* entry = file.find(key);
  if (entry == nullptr || entry->type != gguf::ValueType::kArray) return file.get_u64(key);
  const auto all = *file.get_ints(key);
  if (all.empty() || all.front() < 0) return std::nullopt;
  return static_cast<std::uint64_t>(all.front());
}

Facts facts_of(const gguf::File& file) {
  Facts out;
  const std::string architecture(file.get_string("general.architecture").value_or(""));
  const auto small = [&](const std::string& key) {
    const std::uint64_t value = file.get_u64(architecture + key).value_or(0);
    if (value <= 1 << 20) return static_cast<int>(value);
    throw Error(ErrorCode::kFormat, "[quantize] " + file.path() + ": " +
                                        gguf::printable(architecture + key) + ": is " +
                                        std::to_string(value) + ", which no model has");
  };
  out.n_layers = small(".block_count");
  out.n_experts = small(".expert_count");
  const auto heads = first_of(file, architecture + ".attention.head_count");
  const auto kv_heads = first_of(file, architecture + ".attention.head_count_kv");
  if (heads && kv_heads) out.queries_a_key = *kv_heads > 0 ? *heads / *kv_heads : 0;
  out.is_70b = out.n_layers == 80 &&
               (architecture == "qwen2" ||
                (architecture == "llama" && out.n_experts != 8 && kv_heads && heads != kv_heads));
  for (const gguf::TensorInfo& tensor : file.tensors()) {
    const Role role = role_of(tensor.name);
    if (role == Role::kValues) ++out.n_value_tensors;
    if (role == Role::kOutput) out.is_tied = false;
  }
  return out;
}

// The first and the last eighth, and every third between.
bool gets_more_bits(int i, int n) {
  return i < n / 8 || i >= 7 * n / 8 || (i - n / 8) % 3 == 2;
}

// The mixtures, tensor by tensor: it counts the tensors of a role that it has seen.
class Recipe {
 public:
  Recipe(const FileType& file_type, const Facts& facts) : file_type_(file_type), facts_(facts) {}

  DType operator()(const gguf::TensorInfo& tensor) {
    const Role role = role_of(tensor.name);
    if (role == Role::kOutput || (role == Role::kEmbedding && facts_.is_tied)) {
      return output(tensor);
    }
    if (file_type_.mixture == Mixture::kMXFP4Experts) {
      return tensor.shape.rank() > 2 && tensor.shape[-3] > 1 ? DType::kMXFP4 : DType::kQ8_0;
    }
    switch (role) {
      case Role::kValues:
        return values(n_values_++);
      case Role::kKeys:
        return facts_.n_experts == 8 && is_quantized() ? DType::kQ8_0 : file_type_.type;
      case Role::kFfnDown: {
        const int seen = n_downs_++;
        return ffn_down(facts_.n_experts > 1 ? layer_of(tensor.name) : seen);
      }
      case Role::kAttnOutput:
        return attn_output();
      default:
        return file_type_.type;
    }
  }

 private:
  bool is_quantized() const { return info(file_type_.type).is_quantized(); }

  DType output(const gguf::TensorInfo& tensor) const {
    const DType type = file_type_.type;
    if (!is_quantized()) return type;
    const bool is_mx =
        type == DType::kMXFP4 || type == DType::kMXFP6_E2M3 || type == DType::kMXFP6_E3M2;
    const bool fits = tensor.shape[-1] % info(type).block_elems == 0;
    return is_mx || !fits || type == DType::kQ8_0 ? DType::kQ8_0 : DType::kQ6_K;
  }

  DType values(int i) const {
    const DType type = values_of_mixture(i);
    if (facts_.n_experts == 8 && is_quantized()) return DType::kQ8_0;
    const bool is_low = type == DType::kQ3_K || type == DType::kQ4_K;
    return facts_.is_70b && is_low ? DType::kQ5_K : type;
  }

  DType values_of_mixture(int i) const {
    const bool shared = facts_.queries_a_key >= 4;
    switch (file_type_.mixture) {
      case Mixture::kQ2_K:
        return shared ? DType::kQ4_K : DType::kQ3_K;
      case Mixture::kQ2_K_S:
        return shared ? DType::kQ4_K : DType::kQ2_K;
      case Mixture::kQ3_K_M:
        return i < 2 ? DType::kQ5_K : DType::kQ4_K;
      case Mixture::kQ3_K_L:
        return DType::kQ5_K;
      case Mixture::kQ4_K_S:
        return i < 4 ? DType::kQ5_K : DType::kQ4_K;
      case Mixture::kQ4_K_M:
      case Mixture::kQ5_K_M:
        return gets_more_bits(i, facts_.n_value_tensors) ? DType::kQ6_K : file_type_.type;
      case Mixture::kIQ4:
        return shared ? DType::kQ5_K : file_type_.type;
      default:
        return file_type_.type;
    }
  }

  DType ffn_down(int i) const {
    const int n = facts_.n_layers;
    const DType type = file_type_.type;
    switch (file_type_.mixture) {
      case Mixture::kQ2_K:
        return DType::kQ3_K;
      case Mixture::kQ2_K_S:
        return i < n / 8 ? DType::kQ4_K : type;
      case Mixture::kQ3_K_M:
        return i < n / 16 ? DType::kQ5_K : DType::kQ4_K;
      case Mixture::kQ3_K_L:
        return DType::kQ5_K;
      case Mixture::kQ4_K_S:
      case Mixture::kIQ4:
        return i < n / 8 ? DType::kQ5_K : type;
      case Mixture::kQ4_K_M:
      case Mixture::kQ5_K_M:
        return gets_more_bits(i, n) ? DType::kQ6_K : type;
      default:
        return type;
    }
  }

  DType attn_output() const {
    const Mixture mixture = file_type_.mixture;
    if (facts_.n_experts == 8) {
      const bool is_more = mixture == Mixture::kQ2_K || mixture == Mixture::kQ3_K_S ||
                           mixture == Mixture::kQ3_K_M || mixture == Mixture::kQ4_K_S ||
                           mixture == Mixture::kQ4_K_M || mixture == Mixture::kIQ4;
      return is_more ? DType::kQ5_K : file_type_.type;
    }
    if (mixture == Mixture::kQ2_K) return DType::kQ3_K;
    if (mixture == Mixture::kQ3_K_M) return DType::kQ4_K;
    if (mixture == Mixture::kQ3_K_L) return DType::kQ5_K;
    return file_type_.type;
  }

  const FileType& file_type_;
  const Facts& facts_;
  int n_values_ = 0, n_downs_ = 0;
};

// A type of smaller blocks for rows that are not whole blocks of `type`.
DType smaller_blocks(DType type) {
  switch (type) {
    case DType::kIQ4_XS:
      return DType::kIQ4_NL;
    case DType::kQ2_K:
    case DType::kQ3_K:
      return DType::kQ4_0;
    case DType::kQ4_K:
      return DType::kQ5_0;
    case DType::kQ5_K:
      return DType::kQ5_1;
    case DType::kQ6_K:
      return DType::kQ8_0;
    default:
      return DType::kF16;
  }
}

Choice fitted(DType type, std::int64_t row) {
  const auto fits = [row](DType t) { return row % info(t).block_elems == 0; };
  if (fits(type)) return {type, std::nullopt};
  const DType smaller = smaller_blocks(type);
  return {fits(smaller) ? smaller : DType::kF16, type};
}

// The order in which llama.cpp's mixtures count: layer by layer, then by name.
std::vector<std::size_t> counting_order(const std::vector<gguf::TensorInfo>& tensors) {
  std::vector<std::size_t> out(tensors.size());
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = i;
  std::ranges::sort(out, {}, [&](std::size_t i) {
    return std::pair(layer_of(tensors[i].name), tensors[i].name);
  });
  return out;
}

}  // namespace

bool may_change(const gguf::TensorInfo& tensor) {
  // Names or parts of them; most are of architectures that this program does not run.
  constexpr std::array<std::string_view, 36> kKept = {"_norm.weight",
                                                      "ffn_gate_inp.weight",
                                                      "ffn_gate_tid2eid.weight",
                                                      "altup",
                                                      "laurel",
                                                      "per_layer_model_proj",
                                                      "ssm_conv1d",
                                                      "shortconv.conv.weight",
                                                      "indexer.k_proj.weight",
                                                      "indexer.q_proj.weight",
                                                      "time_mix_first.weight",
                                                      "time_mix_w0.weight",
                                                      "time_mix_w1.weight",
                                                      "time_mix_w2.weight",
                                                      "time_mix_v0.weight",
                                                      "time_mix_v1.weight",
                                                      "time_mix_v2.weight",
                                                      "time_mix_a0.weight",
                                                      "time_mix_a1.weight",
                                                      "time_mix_a2.weight",
                                                      "time_mix_g1.weight",
                                                      "time_mix_g2.weight",
                                                      "time_mix_decay_w1.weight",
                                                      "time_mix_decay_w2.weight",
                                                      "time_mix_lerp_fused.weight",
                                                      "attn_rel_b.weight",
                                                      ".position_embd",
                                                      "sam.pos_embd",
                                                      "sam.neck.",
                                                      "sam.net_",
                                                      ".rel_pos",
                                                      ".patch_embd",
                                                      ".patch_merger",
                                                      "a.rvq.codebook",
                                                      "mm.a.code_embd",
                                                      "token_types.weight"};
  const std::string_view name = tensor.name;
  if (tensor.dtype == DType::kI32 || tensor.shape.n_elems() == tensor.shape[-1]) return false;
  if (!name.ends_with("weight") || name == "position_embd.weight") return false;
  return std::ranges::none_of(kKept,
                              [&](std::string_view part) { return name.find(part) != name.npos; });
}

std::vector<Choice> choose_types(const gguf::File& file, const Wishes& wishes) {
  std::vector<Choice> out(file.tensors().size());
  if (wishes.file_type == nullptr) {
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = {file.tensors()[i].dtype, std::nullopt};
    return out;
  }
  const Facts facts = facts_of(file);
  Recipe recipe(*wishes.file_type, facts);
  for (const std::size_t i : counting_order(file.tensors())) {
    const gguf::TensorInfo& tensor = file.tensors()[i];
    const bool is_kept_output = wishes.keep_output && role_of(tensor.name) == Role::kOutput;
    if (!may_change(tensor) || is_kept_output) {
      out[i] = {tensor.dtype, std::nullopt};
      continue;
    }
    const auto rule = std::ranges::find_if(
        wishes.rules, [&](const TypeRule& r) { return r.matches(tensor.name); });
    // A tensor that a rule decides is not counted: so does llama.cpp.
    const DType type = rule != wishes.rules.end() ? rule->type()
                       : wishes.pure              ? wishes.file_type->type
                                                  : recipe(tensor);
    out[i] = fitted(type, tensor.shape[-1]);
  }
  return out;
}

}  // namespace rocmforge::quantize
