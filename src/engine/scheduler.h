// The one loop that answers requests: one, or many on one runner, together (continuous batching). A
// request joins the steps of the others as soon as there is a place for it, and leaves them when it
// has ended.
//
// A step holds a token of each sequence that generates, and a chunk of prompts in the rows that
// these leave. Where the device chooses every token of a step on its own, the next step is given to
// it before the host has read those tokens; what of it turns out to be in vain is dropped, row by
// row.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/engine.h"

namespace rocmforge::engine {

class Scheduler {
 public:
  // Told of each request's end, in the order of the ends; `id` counts requests from 0 in the order
  // that they were added in. May add others.
  using Done = std::function<void(std::size_t id, Result result)>;
  // The engine outlives it, and answers nothing else meanwhile: its places are all taken.
  Scheduler(Engine& engine, Done done);
  ~Scheduler();
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;

  // Takes a request in; one that cannot be run ends at once, as Rejected. Its sinks are called by
  // the thread which calls step(); no two requests under way share a cache.
  std::size_t add(Request request, Listener listener = {});
  // Takes the tokens of one step for all that have a place, and has given the device that step and
  // perhaps the next; false when nothing is left to do. A request whose Listener::cancel is set
  // ends here, with no token more. A device error fails the requests that have a place, and what
  // keeps one from taking its place fails that one; any other exception (a sink's too) forgets all
  // that are not done.
  bool step();
  // All that are not done end as kCancelled. Not to be called by a sink or by Done.
  void cancel();

  std::size_t n_added() const { return n_added_; }  // the id of the next one
  std::size_t n_done() const { return n_done_; }
  std::size_t n_running() const { return running_.size(); }
  std::size_t n_waiting() const { return waiting_.size(); }

 private:
  struct Entry;
  struct Waiting {
    std::size_t id;
    Request request;
    Listener listener;
  };
  // A sequence's rows of a step that was given.
  struct Part {
    Entry* entry;                          // null: dropped
    std::int32_t last_row;                 // of the step
    std::int32_t choice;                   // of the step's ticket; kByHost, or kNone in mid-prompt
    text::TokenId token = ir::kUndecided;  // chosen
  };
  static constexpr std::int32_t kNone = -1, kByHost = -2;
  struct Step {
    std::vector<Part> parts;
    Ticket ticket;  // of n 0: the device chooses nothing
  };

  bool step_all();
  void advance();
  void end_cancelled();
  void fill_places();
  void erase_ended();
  bool may_run_ahead() const;
  bool give();
  bool is_decoding(const Entry& entry) const;
  bool has_room(std::size_t kept) const;
  static bool has_prompt(const Entry& entry);
  void add_decoding(Step& step);
  void add_prompts(Step& step);
  void add_part(Step& step, Entry& entry);
  void take_oldest();
  void choose_on_host(Step& step);
  void take(Entry& entry, text::TokenId token);
  static bool take_forced(Entry& entry);
  static bool drop(Step& step, const Entry& entry);
  void leave(Entry& entry);
  void end_waiting(const Waiting& waiting, FinishReason reason, const std::string& error);
  void end_running(FinishReason reason, const std::string& error);
  void forget_all();

  Engine& engine_;
  Runner& runner_;
  Done done_;
  std::size_t n_added_ = 0, n_done_ = 0;
  std::deque<Waiting> waiting_;
  std::vector<std::unique_ptr<Entry>> running_;  // the oldest first
  std::size_t first_decoding_ = 0;  // of running_: where a step begins that has not rows for all

  std::array<Step, 2> steps_;  // given and not taken, the oldest first
  std::size_t n_steps_ = 0;
  // Of the step that is being made; reserved once, so that a step allocates nothing.
  std::size_t n_rows_ = 0, n_choosing_ = 0;
  std::vector<BatchSequence> batch_;
  std::vector<text::TokenId> fed_back_;
  std::vector<Choice> choices_;
  std::vector<std::int32_t> host_rows_;
  std::vector<Part*> host_parts_;
};

}  // namespace rocmforge::engine
