#include "text/sentencepiece.h"

#include <algorithm>
#include <array>
#include <bit>
#include <functional>

#include "base/error.h"
#include "text/merge.h"
#include "text/merge_table.h"
#include "text/utf8.h"
#include "text/vocab_check.h"

namespace rocmforge::text {
namespace {

constexpr std::string_view kSpaceMark = "\u2581";
constexpr char32_t kSpaceMarkCode = 0x2581;

// Which characters stand side by side within some token. Between two that never do, no merge can
// reach across: the text may be cut there, exactly. A bit for each hash: a collision only leaves a
// cut out.
class Neighbours {
 public:
  explicit Neighbours(const std::vector<std::string_view>& tokens) {
    std::size_t n_pairs = 1;
    for (const std::string_view token : tokens) n_pairs += token.size();
    bits_.resize(std::bit_ceil(n_pairs * 16));
    for (const std::string_view token : tokens)
      for (std::size_t i = utf8_size(token[0]), before = 0; i < token.size();
           before = i, i += utf8_size(token[i]))
        bits_[slot(utf8_decode(token, before), utf8_decode(token, i))] = true;
  }

  bool may_join(char32_t left, char32_t right) const { return bits_[slot(left, right)]; }

 private:
  std::size_t slot(char32_t left, char32_t right) const {
    const std::uint64_t pair = std::uint64_t{left} << 32 | right;
    return static_cast<std::size_t>((pair * 0x9e3779b97f4a7c15u) >> 20) & (bits_.size() - 1);
  }
  std::vector<bool> bits_;
};

// The text of a token: spaces for the marks.
std::string with_spaces(const std::string& token) {
  std::string text;
  for (std::size_t pos = 0; pos < token.size();) {
    if (token.compare(pos, kSpaceMark.size(), kSpaceMark) == 0) {
      text += ' ';
      pos += kSpaceMark.size();
    } else {
      text += token[pos++];
    }
  }
  return text;
}

class SentencePiece final : public Tokenizer {
 public:
  explicit SentencePiece(Vocab v);

  bool strips_leading_space() const override { return vocab().add_space_prefix != 0; }

 protected:
  void encode_plain(std::string_view text, bool first, std::vector<TokenId>& out) const override;

 private:
  bool is_matchable(TokenId id) const;
  std::vector<std::string_view> matchable() const;
  TokenId find(std::string_view text) const;
  std::string normalized(std::string_view text, bool first) const;
  void put_bytes(std::string_view character, std::vector<TokenId>& out) const;

