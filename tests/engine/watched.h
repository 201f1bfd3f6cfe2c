// A scheduler that is watched, and requests of a known length for it.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <variant>

#include "engine/fixture.h"
#include "engine/scheduler.h"

namespace rocmforge::test {

// A scheduler whose every step is counted.
struct Watched {
  explicit Watched(TinyEngine& tiny, const engine::SchedulerOptions& options = {})
      : counters(tiny.counters),
        scheduler(
            *tiny.engine,
            [this](std::size_t id, engine::Result r) {
              ended_at[id] = n_steps;
              done[id] = std::get<engine::Completion>(std::move(r));
            },
            options) {}

  // What the device ran in it.
  CounterValues step() {
    const CounterValues before = counters.read();
    ++n_steps;
    EXPECT_TRUE(scheduler.step());
    return counters.read() - before;
  }
  void run() {
    ++n_steps;
    while (scheduler.step()) ++n_steps;
  }

  Counters& counters;
  int n_steps = 0;
  std::map<std::size_t, int> ended_at;  // the step, from 1
  std::map<std::size_t, engine::Completion> done;
  engine::Scheduler scheduler;
};

inline engine::Request endless(const TinyEngine& tiny, const std::string& prompt,
                               std::int32_t max_tokens) {
  engine::Request out = tiny.request(prompt, max_tokens);
  out.ignore_eos = true;
  return out;
}

inline engine::Request of_length(const TinyEngine& tiny, std::size_t n_prompt,
                                 std::int32_t max_tokens) {
  engine::Request out = endless(tiny, "", max_tokens);
  out.prompt.clear();
  for (std::size_t i = 0; i < n_prompt; ++i) {
    out.prompt.push_back(static_cast<text::TokenId>(3 + (i * 37) % (kTinyVocab - 3)));
  }
  return out;
}

}  // namespace rocmforge::test
