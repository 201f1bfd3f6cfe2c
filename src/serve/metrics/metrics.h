// What the server has done and how long it took, for Prometheus: the first program's names, those
// of vLLM, which routers and dashboards know, and this program's own.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "base/counters.h"
#include "serve/context.h"
#include "serve/metrics/exposition.h"
#include "serve/router.h"

namespace rocmforge::serve {

// Tokens a second over the last whole seconds; 0 where there were none.
class TokenRate {
 public:
  static constexpr std::int64_t kSeconds = 8;
  // By one thread at a time.
  void add(std::int64_t second);
  double read(std::int64_t second) const;  // from any thread

 private:
  struct Slot {
    std::atomic<std::int64_t> second{-1}, n{0};
  };
  std::array<Slot, kSeconds + 1> slots_;
};

class Metrics {
 public:
  // It listens to every request from now on, and the context keeps it; to be made before the first
  // one. `counters` outlive the context.
  static std::shared_ptr<Metrics> make(Context& context, const Counters& counters);
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  std::string text() const;

 private:
  using Clock = std::chrono::steady_clock;
  struct Heard;

  Metrics(Context& context, const Counters& counters);

  void watch(const engine::Request& request, engine::TextSinks& sinks, ModelThread::Done& done);
  void hear_token(Heard& heard);
  void hear_end(const Heard& heard, const engine::Result& result);
  void add_old(Exposition& out, const ModelThread::Counts& counts) const;
  void add_vllm(Exposition& out, const ModelThread::Counts& counts) const;
  void add_own(Exposition& out, const ModelThread::Counts& counts) const;
  std::int64_t second() const;

  Context& context_;
  const Counters& counters_;
  Clock::time_point start_ = Clock::now();
  Histogram first_token_, between_tokens_, total_, queue_, prefill_, decode_;
  TokenRate rate_;
  std::atomic<std::uint64_t> n_prompt_{0}, n_generated_{0};
  std::atomic<std::uint64_t> n_stop_{0}, n_length_{0}, n_abort_{0}, n_error_{0};
};

// GET /metrics.
void add_metrics(Router& router, std::shared_ptr<const Metrics> metrics);

}  // namespace rocmforge::serve
