// What the sampling ops share: a slice of a row's logits made ready, its greatest, its draws.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>

#include "backend/cpu/ops/call.h"
#include "base/random.h"

namespace rocmforge::cpu {

inline constexpr float kMinusInfinity = -std::numeric_limits<float>::infinity();

// Rows are worked on in slices of this many tokens, whatever the number of threads: 32 KiB.
inline constexpr std::int64_t kSampleSlice = 8192;

inline std::int64_t n_slices(std::int64_t vocab) {
  return (vocab + kSampleSlice - 1) / kSampleSlice;
}

// The step's parts that say what the head's rows want.
struct SampleStep {
  explicit SampleStep(const Run& run)
      : params(run.at_step<ir::SampleParams>(run.layout->samples)),
        edits(run.at_step<ir::LogitEdit>(run.layout->edits)),
        masks(run.at_step<std::uint32_t>(run.layout->masks)),
        mask_words(run.layout->limits.mask_words),
        max_edits(run.layout->limits.max_edits) {}
  const ir::SampleParams* params;
  const ir::LogitEdit* edits;
  const std::uint32_t* masks;
  std::int32_t mask_words, max_edits;
};

// Tokens [begin, begin + n) of a row's logits, edited and masked, into y; NaN becomes -inf.
void edit_slice(const SampleStep& step, const ir::SampleParams& params, const float* logits,
                std::int64_t begin, std::int64_t n, float* y);

// A logit and its token as one number: the greater is the better one, equal logits go by lower id.
inline std::uint64_t key_of(float logit, std::int64_t token) {
  const auto bits = std::bit_cast<std::uint32_t>(logit + 0.0F);  // -0 is 0
  const std::uint32_t order = (bits & 0x80000000U) != 0 ? ~bits : bits | 0x80000000U;
  return std::uint64_t{order} << 32 | static_cast<std::uint32_t>(~token);
}
inline float logit_of(std::uint64_t key) {
  const auto order = static_cast<std::uint32_t>(key >> 32);
  return std::bit_cast<float>((order & 0x80000000U) != 0 ? order & 0x7fffffffU : ~order);
}
inline std::int32_t token_of(std::uint64_t key) {
  return static_cast<std::int32_t>(~static_cast<std::uint32_t>(key));
}

// Keeps the k best of all that it is offered, in kRoom numbers of the caller's memory.
class Best {
 public:
  static constexpr std::int64_t kRoom = 1024;
  Best(std::uint64_t* keys, std::int64_t k) : keys_(keys), k_(k) {}

  void offer(float logit, std::int64_t token) {
    if (logit > kMinusInfinity && !(logit < least_)) add(key_of(logit, token));
  }
  void add(std::uint64_t key) {
    if (n_ == kRoom) prune();
    keys_[n_++] = key;
  }
  // Best first; how many there are.
  std::int64_t finish() {
    if (n_ > k_) prune();
    std::sort(keys_, keys_ + n_, std::greater<>());
    return n_;
  }

 private:
  void prune() {
    std::nth_element(keys_, keys_ + k_ - 1, keys_ + n_, std::greater<>());
    n_ = k_;
    least_ = logit_of(keys_[k_ - 1]);
  }
  std::uint64_t* keys_;
  std::int64_t k_;
  std::int64_t n_ = 0;
  float least_ = kMinusInfinity;
};

// The token that SampleMode::kAll draws of [begin, begin + n); `begin` is a multiple of 4.
Pick pick_slice(const Elementwise& e, const ir::SampleParams& params, const float* x,
                std::int64_t begin, std::int64_t n);

// Candidates of SampleMode::kCandidates, best first.
struct Candidates {
  const float* values;
  const std::int32_t* tokens;
  std::int32_t n;
  bool complete;     // no token above -inf is left out
  double exp_total;  // sum over all tokens of exp(logit - values[0]); read where top_k is 0
};
std::int32_t choose(const ir::SampleParams& params, const Candidates& c);

}  // namespace rocmforge::cpu
