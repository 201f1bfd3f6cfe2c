#include "engine/sampling/mirostat.h"

#include <algorithm>
#include <cmath>

#include "engine/sampling/samplers.h"

namespace rocmforge::engine {
namespace {

// Likeliest tokens that Zipf's exponent is fitted to; the paper's m.
constexpr std::size_t kFitted = 100;

}  // namespace

Mirostat::Mirostat(const SamplingParams& params, std::int64_t n_vocab)
    : version_(params.mirostat),
      tau_(static_cast<double>(params.mirostat_tau)),
      eta_(static_cast<double>(params.mirostat_eta)),
      n_vocab_(static_cast<double>(n_vocab)),
      mu_(2 * tau_) {}

// The paper's algorithm 1: s by least squares of ln p against ln rank, then the k whose expected
// surprise is mu.
std::size_t Mirostat::zipf_count(const Candidates& c, const Weights& w) const {
  double product = 0, square = 0;
  for (std::size_t i = 0; i + 1 < std::min(kFitted, c.size()); ++i) {
    const double t = std::log(static_cast<double>(i + 2) / static_cast<double>(i + 1));
    const double b = std::log(w.weight[i] / w.weight[i + 1]);
    product += t * b;
    square += t * t;
  }
  const double s = product / square;
  const double epsilon = s - 1;
  const double k = std::pow(epsilon * std::exp2(mu_) / (1 - std::pow(n_vocab_, -epsilon)), 1 / s);
  if (!(k >= 1)) return 1;  // and where the fit fails
  return k < static_cast<double>(c.size()) ? static_cast<std::size_t>(k) : c.size();
}

void Mirostat::cut(Candidates& c) const {
  c.sort();
  const Weights& w = weights_of(c);
  if (version_ == 1) {
    c.keep_best(zipf_count(c, w));
    return;
  }
  std::size_t kept = 0;
  while (kept < c.size() && -std::log2(w.share(kept)) <= mu_) ++kept;
  c.keep_best(std::max<std::size_t>(kept, 1));
}

void Mirostat::chose(Candidates& c, text::TokenId chosen) {
  const Weights& w = weights_of(c);
  for (std::size_t i = 0; i < c.size(); ++i) {
    if (c.list[i].id != chosen) continue;
    mu_ -= eta_ * (-std::log2(w.share(i)) - tau_);
    // A share of 0 is endlessly surprising; the state stays a number.
    mu_ = std::clamp(mu_, -1e6, 1e6);
    return;
  }
}

}  // namespace rocmforge::engine
