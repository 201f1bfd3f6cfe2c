#include "text/detokenizer.h"

#include <algorithm>
#include <utility>

#include "text/utf8.h"

namespace rocmforge::text {

Detokenizer::Detokenizer(const Tokenizer& tokenizer, bool at_start, bool special,
                         std::vector<TokenId> shown)
    : tokenizer_(tokenizer),
      strip_space_(at_start && tokenizer.strips_leading_space()),
      special_(special),
      shown_(std::move(shown)) {}

std::string Detokenizer::push(TokenId id) {
  const bool special = special_ || std::find(shown_.begin(), shown_.end(), id) != shown_.end();
  std::string_view piece = tokenizer_.piece_view(id, special);
  if (strip_space_ && !tokenizer_.is_control(id)) {
    if (piece.starts_with(' ')) piece.remove_prefix(1);
    strip_space_ = false;
  }
  pending_ += piece;

  std::string out;
  std::size_t pos = 0;
  while (pos < pending_.size()) {
    const Utf8Step step = utf8_step(pending_, pos);
    if (step.kind == Utf8Kind::kIncomplete) break;
    if (step.kind == Utf8Kind::kCharacter) {
      out.append(pending_, pos, step.size);
    } else {
      out += kReplacementCharacter;
    }
    pos += step.size;
  }
  pending_.erase(0, pos);
  return out;
}

std::string Detokenizer::flush() {
  if (pending_.empty()) return "";
  pending_.clear();  // at most one character that was not completed
  return std::string(kReplacementCharacter);
}

}  // namespace rocmforge::text
