#include "engine/golden.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <utility>

#include "base/error.h"
#include "engine/sampling/log_probs.h"
#include "engine/sequence.h"
#include "engine/setting.h"

namespace rocmforge::engine {
namespace {

[[noreturn]] void fail(std::size_t prompt, std::size_t step, const std::string& why,
                       std::vector<Remedy> remedies = {}) {
  throw SettingError(
      ErrorCode::kInvalidArgument,
      "[verify] prompt " + std::to_string(prompt) + ", step " + std::to_string(step) + ": " + why,
      std::move(remedies));
}

class Statistics {
 public:
  void add(double difference) {
    sum2_ += difference * difference;
    // A NaN must show, and max() would drop it.
    if (!(std::abs(difference) <= out_.max)) out_.max = std::abs(difference);
    ++out_.n;
  }
  void add_step(bool greedy_same) {
    ++out_.n_steps;
    out_.n_greedy_same += greedy_same ? 1 : 0;
  }
  Differences result() const {
    Differences out = out_;
    if (out.n > 0) out.rms = std::sqrt(sum2_ / static_cast<double>(out.n));
    return out;
  }

 private:
  Differences out_;
  double sum2_ = 0;
};

void check_tokens(const Golden& golden, std::int32_t n_vocab) {
  const auto inside = [&](text::TokenId id) { return id >= 0 && id < n_vocab; };
  for (std::size_t p = 0; p < golden.size(); ++p) {
    if (golden[p].prompt.empty()) fail(p, 0, "the prompt is empty");
    if (!std::all_of(golden[p].prompt.begin(), golden[p].prompt.end(), inside)) {
      fail(p, 0, "the prompt holds a token outside the model's vocabulary");
    }
    for (std::size_t s = 0; s < golden[p].steps.size(); ++s) {
      const GoldenStep& step = golden[p].steps[s];
      if (!inside(step.id) || !std::all_of(step.top_ids.begin(), step.top_ids.end(), inside)) {
        fail(p, s, "holds a token outside the model's vocabulary");
      }
    }
  }
}

}  // namespace

Differences compare(Engine& engine, const Golden& golden) {
  check_tokens(golden, engine.params().n_vocab);
  Statistics statistics;
  for (std::size_t p = 0; p < golden.size(); ++p) {
    Sequence sequence(engine.runner());
    std::span<const text::TokenId> next = golden[p].prompt;
    for (std::size_t s = 0; s < golden[p].steps.size(); ++s) {
      const GoldenStep& step = golden[p].steps[s];
      const std::int32_t last = sequence.length() + static_cast<std::int32_t>(next.size()) - 1;
      const bool room =
          sequence.append(next, last, [&](std::int32_t, std::span<const float> logits) {
            const auto best = std::max_element(logits.begin(), logits.end()) - logits.begin();
            statistics.add_step(best == step.id);
            const std::vector<double> ours = log_probabilities(logits, step.top_ids);
            for (std::size_t i = 0; i < ours.size(); ++i) {
              statistics.add(ours[i] - step.top_logprobs[i]);
            }
          });
      if (!room) fail(p, s, "does not fit the context", {{Setting::kContext}});
      next = {&step.id, 1};
    }
  }
  return statistics.result();
}

Differences compare(const Golden& other, const Golden& golden) {
  if (other.size() != golden.size()) fail(std::min(other.size(), golden.size()), 0, "is missing");
  Statistics statistics;
  for (std::size_t p = 0; p < golden.size(); ++p) {
    const auto& ours = other[p].steps;
    const auto& theirs = golden[p].steps;
    if (other[p].prompt != golden[p].prompt || ours.size() != theirs.size()) {
      fail(p, 0, "the reference has another prompt or another number of steps");
    }
    for (std::size_t s = 0; s < theirs.size(); ++s) {
      if (ours[s].id != theirs[s].id || ours[s].top_ids != theirs[s].top_ids) {
        fail(p, s, "the reference has other tokens");
      }
      statistics.add_step(true);
      for (std::size_t i = 0; i < theirs[s].top_ids.size(); ++i) {
        statistics.add(ours[s].top_logprobs[i] - theirs[s].top_logprobs[i]);
      }
    }
  }
  return statistics.result();
}

Verdict judge(const Differences& ours, bool all_f32, DType kv_dtype, const Differences* reference) {
  char rule[200];
  if (!std::isfinite(ours.rms) || !std::isfinite(ours.max)) {
    return {.known = true, .pass = false, .rule = "the model's log-probabilities are numbers"};
  }
  if (all_f32 && kv_dtype == DType::kF32) {
    return {.known = true,
            .pass = ours.max <= 1e-3 && ours.n_greedy_same == ours.n_steps,
            .rule = "each difference at most 0.001, every greedy token the same"};
  }
  if (all_f32) {
    return {.known = true,
            .pass = ours.max <= 0.03 && ours.rms <= 0.004,
            .rule = "F16 KV cache: each difference at most 0.03, rms at most 0.004"};
  }
  if (reference == nullptr) {
    return {.known = false, .pass = false, .rule = "none without a reference"};
  }
  const double bound = 1.1 * reference->rms + 0.002;
  std::snprintf(rule, sizeof rule, "rms at most %.6f: 1.1 times the reference's %.6f, plus 0.002",
                bound, reference->rms);
  return {.known = true, .pass = ours.rms <= bound, .rule = rule};
}

}  // namespace rocmforge::engine
