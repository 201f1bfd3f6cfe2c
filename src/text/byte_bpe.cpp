#include "text/byte_bpe.h"

#include <algorithm>
#include <array>
#include <bit>

#include "base/error.h"
#include "base/log.h"
#include "text/byte_alphabet.h"
#include "text/merge.h"
#include "text/pre_tokenizer.h"
#include "text/vocab_check.h"

namespace rocmforge::text {
namespace {

// (left, right) -> Merge, in one flat table.
class MergeTable {
 public:
  explicit MergeTable(std::size_t n) : slots_(std::bit_ceil(n * 2 + 2)) {}

  // The first of equal pairs stays.
  void insert(TokenId left, TokenId right, const Merge& merge) {
    Slot& slot = slots_[locate(key(left, right))];
    if (slot.key == kFree) slot = {key(left, right), merge};
  }
  Merge find(TokenId left, TokenId right) const {
    return slots_[locate(key(left, right))].merge;  // a free slot holds no merge
  }

 private:
  static constexpr std::uint64_t kFree = ~std::uint64_t{0};
  struct Slot {
    std::uint64_t key = kFree;
    Merge merge;
  };
  static std::uint64_t key(TokenId left, TokenId right) {
    return std::uint64_t{static_cast<std::uint32_t>(left)} << 32 |
           static_cast<std::uint32_t>(right);
  }
  // The slot of `key`, or the free one where it would go.
  std::size_t locate(std::uint64_t key) const {
    std::size_t i = static_cast<std::size_t>((key * 0x9e3779b97f4a7c15u) >> 20);
    for (;; ++i) {
      i &= slots_.size() - 1;
      if (slots_[i].key == key || slots_[i].key == kFree) return i;
    }
  }
  std::vector<Slot> slots_;
};

class ByteBpe final : public Tokenizer {
 public:
  ByteBpe(Vocab v, const PreTokenizerRow& row);

  std::string piece(TokenId id, bool special) const override;
  bool strips_leading_space() const override { return false; }

 protected:
  void encode_plain(std::string_view text, bool first, std::vector<TokenId>& out) const override;

 private:
  void read_merges();
  TokenId find_word(std::string_view word, std::string& spelled) const;

  PreTokenizer pre_tokenizer_;
  bool ignore_merges_;
  MergeTable merges_;
  std::array<TokenId, 256> bytes_{};
  std::array<std::string, 256> letters_;
  std::size_t longest_ = 0;
};

std::string quoted(std::string_view token) {
  std::string out(1, '"');
  out += token;
  out += '"';
  return out;
}

ByteBpe::ByteBpe(Vocab v, const PreTokenizerRow& row)
    : Tokenizer(std::move(v)),
      pre_tokenizer_(row),
      ignore_merges_(row.ignore_merges),
      merges_(vocab().merges.size()) {
  for (std::size_t byte = 0; byte < 256; ++byte) {
    letters_[byte] = byte_to_letter(static_cast<unsigned char>(byte));
    bytes_[byte] = find_token(letters_[byte]);
  }
  for (const std::string& token : vocab().tokens) longest_ = std::max(longest_, token.size());
  read_merges();
}

void ByteBpe::read_merges() {
  std::string joined;
  const auto refuse = [&](std::size_t i, const std::string& what) {
    throw Error(ErrorCode::kFormat, vocab_message(vocab(), "merges",
                                                  "entry " + std::to_string(i) + " \"" +
                                                      vocab().merges[i] + "\": " + what));
  };
  for (std::size_t i = 0; i < vocab().merges.size(); ++i) {
    const std::string& merge = vocab().merges[i];
    const std::size_t space = merge.empty() ? std::string::npos : merge.find(' ', 1);
    if (space == std::string::npos || space + 1 == merge.size())
      refuse(i, "not two tokens separated by a space");
    const auto id_of = [&](std::string_view token) {
      const TokenId id = find_token(token);
      if (id == kNoToken) refuse(i, quoted(token) + " is not a token");
      return id;
    };
    const TokenId left = id_of(std::string_view(merge).substr(0, space));
    const TokenId right = id_of(std::string_view(merge).substr(space + 1));
    joined.assign(merge).erase(space, 1);
    merges_.insert(left, right, {static_cast<std::uint32_t>(i), id_of(joined)});
  }
}

// The token that spells the whole of `word`, or kNoToken. `spelled` is working memory.
TokenId ByteBpe::find_word(std::string_view word, std::string& spelled) const {
  if (word.size() > longest_) return kNoToken;
  spelled.clear();
  for (const char c : word) spelled += letters_[static_cast<unsigned char>(c)];
  const TokenId id = find_token(spelled);
  return id != kNoToken && !is_control(id) ? id : kNoToken;
}

void ByteBpe::encode_plain(std::string_view text, bool /*first*/, std::vector<TokenId>& out) const {
  const auto find_merge = [&](const Symbol& left, const Symbol& right) {
    return merges_.find(left.id, right.id);
  };
  std::size_t n_lost = 0;
  unsigned char lost = 0;
  const auto emit = [&](const Symbol& symbol) {
    if (symbol.id != kNoToken) {
      out.push_back(symbol.id);
    } else {
      ++n_lost;
      lost = static_cast<unsigned char>(text[symbol.begin]);
    }
  };

  Merger merger;
  std::string spelled;
  std::uint32_t begin = 0;
  for (const std::uint32_t end : pre_tokenizer_.split(text)) {
    if (ignore_merges_) {
      const TokenId id = find_word(text.substr(begin, end - begin), spelled);
      if (id != kNoToken) {
        out.push_back(id);
        begin = end;
        continue;
      }
    }
    merger.clear();
    for (; begin < end; ++begin)
      merger.add({bytes_[static_cast<unsigned char>(text[begin])], begin, begin + 1});
    merger.run(find_merge, emit);
  }
  if (n_lost > 0)
    log(LogLevel::kWarn,
        vocab_message(vocab(), "tokens",
                      "no token for " + std::to_string(n_lost) + " bytes of the text (byte " +
                          std::to_string(lost) + " the last); left out"));
}

std::string ByteBpe::piece(TokenId id, bool special) const {
  const TokenType kind = type(id);
  if (id >= size()) return {};
  const std::string& token = vocab().tokens[static_cast<std::size_t>(id)];
  switch (kind) {
    case TokenType::kControl:
    case TokenType::kUnknown:
      return special ? token : "";
    case TokenType::kUserDefined:
      return token;
    case TokenType::kByte:
      return std::string(1, static_cast<char>(byte_of_name(token)));
    case TokenType::kNormal:
      return spelled_bytes(token).value_or(token);
    case TokenType::kUndefined:
    case TokenType::kUnused:
      break;
  }
  return "";
}

}  // namespace

std::unique_ptr<Tokenizer> make_byte_bpe(Vocab vocab) {
  const PreTokenizerRow* row = find_pre_tokenizer(vocab.pre.empty() ? "default" : vocab.pre);
  if (row == nullptr)
    throw Error(ErrorCode::kUnsupported,
                vocab_message(vocab, "pre",
                              "pre-tokenizer \"" + vocab.pre +
                                  "\" is not supported; known: " + known_pre_tokenizers() +
                                  ", with aliases in docs/tokenizers.md. Where the model splits "
                                  "as one of them: --override-kv tokenizer.ggml.pre=str:NAME"));
  if (vocab.add_bos < 0) vocab.add_bos = row->add_bos && vocab.bos != kNoToken;
  return std::make_unique<ByteBpe>(std::move(vocab), *row);
}

}  // namespace rocmforge::text
