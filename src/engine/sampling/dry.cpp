// P. E. Weidmann, "DRY": github.com/oobabooga/text-generation-webui/pull/5677. A token that n
// repeated tokens lead to loses multiplier * base^(n - allowed_length) of its logit.
#include "engine/sampling/dry.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/sampling/penalties.h"
#include "text/utf8.h"

namespace rocmforge::engine {
namespace {

// Tokens of a breaker after its first.
constexpr std::size_t kMaxTail = 20;

// The tails that `piece` leaves of `text` when its end is the beginning of it.
void add_tails(const text::Tokenizer& tokenizer, text::TokenId id, std::string_view piece,
               std::string_view text, DryBreakers& out) {
  for (std::size_t at = piece.find(text[0]); at != std::string_view::npos;
       at = piece.find(text[0], at + 1)) {
    const std::string_view begun = piece.substr(at);
    if (begun.size() >= text.size() || !text.starts_with(begun)) continue;
    const std::string_view rest = text.substr(begun.size());
    if (text::find_invalid_utf8(rest) != std::string_view::npos) continue;  // cut in a character
    std::vector<text::TokenId> tail =
        tokenizer.encode(rest, {.add_special = false, .parse_special = false});
    tail.resize(std::min(tail.size(), kMaxTail));
    std::vector<std::vector<text::TokenId>>& known = out[id];
    if (std::find(known.begin(), known.end(), tail) == known.end()) known.push_back(tail);
  }
}

}  // namespace

DryBreakers find_breakers(const text::Tokenizer& tokenizer, std::span<const std::string> texts) {
  DryBreakers out;
  for (text::TokenId id = 0; id < tokenizer.size(); ++id) {
    const std::string piece = tokenizer.piece(id, /*special=*/true);
    for (const std::string& text : texts) {
      if (piece.find(text) != std::string::npos) {
        out[id].emplace_back();
      } else {
        add_tails(tokenizer, id, piece, text, out);
      }
    }
  }
  return out;
}

bool is_dry(const SamplingParams& p) {
  return p.dry_multiplier != 0 && p.dry_base >= 1 && p.dry_last != 0;
}

std::shared_ptr<const DryBreakers> dry_breakers(const SamplingParams& params,
                                                const text::Tokenizer& tokenizer) {
  if (!is_dry(params)) return nullptr;
  return std::make_shared<const DryBreakers>(find_breakers(tokenizer, params.dry_breakers));
}

std::shared_ptr<const DryBreakers> BreakerCache::find(const SamplingParams& params,
                                                      const text::Tokenizer& tokenizer) {
  if (!is_dry(params)) return nullptr;
  const auto at = std::find_if(known_.begin(), known_.end(), [&](const Known& known) {
    return known.texts == params.dry_breakers;
  });
  if (at != known_.end()) {
    std::rotate(at, at + 1, known_.end());
  } else {
    if (known_.size() == kMost) known_.erase(known_.begin());
    known_.push_back({params.dry_breakers, engine::dry_breakers(params, tokenizer)});
  }
  return known_.back().breakers;
}

Dry::Dry(const SamplingParams& params, std::shared_ptr<const DryBreakers> breakers)
    : multiplier_(params.dry_multiplier),
      base_(params.dry_base),
      allowed_length_(params.dry_allowed_length),
      last_(is_dry(params) ? params.dry_last : 0),
      breakers_(std::move(breakers)) {}

std::int32_t Dry::limit(std::span<const text::TokenId> tokens) const {
  const auto n = static_cast<std::int32_t>(tokens.size());
  if (breakers_ == nullptr) return n;
  for (std::int32_t i = 0; i < n; ++i) {  // from the last token back
    const std::size_t at = tokens.size() - 1 - static_cast<std::size_t>(i);
    const auto found = breakers_->find(tokens[at]);
    if (found == breakers_->end()) continue;
    const std::span<const text::TokenId> after = tokens.subspan(at + 1);
    std::int32_t longest = -1;
    for (const std::vector<text::TokenId>& tail : found->second) {
      if (tail.size() > after.size() || !std::equal(tail.begin(), tail.end(), after.begin()))
        continue;
      longest = std::max(longest, static_cast<std::int32_t>(tail.size()));
    }
    if (longest >= 0) return i - longest;
  }
  return n;
}

bool Dry::breaks(text::TokenId id) const {
  if (breakers_ == nullptr) return false;
  const auto found = breakers_->find(id);
  if (found == breakers_->end()) return false;
  return std::any_of(found->second.begin(), found->second.end(),
                     [](const std::vector<text::TokenId>& tail) { return tail.empty(); });
}

// The "Z function" of the tokens in reverse (Gusfield, "Algorithms on strings, trees and
// sequences", 1.4): repeats_[k] tokens that end k before the end equal as many at the end.
void Dry::count_repeats(std::span<const text::TokenId> tokens) {
  const std::size_t n = tokens.size();
  const auto reversed = [&](std::size_t i) { return tokens[n - 1 - i]; };
  if (repeats_.capacity() < n) repeats_.reserve(2 * n);  // the tokens grow by one at a time
  repeats_.assign(n, 0);
  std::size_t left = 0, right = 0;  // the stretch found equal that reaches furthest
  for (std::size_t k = 1; k < n; ++k) {
    std::size_t same = 0;
    if (k < right) same = std::min(right - k, static_cast<std::size_t>(repeats_[k - left]));
    while (k + same < n && reversed(same) == reversed(k + same)) ++same;
    repeats_[k] = static_cast<std::int32_t>(same);
    if (k + same > right) {
      left = k;
      right = k + same;
    }
  }
}

void Dry::edits(std::span<const text::TokenId> history, std::vector<ir::LogitEdit>& out) {
  if (last_ == 0) return;
  const std::span<const text::TokenId> tokens = last_tokens(history, last_);
  const auto n = static_cast<std::int32_t>(tokens.size());
  if (n <= allowed_length_) return;
  const std::int32_t most = limit(tokens);
  if (most < allowed_length_) return;
  count_repeats(tokens);
  punished_.clear();
  for (std::int32_t k = 1; k < n; ++k) {
    const std::int32_t length = std::min(repeats_[static_cast<std::size_t>(k)], most);
    if (length < allowed_length_) continue;
    punished_.push_back({tokens[static_cast<std::size_t>(n - k)], length});
  }
  // The longest repetition of each token.
  std::sort(punished_.begin(), punished_.end(), [](const Punished& a, const Punished& b) {
    return a.token != b.token ? a.token < b.token : a.length > b.length;
  });
  const auto same = [](const Punished& a, const Punished& b) { return a.token == b.token; };
  punished_.erase(std::unique(punished_.begin(), punished_.end(), same), punished_.end());
  for (const Punished& p : punished_) {
    if (breaks(p.token)) continue;
    const double penalty = static_cast<double>(multiplier_) *
                           std::pow(static_cast<double>(base_), p.length - allowed_length_);
    constexpr double kMost = std::numeric_limits<float>::max();
    out.push_back(
        {.token = p.token, .penalty = 1, .bias = -static_cast<float>(std::min(penalty, kMost))});
  }
}

}  // namespace rocmforge::engine
