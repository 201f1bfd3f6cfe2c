#include "text/vocab_check.h"

#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/log.h"

namespace rocmforge::text {
namespace {

using Names = std::span<const std::string_view>;

constexpr std::array<std::string_view, 22> kEndNames = {
    "<|eot_id|>",
    "<|im_end|>",
    "<|end|>",
    "<|return|>",
    "<|call|>",
    "<|flush|>",
    "<|calls|>",
    "<end_of_turn>",
    "<|endoftext|>",
    "</s>",
    "<|eom_id|>",
    "<EOT>",
    "_<EOT>",
    "[EOT]",
    "[EOS]",
    "<|end_of_text|>",
    "<end_of_utterance>",
    "<eos>",
    "<turn|>",
    "<|tool_response>",
    "<\uff5cend\u2581of\u2581sentence\uff5c>",
    "[e~[",
};
constexpr std::array<std::string_view, 8> kFimPrefix = {
    "<|fim_prefix|>", "<fim-prefix>", "<fim_prefix>",    "<\uff5cfim\u2581begin\uff5c>",
    "<PRE>",          "\u2581<PRE>",  "<|code_prefix|>", "<|prefix|>"};
constexpr std::array<std::string_view, 8> kFimSuffix = {
    "<|fim_suffix|>", "<fim-suffix>", "<fim_suffix>",    "<\uff5cfim\u2581hole\uff5c>",
    "<SUF>",          "\u2581<SUF>",  "<|code_suffix|>", "<|suffix|>"};
constexpr std::array<std::string_view, 8> kFimMiddle = {
    "<|fim_middle|>", "<fim-middle>", "<fim_middle>",    "<\uff5cfim\u2581end\uff5c>",
    "<MID>",          "\u2581<MID>",  "<|code_middle|>", "<|middle|>"};
constexpr std::array<std::string_view, 5> kFimPad = {"<|fim_pad|>", "<fim-pad>", "<fim_pad>",
                                                     "<PAD>", "[PAD]"};
constexpr std::array<std::string_view, 5> kFimRepo = {"<|fim_repo|>", "<|repo_name|>", "<fim-repo>",
                                                      "<REPO>", "<reponame>"};
constexpr std::array<std::string_view, 1> kFimSep = {"<|file_sep|>"};
// Parts of the answer's text in the harmony format, so never hidden.
constexpr std::array<std::string_view, 4> kHarmonyMarks = {"<|channel|>", "<|message|>",
                                                           "<|start|>", "<|constrain|>"};

[[noreturn]] void refuse(const Vocab& vocab, const std::string& key, const std::string& what) {
  throw Error(ErrorCode::kFormat, vocab_message(vocab, key, what));
}

std::size_t at(TokenId id) {
  return static_cast<std::size_t>(id);
}

std::string quoted(TokenId id, const std::string& token) {
  return "token " + std::to_string(id) + " \"" + token + "\"";
}

void check_types(Vocab& vocab) {
  if (vocab.types.empty()) vocab.types.assign(vocab.tokens.size(), TokenType::kNormal);
  if (vocab.types.size() != vocab.tokens.size())
    refuse(vocab, "token_type",
           "has " + std::to_string(vocab.types.size()) + " entries for " +
               std::to_string(vocab.tokens.size()) + " tokens");
  for (std::size_t i = 0; i < vocab.types.size(); ++i) {
    const auto type = static_cast<std::int32_t>(vocab.types[i]);
    if (type < 0 || type > static_cast<std::int32_t>(TokenType::kByte))
      refuse(vocab, "token_type",
             "entry " + std::to_string(i) + " is " + std::to_string(type) + ", which is no type");
    if (vocab.types[i] == TokenType::kByte && byte_of_name(vocab.tokens[i]) < 0)
      refuse(vocab, "tokens",
             quoted(static_cast<TokenId>(i), vocab.tokens[i]) +
                 " is of type byte, but not named <0x00> to <0xFF>");
  }
}

void check_scores(const Vocab& vocab) {
  if (vocab.scores.empty() && (vocab.model != "llama" || vocab.description)) return;
  if (vocab.scores.size() != vocab.tokens.size())
    refuse(vocab, "scores",
           "has " + std::to_string(vocab.scores.size()) + " entries for " +
               std::to_string(vocab.tokens.size()) + " tokens");
  for (std::size_t i = 0; i < vocab.scores.size(); ++i)
    if (std::isnan(vocab.scores[i]))
      refuse(vocab, "scores", "entry " + std::to_string(i) + " is not a number");
}

TokenIndex index_tokens(const Vocab& vocab) {
  TokenIndex index;
  index.reserve(vocab.tokens.size());
  for (std::size_t i = 0; i < vocab.tokens.size(); ++i) {
    if (vocab.tokens[i].empty()) continue;
    const auto [first, is_new] = index.try_emplace(vocab.tokens[i], static_cast<TokenId>(i));
    if (!is_new)
      refuse(vocab, "tokens",
             "tokens " + std::to_string(first->second) + " and " + std::to_string(i) +
                 " are both \"" + vocab.tokens[i] + "\"");
  }
  return index;
}

void check_special_ids(Vocab& vocab) {
  const auto n = static_cast<TokenId>(vocab.tokens.size());
  const auto is_good = [&](TokenId id) { return id >= kNoToken && id < n; };
  const std::array<std::pair<const char*, TokenId>, 11> used = {{
      {"bos_token_id", vocab.bos},
      {"eos_token_id", vocab.eos},
      {"eot_token_id", vocab.eot},
      {"eom_token_id", vocab.eom},
      {"unknown_token_id", vocab.unk},
      {"fim_pre_token_id", vocab.fim_prefix},
      {"fim_suf_token_id", vocab.fim_suffix},
      {"fim_mid_token_id", vocab.fim_middle},
      {"fim_pad_token_id", vocab.fim_pad},
      {"fim_rep_token_id", vocab.fim_repo},
      {"fim_sep_token_id", vocab.fim_sep},
  }};
  for (const auto& [key, id] : used)
    if (!is_good(id))
      refuse(vocab, key,
             std::to_string(id) + " is not an id of the " + std::to_string(n) + " tokens");
  const std::array<std::pair<const char*, TokenId*>, 2> unused = {
      {{"padding_token_id", &vocab.pad}, {"seperator_token_id", &vocab.sep}}};
  for (const auto& [key, id] : unused) {
    if (is_good(*id)) continue;
    log(LogLevel::kWarn,
        vocab_message(vocab, key, std::to_string(*id) + " is not an id of a token; ignored"));
    *id = kNoToken;
  }
}

// SentencePiece's own, for a file that leaves them out.
void default_special_ids(Vocab& vocab) {
  if (vocab.model != "llama" || vocab.description) return;
  const auto fill = [&](TokenId& id, TokenId usual) {
    if (id == kNoToken && at(usual) < vocab.tokens.size()) id = usual;
  };
  // Token 0 takes the place of text that has no other, so it must be meant for that.
  if (vocab.types[0] == TokenType::kUnknown || vocab.tokens[0] == "<unk>") fill(vocab.unk, 0);
  fill(vocab.bos, 1);
  fill(vocab.eos, 2);
  if (vocab.add_bos < 0) vocab.add_bos = vocab.bos != kNoToken;
}

TokenId id_of(const TokenIndex& ids, std::string_view name) {
  const auto found = ids.find(name);
  return found == ids.end() ? kNoToken : found->second;
}

// Where the file names no token for the role, those that have a name of it are control tokens;
// returns them.
std::vector<TokenId> find_role(Vocab& vocab, const TokenIndex& ids, TokenId from_file,
                               Names names) {
  if (from_file != kNoToken) return {from_file};
  std::vector<TokenId> found;
  for (const std::string_view name : names)
    if (const TokenId id = id_of(ids, name); id != kNoToken) {
      vocab.types[at(id)] = TokenType::kControl;
      found.push_back(id);
    }
  return found;
}

}  // namespace

std::string vocab_message(const Vocab& vocab, const std::string& key, const std::string& what) {
  const char* prefix = vocab.description ? ": " : ": tokenizer.ggml.";
  return "[text] " + vocab.source + prefix + key + ": " + what;
}

int byte_of_name(const std::string& token) {
  if (token.size() != 6 || !token.starts_with("<0x") || token[5] != '>') return -1;
  int value = 0;
  for (const char c : {token[3], token[4]}) {
    int digit = -1;
    if (c >= '0' && c <= '9') digit = c - '0';
    if (c >= 'A' && c <= 'F') digit = c - 'A' + 10;
    if (c >= 'a' && c <= 'f') digit = c - 'a' + 10;
    if (digit < 0) return -1;
    value = value * 16 + digit;
  }
  return value;
}

TokenIndex complete_vocab(Vocab& vocab) {
  if (vocab.tokens.empty()) refuse(vocab, "tokens", "there are none");
  if (vocab.tokens.size() > std::size_t{std::numeric_limits<TokenId>::max()})
    refuse(vocab, "tokens", "more than ids can number");
  check_types(vocab);
  check_scores(vocab);
  check_special_ids(vocab);
  default_special_ids(vocab);
  if (vocab.add_bos < 0) vocab.add_bos = 0;
  if (vocab.add_eos < 0) vocab.add_eos = 0;
  if (vocab.add_bos > 0 && vocab.bos == kNoToken)
    refuse(vocab, "add_bos_token", "is set, but there is no bos_token_id");
  if (vocab.add_eos > 0 && vocab.eos == kNoToken)
    refuse(vocab, "add_eos_token", "is set, but there is no eos_token_id");
  return index_tokens(vocab);
}

std::unordered_set<TokenId> find_end_tokens(Vocab& vocab, const TokenIndex& ids) {
  find_role(vocab, ids, vocab.fim_prefix, kFimPrefix);
  find_role(vocab, ids, vocab.fim_suffix, kFimSuffix);
  find_role(vocab, ids, vocab.fim_middle, kFimMiddle);
  std::unordered_set<TokenId> ends;
  const auto add = [&](const std::vector<TokenId>& more) { ends.insert(more.begin(), more.end()); };
  add(find_role(vocab, ids, vocab.fim_pad, kFimPad));
  add(find_role(vocab, ids, vocab.fim_repo, kFimRepo));
  add(find_role(vocab, ids, vocab.fim_sep, kFimSep));
  add(find_role(vocab, ids, kNoToken, kEndNames));
  for (const TokenId id : {vocab.eos, vocab.eot, vocab.eom})
    if (id != kNoToken) ends.insert(id);

  for (const std::string_view name : kHarmonyMarks)
    if (const TokenId id = id_of(ids, name); id != kNoToken)
      vocab.types[at(id)] = TokenType::kUserDefined;
  const auto ends_with = [&](std::string_view name) { return ends.contains(id_of(ids, name)); };
  // In the harmony format <|end|> closes a message, not the turn.
  const bool has_call = ends_with("<|call|>") || ends_with("<|calls|>");
  if (has_call && ends_with("<|end|>") && (ends_with("<|return|>") || ends_with("<|flush|>"))) {
    ends.erase(id_of(ids, "<|end|>"));
    vocab.types[at(id_of(ids, "<|end|>"))] = TokenType::kUserDefined;
  }
  // In Gemma 4 </s> is an HTML tag.
  if (ends_with("<|tool_response>") && ends_with("</s>")) {
    ends.erase(id_of(ids, "</s>"));
    vocab.types[at(id_of(ids, "</s>"))] = TokenType::kNormal;
  }
  return ends;
}

}  // namespace rocmforge::text
