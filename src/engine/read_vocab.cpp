#include "engine/read_vocab.h"

#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <utility>

#include "base/error.h"

namespace rocmforge::engine {
namespace {

using gguf::File;
using text::TokenId;

std::string key_of(const char* name) {
  return std::string("tokenizer.ggml.") + name;
}

std::string read_string(const File& file, const char* name) {
  return std::string(file.get_string(key_of(name)).value_or(""));
}

std::vector<std::string> read_strings(const File& file, const char* name) {
  std::vector<std::string> out;
  if (const auto views = file.get_strings(key_of(name))) out.assign(views->begin(), views->end());
  return out;
}

TokenId read_id(const File& file, const char* name) {
  const std::string key = key_of(name);
  const gguf::KeyValue* kv = file.find(key);
  if (kv == nullptr) return text::kNoToken;
  if (const auto* number = std::get_if<std::int64_t>(&kv->value); number != nullptr && *number < 0)
    return text::kNoToken;
  const std::uint64_t id = file.get_u64(key).value_or(0);
  if (id == std::numeric_limits<std::uint32_t>::max()) return text::kNoToken;
  if (id > std::uint64_t{std::numeric_limits<TokenId>::max()})
    throw Error(ErrorCode::kFormat,
                "[engine] " + file.path() + ": " + key + ": " + std::to_string(id) + " is no id");
  return static_cast<TokenId>(id);
}

int read_flag(const File& file, const char* name) {
  const std::optional<bool> flag = file.get_bool(key_of(name));
  return flag ? static_cast<int>(*flag) : -1;
}

std::vector<text::TokenType> read_types(const File& file) {
  const std::string key = key_of("token_type");
  std::vector<text::TokenType> types;
  const auto numbers = file.get_ints(key);
  if (!numbers) return types;
  types.reserve(numbers->size());
  for (const std::int64_t number : *numbers) {
    if (std::in_range<std::int32_t>(number)) {
      types.push_back(static_cast<text::TokenType>(number));
      continue;
    }
    throw Error(ErrorCode::kFormat, "[engine] " + file.path() + ": " + key + ": entry " +
                                        std::to_string(types.size()) + " is " +
                                        std::to_string(number) + ", which is no type");
  }
  return types;
}

void require(const File& file, const char* name) {
  if (file.find(key_of(name)) != nullptr) return;
  throw Error(ErrorCode::kNotFound, "[engine] " + file.path() + ": " + key_of(name) +
                                        ": missing; the file has no whole vocabulary");
}

}  // namespace

text::Vocab read_vocab(const File& file) {
  require(file, "model");
  require(file, "tokens");
  text::Vocab vocab;
  vocab.source = file.path();
  vocab.model_name = std::string(file.get_string("general.name").value_or(""));
  vocab.model = read_string(file, "model");
  vocab.pre = read_string(file, "pre");
  if (vocab.model == "gpt2") require(file, "merges");
  vocab.tokens = read_strings(file, "tokens");
  vocab.scores = file.get_floats(key_of("scores")).value_or(std::vector<float>());
  vocab.types = read_types(file);
  vocab.merges = read_strings(file, "merges");

  const std::array<std::pair<const char*, TokenId*>, 13> ids = {{
      {"bos_token_id", &vocab.bos},
      {"eos_token_id", &vocab.eos},
      {"eot_token_id", &vocab.eot},
      {"eom_token_id", &vocab.eom},
      {"unknown_token_id", &vocab.unk},
      {"seperator_token_id", &vocab.sep},  // the format's own spelling
      {"padding_token_id", &vocab.pad},
      {"fim_pre_token_id", &vocab.fim_prefix},
      {"fim_suf_token_id", &vocab.fim_suffix},
      {"fim_mid_token_id", &vocab.fim_middle},
      {"fim_pad_token_id", &vocab.fim_pad},
      {"fim_rep_token_id", &vocab.fim_repo},
      {"fim_sep_token_id", &vocab.fim_sep},
  }};
  for (const auto& [name, id] : ids) *id = read_id(file, name);
  // Older names of the same, which are read last.
  const std::array<std::pair<const char*, TokenId*>, 3> older = {{
      {"prefix_token_id", &vocab.fim_prefix},
      {"suffix_token_id", &vocab.fim_suffix},
      {"middle_token_id", &vocab.fim_middle},
  }};
  for (const auto& [name, id] : older)
    if (file.find(key_of(name)) != nullptr) *id = read_id(file, name);
  vocab.add_bos = read_flag(file, "add_bos_token");
  vocab.add_eos = read_flag(file, "add_eos_token");
  vocab.add_space_prefix = read_flag(file, "add_space_prefix");
  vocab.remove_extra_whitespaces = read_flag(file, "remove_extra_whitespaces");
  return vocab;
}

}  // namespace rocmforge::engine
