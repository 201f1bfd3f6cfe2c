// DRY ("don't repeat yourself"): a token that would go on with a repetition of what came before
// becomes the less likely, the longer the repetition is.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "engine/sampling/params.h"
#include "ir/step.h"
#include "text/tokenizer.h"

namespace rocmforge::engine {

// Sequence breakers as tokens: by first token, what is to follow it. A repetition is not counted
// over one.
using DryBreakers = std::unordered_map<text::TokenId, std::vector<std::vector<text::TokenId>>>;

// Every way in which a token can hold, or begin, one of the texts. Looks at the whole vocabulary.
DryBreakers find_breakers(const text::Tokenizer& tokenizer, std::span<const std::string> texts);

// Whether DRY changes anything.
bool is_dry(const SamplingParams& params);
// The breakers that `params` asks for; null where DRY is off.
std::shared_ptr<const DryBreakers> dry_breakers(const SamplingParams& params,
                                                const text::Tokenizer& tokenizer);

// The breakers of one tokenizer, by their texts: those asked for last are kept.
class BreakerCache {
 public:
  // As dry_breakers(); always with the same tokenizer.
  std::shared_ptr<const DryBreakers> find(const SamplingParams& params,
                                          const text::Tokenizer& tokenizer);

 private:
  static constexpr std::size_t kMost = 16;
  struct Known {
    std::vector<std::string> texts;
    std::shared_ptr<const DryBreakers> breakers;
  };
  std::vector<Known> known_;  // the last asked for comes last
};

class Dry {
 public:
  Dry(const SamplingParams& params, std::shared_ptr<const DryBreakers> breakers);
  // Appends an edit, a bias, for each token that is punished, by token. Linear in the tokens that
  // are looked at.
  void edits(std::span<const text::TokenId> history, std::vector<ir::LogitEdit>& out);

 private:
  // Of the tokens before, the last first: so many may count as repeated.
  std::int32_t limit(std::span<const text::TokenId> recent) const;
  bool breaks(text::TokenId id) const;
  void count_repeats(std::span<const text::TokenId> tokens);

  float multiplier_, base_;
  std::int32_t allowed_length_, last_;
  std::shared_ptr<const DryBreakers> breakers_;  // may be null
  // Kept between calls. repeats_[k]: how many tokens before the k-th last are those at the end.
  std::vector<std::int32_t> repeats_;
  struct Punished {
    text::TokenId token;
    std::int32_t length;
  };
  std::vector<Punished> punished_;
};

}  // namespace rocmforge::engine
