// text <-> token ids.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "text/vocab.h"
#include "text/vocab_check.h"

namespace rocmforge::text {

struct EncodeOptions {
  bool add_special = true;     // BOS and EOS, as the file says
  bool parse_special = false;  // control tokens' text in the input becomes the token
  // Taken out of the text once special tokens have been looked for (without_control). Empty: none.
  std::string_view left_out = {};
};

// The longest text that encode() takes.
inline constexpr std::size_t kMaxTextBytes = std::size_t{1} << 29;

// Immutable after construction: encode() and the rest may be called from any thread.
class Tokenizer {
 public:
  virtual ~Tokenizer() = default;
  Tokenizer(const Tokenizer&) = delete;
  Tokenizer& operator=(const Tokenizer&) = delete;

  // `text` is UTF-8. Throws Error{kInvalidArgument} naming the byte offset when it is not, when it
  // is longer than kMaxTextBytes, or when a byte has no token and there is no unknown token; never
  // a silent replacement. (A byte that a byte-level vocabulary lacks is left out, as in the
  // models' own tokenizers, and logged.) Memory and time are linear in the text (times a
  // logarithm). Without parse_special, control tokens come of no text, user-defined ones do.
  std::vector<TokenId> encode(std::string_view text, const EncodeOptions& options) const;

  // `text` with `mark` put into the text of each control token in it, or of part of one, so that
  // encode() finds none, and takes the marks out again, with parse_special and left_out = mark.
  // User-defined tokens stay as they are. See control_guard.h.
  std::string without_control(std::string_view text, std::string_view mark) const;

  // The bytes that a token stands for in a text: the space mark turned to a space, byte tokens to
  // their byte. A control or unknown token gives nothing unless `special`; an unused one never
  // gives anything. Not necessarily whole characters. An id from size() on, of an embedding's
  // padding, is an unused one's.
  std::string_view piece_view(TokenId id, bool special) const;
  std::string piece(TokenId id, bool special) const { return std::string(piece_view(id, special)); }

  // The text of a sequence from its beginning: pieces, less the space prefix that encode adds, with
  // U+FFFD for what is no character (see Detokenizer).
  std::string decode(std::span<const TokenId> ids, bool special) const;

  // As checked and completed: types filled in, default special ids set.
  const Vocab& vocab() const { return vocab_; }
  std::int32_t size() const { return static_cast<std::int32_t>(vocab_.tokens.size()); }
  bool is_end_of_generation(TokenId id) const;  // EOS, EOT, EOM and the names that mean the same
  bool is_control(TokenId id) const;            // control or unknown: shown only when `special`
  TokenId find_token(std::string_view text) const;  // of whatever type; kNoToken when none
  bool adds_bos() const { return vocab_.add_bos > 0; }
  bool adds_eos() const { return vocab_.add_eos > 0; }
  // True when decode() drops one leading space of the first piece that is no control token's.
  virtual bool strips_leading_space() const = 0;

 protected:
  // Completes and checks the vocabulary (vocab_check.h).
  explicit Tokenizer(Vocab vocab);
  TokenType type(TokenId id) const;  // from size() on: unused
  // Once, at the end of construction: each normal token's bytes, as spell(token) gives them.
  void keep_pieces(const std::function<std::string(const std::string& token)>& spell);
  // The ids of a stretch of plain text that holds no special token; `first` when it opens the text
  // or follows a special token.
  virtual void encode_plain(std::string_view text, bool first, std::vector<TokenId>& out) const = 0;

 private:
  struct SpecialTable;
  Vocab vocab_;
  TokenIndex index_;  // views into vocab_
  std::shared_ptr<const SpecialTable> special_;
  std::string pieces_;  // of all tokens, one behind the other
  std::vector<std::size_t> piece_ends_;
};

// Chooses by vocab.model and vocab.pre (empty: "default"). Error{kUnsupported} naming an unknown
// model or pre-tokenizer (with the list of known ones), kFormat for tables that contradict each
// other; each names vocab.source and the key.
std::unique_ptr<Tokenizer> make_tokenizer(Vocab vocab);

}  // namespace rocmforge::text