  // By token: 0 for the best score, equal ones share a rank; kNoMerge for what no text becomes.
  std::vector<std::uint32_t> ranks_;
  std::array<TokenId, 256> bytes_{};
  std::size_t longest_ = 0;
  bool by_merges_;     // of a tokenizer.json
  MergeTable merges_;  // for those
  Neighbours neighbours_;
};

// Control, unknown and byte tokens stand for no text of their own, as in SentencePiece itself.
bool SentencePiece::is_matchable(TokenId id) const {
  return !is_control(id) && type(id) != TokenType::kByte;
}

std::vector<std::string_view> SentencePiece::matchable() const {
  std::vector<std::string_view> tokens;
  for (TokenId id = 0; id < size(); ++id) {
    const std::string& token = vocab().tokens[static_cast<std::size_t>(id)];
    if (!token.empty() && is_matchable(id) && find_invalid_utf8(token) == std::string_view::npos)
      tokens.push_back(token);
  }
  return tokens;
}

SentencePiece::SentencePiece(Vocab v)
    : Tokenizer(std::move(v)),
      by_merges_(vocab().description.has_value()),
      neighbours_(matchable()) {
  keep_pieces(with_spaces);
  bytes_.fill(kNoToken);
  for (TokenId id = 0; id < size(); ++id) {
    const std::string& token = vocab().tokens[static_cast<std::size_t>(id)];
    longest_ = std::max(longest_, token.size());
    if (const int byte = byte_of_name(token); byte >= 0)
      bytes_[static_cast<std::size_t>(byte)] = id;
  }

  if (by_merges_) {
    merges_ = read_merges(vocab(), [this](std::string_view token) { return find_token(token); });
    ranks_.assign(vocab().tokens.size(), kNoMerge);
    for (TokenId id = 0; id < size(); ++id)
      if (is_matchable(id)) ranks_[static_cast<std::size_t>(id)] = 0;
    return;
  }
  std::vector<float> order = vocab().scores;
  std::sort(order.begin(), order.end(), std::greater<>());
  order.erase(std::unique(order.begin(), order.end()), order.end());
  ranks_.assign(vocab().tokens.size(), kNoMerge);
  for (TokenId id = 0; id < size(); ++id) {
    if (!is_matchable(id)) continue;
    const auto at = std::lower_bound(
        order.begin(), order.end(), vocab().scores[static_cast<std::size_t>(id)], std::greater<>());
    ranks_[static_cast<std::size_t>(id)] = static_cast<std::uint32_t>(at - order.begin());
  }
}

TokenId SentencePiece::find(std::string_view text) const {
  if (text.size() > longest_) return kNoToken;
  const TokenId id = find_token(text);
  return id != kNoToken && ranks_[static_cast<std::size_t>(id)] != kNoMerge ? id : kNoToken;
}

void SentencePiece::put_bytes(std::string_view character, std::vector<TokenId>& out) const {
  const auto has_token = [&](char c) { return bytes_[static_cast<unsigned char>(c)] != kNoToken; };
  if (std::all_of(character.begin(), character.end(), has_token)) {
    for (const char c : character) out.push_back(bytes_[static_cast<unsigned char>(c)]);
  } else if (vocab().unk != kNoToken) {
    out.push_back(vocab().unk);
  } else {
    throw Error(ErrorCode::kInvalidArgument,
                vocab_message(vocab(), "tokens",
                              "no token for \"" + std::string(character) +
                                  "\", none for its bytes, and no unknown token"));
  }
}

// With the space prefix, spaces as the vocabulary writes them, and none but single ones within the
// text where the file wants extra ones removed.
std::string SentencePiece::normalized(std::string_view text, bool first) const {
  const bool squeeze = vocab().remove_extra_whitespaces > 0;
  if (squeeze) {
    const std::size_t begin = text.find_first_not_of(' ');
    if (begin == std::string_view::npos) return "";
    text = text.substr(begin, text.find_last_not_of(' ') + 1 - begin);
  }
  std::string marked;
  marked.reserve(text.size() + kSpaceMark.size());
  if (first && vocab().add_space_prefix != 0) marked += kSpaceMark;
  char before = '\0';
  for (const char c : text) {
    if (c != ' ') {
      marked += c;
    } else if (!squeeze || before != ' ') {
      marked += kSpaceMark;
    }
    before = c;
  }
  return marked;
}

void SentencePiece::encode_plain(std::string_view text, bool first,
                                 std::vector<TokenId>& out) const {
  const std::string marked = normalized(text, first);
  const std::string_view all = marked;
  const bool splits = vocab().description && vocab().description->splits_at_spaces;
  const auto find_merge = [&](const Symbol& left, const Symbol& right) {
    if (by_merges_) return merges_.find(left.id, right.id);
    const TokenId id = find(all.substr(left.begin, right.end - left.begin));
    return id == kNoToken ? Merge{} : Merge{ranks_[static_cast<std::size_t>(id)], id};
  };
  const auto emit = [&](const Symbol& symbol) {
    if (symbol.id != kNoToken) {
      out.push_back(symbol.id);
    } else {
      put_bytes(all.substr(symbol.begin, symbol.end - symbol.begin), out);
    }
  };

  Merger merger;
  char32_t before = 0;
  for (std::size_t pos = 0; pos < all.size();) {
    const std::size_t end = pos + utf8_size(all[pos]);
    const char32_t code = utf8_decode(all, pos);
    if (pos > 0 && ((splits && code == kSpaceMarkCode) || !neighbours_.may_join(before, code))) {
      merger.run(find_merge, emit);
      merger.clear();
    }
    merger.add({find(all.substr(pos, end - pos)), static_cast<std::uint32_t>(pos),
                static_cast<std::uint32_t>(end)});
    before = code;
    pos = end;
  }
  merger.run(find_merge, emit);
}

}  // namespace

std::unique_ptr<Tokenizer> make_sentencepiece(Vocab vocab) {
  return std::make_unique<SentencePiece>(std::move(vocab));
}

}  // namespace rocmforge::text
