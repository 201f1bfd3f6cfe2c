#include "text/byte_bpe.h"

#include <algorithm>
#include <array>
#include <bit>
#include <unordered_map>

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
  void read_merges(const std::unordered_map<std::string_view, TokenId>& ids);

  PreTokenizer pre_tokenizer_;
  bool ignore_merges_;
  MergeTable merges_;
  std::array<TokenId, 256> bytes_{};
  std::unordered_map<std::string, TokenId> words_;  // spelled bytes -> token, for ignore_merges
  std::size_t longest_ = 0;
};

ByteBpe::ByteBpe(Vocab v, const PreTokenizerRow& row)
    : Tokenizer(std::move(v)),
      pre_tokenizer_(row),
      ignore_merges_(row.ignore_merges),
      merges_(vocab().merges.size()) {
  std::unordered_map<std::string_view, TokenId> ids;
  ids.reserve(vocab().tokens.size());
  for (TokenId id = 0; id < size(); ++id) {
    const std::string& token = vocab().tokens[static_cast<std::size_t>(id)];
    if (token.empty()) continue;
    ids.emplace(token, id);
    if (!ignore_merges_ || is_control(id)) continue;
    if (auto bytes = spelled_bytes(token)) {
      longest_ = std::max(longest_, bytes->size());
      words_.emplace(*std::move(bytes), id);
    }
  }
  for (std::size_t byte = 0; byte < 256; ++byte) {
    const auto found = ids.find(byte_to_letter(static_cast<unsigned char>(byte)));
    bytes_[byte] = found == ids.end() ? kNoToken : found->second;
  }
  read_merges(ids);
}

void ByteBpe::read_merges(const std::unordered_map<std::string_view, TokenId>& ids) {
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
    const auto id_of = [&](const std::string& token) {
      const auto found = ids.find(token);
      if (found == ids.end()) refuse(i, "\"" + token + "\" is not a token");
      return found->second;
    };
    const std::string left = merge.substr(0, space), right = merge.substr(space + 1);
    merges_.insert(id_of(left), id_of(right), {static_cast<std::uint32_t>(i), id_of(left + right)});
  }
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
  std::uint32_t begin = 0;
  for (const std::uint32_t end : pre_tokenizer_.split(text)) {
    if (ignore_merges_ && end - begin <= longest_) {
      const auto word = words_.find(std::string(text.substr(begin, end - begin)));
      if (word != words_.end()) {
        out.push_back(word->second);
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
                                  "\" is not supported; known: " + known_pre_tokenizers()));
  if (vocab.add_bos < 0) vocab.add_bos = row->add_bos && vocab.bos != kNoToken;
  if (vocab.add_eos < 0) vocab.add_eos = 0;
  return std::make_unique<ByteBpe>(std::move(vocab), *row);
}

}  // namespace rocmforge::text
