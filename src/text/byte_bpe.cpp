#include "text/byte_bpe.h"

#include <algorithm>
#include <array>
#include <bit>
#include <utility>

#include "base/error.h"
#include "base/log.h"
#include "text/byte_alphabet.h"
#include "text/merge.h"
#include "text/merge_table.h"
#include "text/pre_tokenizer.h"
#include "text/vocab_check.h"

namespace rocmforge::text {
namespace {

// The words of one text that have been seen, each where it stood last: most come again. A word that
// takes another's place costs time, and nothing else.
class SeenWords {
 public:
  struct Slot {
    std::uint32_t begin = 0, size = 0;      // of the text; size 0: free
    std::uint32_t first_id = 0, n_ids = 0;  // of what was put out
  };
  static constexpr std::size_t kLongest = 32;

  explicit SeenWords(std::string_view text)
      : text_(text),
        slots_(std::bit_ceil(std::clamp<std::size_t>(text.size() / 16, 16, 1 << 14))) {}

  // Where `size` bytes at `begin` belong; `is_there` when the slot has that word.
  Slot& find(std::uint32_t begin, std::uint32_t size, bool& is_there) {
    const std::string_view word = text_.substr(begin, size);
    std::uint64_t hash = size;
    for (const char c : word) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
    Slot& slot = slots_[(hash ^ hash >> 29) & (slots_.size() - 1)];
    is_there = slot.size == size && text_.substr(slot.begin, size) == word;
    return slot;
  }

 private:
  std::string_view text_;
  std::vector<Slot> slots_;
};

class ByteBpe final : public Tokenizer {
 public:
  ByteBpe(Vocab v, PreTokenizer pre_tokenizer, bool ignore_merges);

  bool strips_leading_space() const override { return false; }

 protected:
  void encode_plain(std::string_view text, bool first, std::vector<TokenId>& out) const override;

 private:
  TokenId find_word(std::string_view word, std::string& spelled) const;

  PreTokenizer pre_tokenizer_;
  bool ignore_merges_;
  MergeTable merges_;
  std::array<TokenId, 256> bytes_{};
  std::array<std::string, 256> letters_;
  std::size_t longest_ = 0;
};

ByteBpe::ByteBpe(Vocab v, PreTokenizer pre_tokenizer, bool ignore_merges)
    : Tokenizer(std::move(v)),
      pre_tokenizer_(std::move(pre_tokenizer)),
      ignore_merges_(ignore_merges),
      merges_(read_merges(vocab(), [this](std::string_view token) { return find_token(token); })) {
  for (std::size_t byte = 0; byte < 256; ++byte) {
    letters_[byte] = byte_to_letter(static_cast<unsigned char>(byte));
    bytes_[byte] = find_token(letters_[byte]);
  }
  for (const std::string& token : vocab().tokens) longest_ = std::max(longest_, token.size());
  keep_pieces([](const std::string& token) { return spelled_bytes(token).value_or(token); });
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
  SeenWords seen(text);
  std::uint32_t begin = 0;
  for (const std::uint32_t end : pre_tokenizer_.split(text)) {
    const std::uint32_t size = end - begin;
    const std::uint32_t word = std::exchange(begin, end);
    if (size == 1 && !ignore_merges_) {
      emit({bytes_[static_cast<unsigned char>(text[word])], word, end});
      continue;
    }
    bool is_there = false;
    SeenWords::Slot* slot =
        size <= SeenWords::kLongest ? &seen.find(word, size, is_there) : nullptr;
    if (is_there) {
      for (std::uint32_t i = 0; i < slot->n_ids; ++i) {
        const TokenId id = out[slot->first_id + i];
        out.push_back(id);
      }
      continue;
    }
    const std::size_t before = out.size(), lost_before = n_lost;
    const TokenId whole = ignore_merges_ ? find_word(text.substr(word, size), spelled) : kNoToken;
    if (whole != kNoToken) {
      out.push_back(whole);
    } else {
      merger.clear();
      merger.reserve(size);
      for (std::uint32_t at = word; at < end; ++at)
        merger.add({bytes_[static_cast<unsigned char>(text[at])], at, at + 1});
      merger.run(find_merge, emit);
    }
    if (slot != nullptr && n_lost == lost_before)
      *slot = {.begin = word,
               .size = size,
               .first_id = static_cast<std::uint32_t>(before),
               .n_ids = static_cast<std::uint32_t>(out.size() - before)};
  }
  if (n_lost > 0)
    log(LogLevel::kWarn,
        vocab_message(vocab(), "tokens",
                      "no token for " + std::to_string(n_lost) + " bytes of the text (byte " +
                          std::to_string(lost) + " the last); left out"));
}

}  // namespace

std::unique_ptr<Tokenizer> make_byte_bpe(Vocab vocab) {
  if (vocab.description) {
    PreTokenizer pre_tokenizer(vocab.description->patterns);
    const bool ignore_merges = vocab.description->ignore_merges;
    return std::make_unique<ByteBpe>(std::move(vocab), std::move(pre_tokenizer), ignore_merges);
  }
  const PreTokenizerRow* row = find_pre_tokenizer(vocab.pre.empty() ? "default" : vocab.pre);
  if (row == nullptr)
    throw Error(ErrorCode::kUnsupported,
                vocab_message(vocab, "pre",
                              "pre-tokenizer \"" + vocab.pre +
                                  "\" is not supported; known: " + known_pre_tokenizers() +
                                  ", with aliases in docs/tokenizers.md. Where the model splits "
                                  "as one of them: --override-kv tokenizer.ggml.pre=str:NAME"));
  if (vocab.add_bos < 0) vocab.add_bos = row->add_bos && vocab.bos != kNoToken;
  return std::make_unique<ByteBpe>(std::move(vocab), PreTokenizer(*row), row->ignore_merges);
}

}  // namespace rocmforge::text
