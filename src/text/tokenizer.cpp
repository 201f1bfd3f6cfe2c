#include "text/tokenizer.h"

#include <algorithm>
#include <cctype>
#include <unordered_set>

#include "base/check.h"
#include "base/error.h"
#include "text/byte_bpe.h"
#include "text/control_guard.h"
#include "text/detokenizer.h"
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

// Far above what any model has; the tables that find them take 13 bytes for each.
constexpr std::size_t kMaxSpecialBytes = std::size_t{4} << 20;

std::vector<SpecialTokens::Entry> special_entries(const Vocab& vocab, bool user_defined,
                                                  bool control) {
  std::vector<SpecialTokens::Entry> entries;
  std::size_t n_bytes = 0;
  std::unordered_set<TokenId> left, right;
  if (vocab.description) {
    left.insert(vocab.description->strips_left.begin(), vocab.description->strips_left.end());
    right.insert(vocab.description->strips_right.begin(), vocab.description->strips_right.end());
  }
  for (std::size_t i = 0; i < vocab.tokens.size(); ++i) {
    const auto id = static_cast<TokenId>(i);
    const TokenType type = vocab.types[i];
    const bool is_control = type == TokenType::kControl || type == TokenType::kUnknown;
    if (!(type == TokenType::kUserDefined && user_defined) && !(is_control && control)) continue;
    // Bytes that are no characters stand in no text, but may within a character.
    if (find_invalid_utf8(vocab.tokens[i]) != std::string_view::npos) continue;
    n_bytes += vocab.tokens[i].size();
    entries.push_back({.id = id,
                       .text = vocab.tokens[i],
                       .strips_right = vocab.description ? right.contains(id)
                                                         : strips_right(vocab, vocab.tokens[i]),
                       .strips_left = left.contains(id),
                       .yields_to_mark = is_control});
  }
  if (n_bytes > kMaxSpecialBytes)
    throw Error(
        ErrorCode::kUnsupported,
        vocab_message(vocab, "tokens",
                      "the control and user-defined tokens have " + std::to_string(n_bytes) +
                          " bytes, more than " + std::to_string(kMaxSpecialBytes)));
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
  ControlGuard control;
};

Tokenizer::Tokenizer(Vocab vocab) : vocab_(std::move(vocab)), index_(complete_vocab(vocab_)) {
  auto ends = find_end_tokens(vocab_, index_);
  special_ = std::make_shared<const SpecialTable>(
      SpecialTable{.ends = std::move(ends),
                   .user_defined = SpecialTokens(special_entries(vocab_, true, false)),
                   .all = SpecialTokens(special_entries(vocab_, true, true)),
                   .control = ControlGuard(special_entries(vocab_, false, true))});
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
  const SpecialTokens& special = options.parse_special ? special_->all : special_->user_defined;
  for (const Fragment& fragment : special.partition(text, options.left_out)) {
    if (fragment.id != kNoToken) {
      ids.push_back(fragment.id);
      first = !once;
      continue;
    }
    std::string_view plain = text.substr(fragment.begin, fragment.end - fragment.begin);
    std::string changed;
    if (!options.left_out.empty() && plain.find(options.left_out) != std::string_view::npos)
      plain = changed = without(plain, options.left_out);
    if (plain.empty()) continue;
    encode_plain(plain, first, ids);
    first = false;
  }
  if (options.add_special && adds_eos()) ids.push_back(vocab_.eos);
  return ids;
}

std::string Tokenizer::without_control(std::string_view text, std::string_view mark) const {
  return special_->control.marked(text, mark, special_->user_defined);
}

void Tokenizer::keep_pieces(const std::function<std::string(const std::string& token)>& spell) {
  piece_ends_.reserve(vocab_.tokens.size());
  for (std::size_t i = 0; i < vocab_.tokens.size(); ++i) {
    const std::string& token = vocab_.tokens[i];
    switch (vocab_.types[i]) {
      case TokenType::kNormal:
        pieces_ += spell(token);
        break;
      case TokenType::kByte:
        pieces_ += static_cast<char>(byte_of_name(token));
        break;
      case TokenType::kControl:
      case TokenType::kUnknown:
      case TokenType::kUserDefined:
        pieces_ += token;
        break;
      case TokenType::kUndefined:
      case TokenType::kUnused:
        break;
    }
    piece_ends_.push_back(pieces_.size());
  }
}

std::string_view Tokenizer::piece_view(TokenId id, bool special) const {
  check(id >= 0, "a token id");
  if (id >= size() || (!special && is_control(id))) return {};
  const auto at = static_cast<std::size_t>(id);
  const std::size_t begin = at == 0 ? 0 : piece_ends_[at - 1];
  return std::string_view(pieces_).substr(begin, piece_ends_[at] - begin);
}

std::string Tokenizer::decode(std::span<const TokenId> ids, bool special) const {
  std::string text;
  bool strips = strips_leading_space();
  for (const TokenId id : ids) {
    const std::string_view part = piece_view(id, special);
    const bool strip_here = strips && !is_control(id);
    text += part.substr(strip_here && part.starts_with(' ') ? 1 : 0);
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
