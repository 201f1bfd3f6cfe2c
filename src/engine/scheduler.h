// Many requests on one runner, together: continuous batching. A request joins the steps of the
// others as soon as there is a place for it, and leaves them when it has ended.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/answer.h"
#include "engine/engine.h"

namespace rocmforge::engine {

class Scheduler {
 public:
  // Told of each request's end, in the order of the ends; `id` counts requests from 0 in the order
  // that they were added in.
  using Done = std::function<void(std::size_t id, Result result)>;
  // The engine outlives it, and answers nothing else meanwhile: its places are all taken.
  Scheduler(Engine& engine, Done done);
  ~Scheduler();
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;

  // Takes a request in; one that cannot be run ends at once, as Rejected. Sinks of another thread's
  // are called by that which calls step().
  std::size_t add(Request request, TextSinks sinks = {});
  // One step for all that have a place; false when nothing is left to do. A prompt is run in one
  // step with the tokens of others where the runner's rows have room for all, else in steps of its
  // own: the same chunks as if it were alone. A device error fails every request that is not
  // done, and nothing else.
  bool step();
  // All that are not done end as kCancelled.
  void cancel();

  std::size_t n_done() const { return n_done_; }

 private:
  struct Entry;
  using Entries = std::vector<std::unique_ptr<Entry>>;

  void fill_places();
  std::vector<Entry*> next_share() const;
  void run_alone(Entry& entry);
  void run_together(const std::vector<Entry*>& share);
  text::TokenId choose(Entry& entry, std::int32_t chosen, std::int32_t row);
  void take(Entry& entry, text::TokenId token);
  bool take_forced(Entry& entry);
  void leave(Entry& entry);
  void end_all(FinishReason reason, const std::string& error);

  Engine& engine_;
  Done done_;
  std::size_t n_added_ = 0, n_done_ = 0;
  std::deque<std::unique_ptr<Entry>> waiting_;
  Entries running_;  // the oldest first
};

}  // namespace rocmforge::engine
