#include "text/tokenizer.h"

#include <algorithm>
#include <cctype>
#include <unordered_set>

#include "base/check.h"
#include "base/error.h"
#include "text/byte_bpe.h"
#include "text/detokenizer.h"
#include "text/nfc.h"
#include "text/sentencepiece.h"
#include "text/special_tokens.h"
#include "text/utf8.h"

namespace rocmforge::text {
namespace {

// phi-3's special tokens swallow the white space behind them, all but these three; the file says
// so nowhere, but by its name.
bool strips_right(const Vocab& vocab, const std::string& token) {
  std::string name = vocab.model_name;
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  const bool is_phi3 =
      name.find("phi-3") != std::string::npos || name.find("phi3") != std::string::npos;
  return is_phi3 && token != "<unk>" && token != "<s>" && token != "<|endoftext|>";
}

std::vector<SpecialTokens::Entry> special_entries(const Vocab& vocab, bool with_control) {
  std::vector<SpecialTokens::Entry> entries;
  std::unordered_set<TokenId> left, right;
  if (vocab.description) {
    left.insert(vocab.description->strips_left.begin(), vocab.description->strips_left.end());
    right.insert(vocab.description->strips_right.begin(), vocab.description->strips_right.end());
  }
  for (std::size_t i = 0; i < vocab.tokens.size(); ++i) {
    const auto id = static_cast<TokenId>(i);
    const TokenType type = vocab.types[i];
    const bool is_control = type == TokenType::kControl || type == TokenType::kUnknown;
    if (type == TokenType::kUserDefined || (is_control && with_control))
      entries.push_back({.id = id,
                         .text = vocab.tokens[i],
                         .strips_right = vocab.description ? right.contains(id)
                                                           : strips_right(vocab, vocab.tokens[i]),
                         .strips_left = left.contains(id)});
  }
  return entries;
}

std::string without(std::string_view text, std::string_view part) {
  std::string out;
  std::size_t begin = 0;
  for (std::size_t at = text.find(part); at != std::string_view::npos;
       at = text.find(part, begin)) {
    out += text.substr(begin, at - begin);
    begin = at + part.size();
  }
  return out.append(text.substr(begin));
}

}  // namespace

struct Tokenizer::SpecialTable {
  std::unordered_set<TokenId> ends;
  SpecialTokens user_defined, all;
};

Tokenizer::Tokenizer(Vocab vocab) : vocab_(std::move(vocab)), index_(complete_vocab(vocab_)) {
  auto ends = find_end_tokens(vocab_, index_);
  special_ = std::make_shared<const SpecialTable>(
      SpecialTable{std::move(ends), SpecialTokens(special_entries(vocab_, false)),
                   SpecialTokens(special_entries(vocab_, true))});
}

TokenType Tokenizer::type(TokenId id) const {
  check(id >= 0, "a token id");
  if (id >= size()) return TokenType::kUnused;
  return vocab_.types[static_cast<std::size_t>(id)];
}

TokenId Tokenizer::find_token(std::string_view text) const {
  const auto found = index_.find(text);
  return found == index_.end() ? kNoToken : found->second;
}

bool Tokenizer::is_end_of_generation(TokenId id) const {
  return special_->ends.contains(id);
}

bool Tokenizer::is_control(TokenId id) const {
  const TokenType t = type(id);
  return t == TokenType::kControl || t == TokenType::kUnknown;
}

std::vector<TokenId> Tokenizer::encode(std::string_view text, const EncodeOptions& options) const {
  if (text.size() > kMaxTextBytes)
    throw Error(ErrorCode::kInvalidArgument, "[text] the text has " + std::to_string(text.size()) +
                                                 " bytes, more than " +
                                                 std::to_string(kMaxTextBytes));
  if (const std::size_t bad = find_invalid_utf8(text); bad != std::string_view::npos)
    throw Error(ErrorCode::kInvalidArgument,
                "[text] the text is not valid UTF-8 at byte offset " + std::to_string(bad));

  std::vector<TokenId> ids;
  if (options.add_special && adds_bos()) ids.push_back(vocab_.bos);
  bool first = true;
  const bool once = vocab_.description && vocab_.description->space_prefix_once;
  const bool nfc = vocab_.description && vocab_.description->nfc;
  const SpecialTokens& special = options.parse_special ? special_->all : special_->user_defined;
  for (const Fragment& fragment : special.partition(text)) {
    if (fragment.id != kNoToken) {
      ids.push_back(fragment.id);
      first = !once;
      continue;
    }
    std::string_view plain = text.substr(fragment.begin, fragment.end - fragment.begin);
    std::string changed;
    if (!options.left_out.empty() && plain.find(options.left_out) != std::string_view::npos)
      plain = changed = without(plain, options.left_out);
    if (nfc) plain = changed = to_nfc(plain);
    encode_plain(plain, first, ids);
    first = false;
  }
  if (options.add_special && adds_eos()) ids.push_back(vocab_.eos);
  return ids;
}

std::string Tokenizer::without_control(std::string text, std::string_view mark) const {
  // Each turn leaves fewer: a mark may part one token's text and so bare another that overlapped.
  while (true) {
    std::string out;
    std::size_t done = 0;
    for (const Fragment& fragment : special_->all.partition(text)) {
      if (fragment.id == kNoToken || !is_control(fragment.id)) continue;
      const bool begins_character = (static_cast<unsigned char>(text[fragment.begin]) >> 6U) != 2;
      if (!begins_character) continue;
      const std::size_t n = utf8_size(text[fragment.begin]);
      // A token of one character cannot be parted.
      if (vocab_.tokens[static_cast<std::size_t>(fragment.id)].size() <= n) continue;
      out.append(text, done, fragment.begin + n - done).append(mark);
      done = fragment.begin + n;
    }
    if (done == 0) break;
    text = out.append(text, done);
  }
  return text;
}

std::string Tokenizer::decode(std::span<const TokenId> ids, bool special) const {
  std::string text;
  bool strips = strips_leading_space();
  for (const TokenId id : ids) {
    const std::string part = piece(id, special);
    const bool strip_here = strips && !is_control(id);
    text += std::string_view(part).substr(strip_here && part.starts_with(' ') ? 1 : 0);
    if (strip_here) strips = false;
  }
  if (find_invalid_utf8(text) == std::string_view::npos) return text;

  Detokenizer detokenizer(*this, true, special);
  text.clear();
  for (const TokenId id : ids) text += detokenizer.push(id);
  return text + detokenizer.flush();
}

std::unique_ptr<Tokenizer> make_tokenizer(Vocab vocab) {
  if (vocab.model != "llama" && vocab.model != "gpt2")
    throw Error(ErrorCode::kUnsupported,
                vocab_message(vocab, "model",
                              "\"" + vocab.model + "\" is not supported; known: gpt2, llama"));
  return vocab.model == "llama" ? make_sentencepiece(std::move(vocab))
                                : make_byte_bpe(std::move(vocab));
}

}  // namespace rocmforge::text
