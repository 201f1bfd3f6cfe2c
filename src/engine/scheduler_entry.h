// A request that the scheduler runs, or has begun to run. Of scheduler*.cpp alone.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "engine/chooser.h"
#include "engine/prompt_reader.h"
#include "engine/scheduler.h"
#include "engine/sequence.h"

namespace rocmforge::engine {

using Clock = std::chrono::steady_clock;

inline double seconds(Clock::time_point from, Clock::time_point to) {
  return std::chrono::duration<double>(to - from).count();
}

inline bool is_cancelled(const Listener& listener) {
  return listener.cancel != nullptr && listener.cancel->load();
}

struct Scheduler::Entry {
  Entry(Engine& engine, const Waiting& from);

  // The device alone chooses: no token before has a say.
  bool runs_ahead() { return chooser.runs_ahead() && answer.constraint() == nullptr; }
  std::span<const std::uint32_t> mask() {
    Constraint* constraint = answer.constraint();
    return constraint != nullptr ? constraint->mask() : std::span<const std::uint32_t>();
  }
  std::int64_t n_known() const { return std::ssize(answer.history()); }
  // Known tokens that were not given to the runner so far: none while the next is being chosen.
  std::span<const text::TokenId> pending() const {
    const std::span<const text::TokenId> all = answer.history();
    return all.subspan(std::min(all.size(), static_cast<std::size_t>(sequence.length())));
  }

  // Its blocks are those of the prefix cache, where there is one.
  bool shares() const { return own.has_value() && request.share_prefix; }
  // The full block of known tokens that comes next, where it could be adopted: it begins where the
  // sequence ends, and leaves a token to be run. Else empty.
  std::span<const text::TokenId> next_block() const;
  kv::BlockId last_shared() const {
    return n_shared == 0 ? kv::kNoBlock : sequence.blocks()[n_shared - 1];
  }

  void fail(const std::string& error);
  // What its cache holds from now on, and its times.
  void settle();
  // It will never end: its cache holds nothing, rather than what nobody knows.
  void forget() {
    if (!ended && listener.cache != nullptr) listener.cache->clear();
  }

  std::size_t id;
  Request request;
  Listener listener;
  Answer answer;
  PromptReader reader;
  Chooser chooser;
  std::optional<Sequence> own;
  Sequence& sequence;
  std::size_t n_shared = 0;     // of its blocks, from the first on: known to the prefix cache
  std::int32_t choice = kNone;  // of the newest step given: what the next may feed back
  bool ended = false;
  bool preempted = false;                  // once or more
  std::optional<Clock::time_point> start;  // when it had a place first
  std::optional<Clock::time_point> first;  // when the first token was there
};

}  // namespace rocmforge::engine
