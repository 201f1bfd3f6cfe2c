#include "text/tokenizer_json.h"

#include <algorithm>
#include <filesystem>
#include <limits>
#include <unordered_map>

#include "base/error.h"
#include "base/mapped_file.h"
#include "text/tokenizer_json_splits.h"
#include "text/vocab_check.h"

namespace rocmforge::text {
namespace {

// Holes that a vocabulary may have beside its tokens: an id further on is taken for a fault.
constexpr std::size_t kMaxHoles = 65536;

// Ids are below `end`.
void put_token(const JsonNode& node, std::int64_t id, std::size_t end, std::string text,
               TokenType type, Vocab& vocab) {
  if (id < 0 || static_cast<std::uint64_t>(id) >= end) {
    node.malformed(std::to_string(id) + " is not an id of so few tokens");
  }
  const auto at = static_cast<std::size_t>(id);
  if (at >= vocab.tokens.size()) {
    vocab.tokens.resize(at + 1);
    vocab.types.resize(at + 1, TokenType::kUnused);
  }
  if (!vocab.tokens[at].empty() && vocab.tokens[at] != text)
    node.malformed("\"" + text + "\" has id " + std::to_string(id) + ", which \"" +
                   vocab.tokens[at] + "\" has too");
  vocab.tokens[at] = std::move(text);
  vocab.types[at] = type;
}

void refuse_unless_empty(const JsonNode& node) {
  if (!node.is_null() && (!node.is_string() || !node.string().empty()))
    node.unsupported("anything but null");
}

void read_model(const JsonNode& model, Vocab& vocab) {
  if (const std::string type = model.at("type").string_or("BPE"); type != "BPE")
    model.at("type").unsupported("\"" + type + "\"");
  for (const char* key : {"continuing_subword_prefix", "end_of_word_suffix", "dropout"})
    refuse_unless_empty(model.at(key));
  const bool byte_fallback = model.at("byte_fallback").flag_or(false);
  const bool by_bytes = vocab.model == "gpt2";
  if (by_bytes && byte_fallback) model.at("byte_fallback").unsupported("true beside ByteLevel");
  vocab.description->ignore_merges = model.at("ignore_merges").flag_or(false);
  if (!by_bytes && vocab.description->ignore_merges)
    model.at("ignore_merges").unsupported("true without ByteLevel");
  if (!by_bytes && !byte_fallback && model.at("fuse_unk").flag_or(false))
    model.at("fuse_unk").unsupported("true without byte_fallback");

  const JsonNode tokens = model.at("vocab");
  const std::size_t end = 2 * tokens.object().size() + kMaxHoles;
  for (const auto& member : tokens.object()) {
    const JsonNode id(&member.value(), tokens.source(), "model.vocab");
    std::string text(std::string_view(member.key()));
    const bool is_byte = byte_fallback && byte_of_name(text) >= 0;
    put_token(id, id.integer(), end, std::move(text),
              is_byte ? TokenType::kByte : TokenType::kNormal, vocab);
  }
  for (const JsonNode& merge : model.at("merges").items()) {
    if (merge.is_string()) {
      vocab.merges.push_back(merge.string());
      continue;
    }
    const std::vector<JsonNode> pair = merge.items();
    if (pair.size() != 2) merge.malformed("is not two tokens");
    const std::string left = pair[0].string(), right = pair[1].string();
    if (left.find(' ') != std::string::npos || right.find(' ') != std::string::npos)
      merge.unsupported("a token with a space");
    vocab.merges.push_back(left + " " + right);
  }
}

TokenId id_of(const Vocab& vocab, std::string_view text) {
  const auto at = std::find(vocab.tokens.begin(), vocab.tokens.end(), text);
  return at == vocab.tokens.end() || text.empty() ? kNoToken
                                                  : static_cast<TokenId>(at - vocab.tokens.begin());
}

void read_added_tokens(const JsonNode& added, Vocab& vocab) {
  const std::vector<JsonNode> tokens = added.items();
  const std::size_t end = 2 * (vocab.tokens.size() + tokens.size()) + kMaxHoles;
  for (const JsonNode& token : tokens) {
    const std::int64_t id = token.at("id").integer();
    // Looked for in the text as it is, whatever this says, as in a GGUF of the model.
    token.at("normalized").flag_or(false);
    if (token.at("single_word").flag_or(false)) token.at("single_word").unsupported("true");
    put_token(token, id, end, token.at("content").string(),
              token.at("special").flag_or(false) ? TokenType::kControl : TokenType::kUserDefined,
              vocab);
    const auto as_id = static_cast<TokenId>(id);
    if (token.at("lstrip").flag_or(false)) vocab.description->strips_left.push_back(as_id);
    if (token.at("rstrip").flag_or(false)) vocab.description->strips_right.push_back(as_id);
  }
}

// A template of one token before, or one behind, or both.
void read_template(const JsonNode& node, Vocab& vocab) {
  bool behind = false;
  for (const JsonNode& part : node.at("single").items()) {
    if (!part.at("Sequence").is_null()) {
      behind = true;
      continue;
    }
    const std::string name = part.at("SpecialToken").at("id").string();
    TokenId id = id_of(vocab, name);
    const JsonNode ids = node.at("special_tokens").at(name).at("ids");
    if (const auto list = ids.items(); !list.empty()) {
      if (list.size() != 1) ids.unsupported("more than one id");
      id = static_cast<TokenId>(
          std::clamp<std::int64_t>(list[0].integer(), -1, std::numeric_limits<TokenId>::max()));
    }
    int& adds = behind ? vocab.add_eos : vocab.add_bos;
    if (adds > 0) part.unsupported("more than one token on one side of the text");
    if (id < 0 || static_cast<std::size_t>(id) >= vocab.tokens.size())
      part.malformed("\"" + name + "\" is not a token");
    adds = 1;
    (behind ? vocab.eos : vocab.bos) = id;
  }
}

void read_post_processor(const JsonNode& node, Vocab& vocab) {
  if (node.is_null()) return;
  const std::string type = node.at("type").string();
  if (type == "Sequence") {
    for (const JsonNode& step : node.at("processors").items()) read_post_processor(step, vocab);
  } else if (type == "TemplateProcessing") {
    read_template(node, vocab);
  } else if (type != "ByteLevel") {
    node.unsupported("\"" + type + "\"");
  }
}

std::string_view text_of(const MappedFile& file) {
  return {reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size()};
}

}  // namespace

Vocab parse_tokenizer_json(std::string_view json, const std::string& source) {
  const boost::json::value document = parse_json(json, source);
  const JsonNode root(&document, source, "");
  Vocab vocab;
  vocab.source = source;
  vocab.add_bos = vocab.add_eos = 0;
  read_splits(root, vocab);
  read_model(root.at("model"), vocab);
  read_added_tokens(root.at("added_tokens"), vocab);
  if (const std::string unk = root.at("model").at("unk_token").string_or(""); !unk.empty()) {
    vocab.unk = id_of(vocab, unk);
    if (vocab.unk == kNoToken) root.at("model").at("unk_token").malformed("is not a token");
    vocab.types[static_cast<std::size_t>(vocab.unk)] = TokenType::kUnknown;
  }
  read_post_processor(root.at("post_processor"), vocab);
  return vocab;
}

void add_tokenizer_config(std::string_view json, const std::string& source, Vocab& vocab) {
  const boost::json::value document = parse_json(json, source);
  const JsonNode root(&document, source, "");
  const auto take = [&](const char* key, TokenId& id) {
    const JsonNode node = root.at(key);
    if (id != kNoToken || node.is_null()) return;
    id = id_of(vocab, node.is_string() ? node.string() : node.at("content").string());
  };
  take("bos_token", vocab.bos);
  take("eos_token", vocab.eos);
}

Vocab read_tokenizer_json(const std::string& path) {
  namespace fs = std::filesystem;
  std::error_code ignored;
  const fs::path file =
      fs::is_directory(path, ignored) ? fs::path(path) / "tokenizer.json" : fs::path(path);
  const MappedFile mapped(file.string());
  Vocab vocab = parse_tokenizer_json(text_of(mapped), file.string());
  const fs::path config = file.parent_path() / "tokenizer_config.json";
  if (fs::is_regular_file(config, ignored) && fs::file_size(config, ignored) > 0) {
    const MappedFile mapped_config(config.string());
    add_tokenizer_config(text_of(mapped_config), config.string(), vocab);
  }
  return vocab;
}

}  // namespace rocmforge::text
