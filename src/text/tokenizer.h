// text <-> token ids.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "text/vocab.h"

namespace rocmforge::text {

struct EncodeOptions {
  bool add_special = true;     // BOS and EOS, as the file says
  bool parse_special = false;  // control tokens' text in the input becomes the token
};

// Immutable after construction: encode() and the rest may be called from any thread.
class Tokenizer {
 public:
  virtual ~Tokenizer() = default;

  // `text` is UTF-8. Throws Error{kInvalidArgument} naming the byte offset when it is not; never a
  // silent replacement. Memory and time are linear in the text (times a logarithm).
  std::vector<TokenId> encode(std::string_view text, const EncodeOptions& options) const;

  // The bytes that a token stands for in a text: the space mark turned to a space, byte tokens to
  // their byte. A control token gives nothing unless `special`. Not necessarily whole characters.
  virtual std::string piece(TokenId id, bool special) const = 0;

  // The text of a sequence from its beginning: pieces, less the space prefix that encode adds.
  std::string decode(std::span<const TokenId> ids, bool special) const;

  const Vocab& vocab() const { return vocab_; }
  std::int32_t size() const { return static_cast<std::int32_t>(vocab_.tokens.size()); }
  bool is_end_of_generation(TokenId id) const;  // EOS, EOT, EOM and the names that mean the same
  bool is_control(TokenId id) const;
  bool adds_bos() const;
  bool adds_eos() const;
  // True when decode() drops one leading space of a sequence's first piece.
  virtual bool strips_leading_space() const = 0;

 protected:
  explicit Tokenizer(Vocab vocab);
  // The ids of a stretch of plain text that holds no special token; `first` when it opens the text
  // or follows a special token.
  virtual void encode_plain(std::string_view text, bool first, std::vector<TokenId>& out) const = 0;

 private:
  struct SpecialTable;
  Vocab vocab_;
  std::shared_ptr<const SpecialTable> special_;
};

// Chooses by vocab.model and vocab.pre. Error{kUnsupported} naming an unknown model or
// pre-tokenizer (with the list of known ones), kFormat for tables that contradict each other.
std::unique_ptr<Tokenizer> make_tokenizer(Vocab vocab);

}  // namespace rocmforge::text
