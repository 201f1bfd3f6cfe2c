// The one loop that answers requests: one, or many on one runner, together (continuous batching). A
// request joins the steps of the others as soon as there is a place for it, and leaves them when it
// has ended.
//
// A step holds a token of each sequence that generates, and a chunk of prompts in the rows that
// these leave; while any generates, it has no more rows than the budget says. What prompts have in
// common is run once (kv/prefix_cache.h). Where the KV blocks do not do for all, the youngest gives
// its own up, and is run again from its beginning when there is room: its tokens are known, and its
// answer goes on where it was. Where the device chooses every token of a step on its own, the next
// step is given to it before the host has read those tokens; what of it turns out to be in vain is
// dropped, row by row.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/engine.h"
#include "engine/step_budget.h"
#include "kv/prefix_cache.h"

namespace rocmforge::engine {

struct SchedulerOptions {
  // Keeps what was run for those that begin alike (Request::share_prefix), in blocks that nobody
  // needs.
  bool prefix_cache = false;
  // Rows of a step in which tokens are generated, its chunk of prompts included: they bound the
  // time between tokens. Above 0; 0: what suits most. At most the runner's rows.
  std::int32_t batch_tokens = 0;
};

class Scheduler {
 public:
  struct Stats {
    std::int32_t n_blocks = 0, n_free_blocks = 0;  // of the KV cache; nobody needs the free ones
    std::int32_t n_filled_blocks = 0;              // of the free ones: kept for who begins alike
    // Since it was made, of requests whose prompt was run. Tokens of their prompts, and those of
    // them that were found in the prefix cache (0 both without one); tokens generated.
    std::uint64_t n_prompt = 0, n_queries = 0, n_hits = 0, n_generated = 0;
    std::uint64_t n_preemptions = 0;
  };

  // Told of each request's end, in the order of the ends; `id` counts requests from 0 in the order
  // that they were added in. May add others.
  using Done = std::function<void(std::size_t id, Result result)>;
  // The engine outlives it, and answers nothing else meanwhile: its places are all taken.
  Scheduler(Engine& engine, Done done, const SchedulerOptions& options = {});
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
  std::size_t n_waiting() const { return blocked_.size() + waiting_.size(); }
  Stats stats() const;
  const StepBudget& budget() const { return budget_; }

 private:
  struct Entry;
  struct Waiting {
    std::size_t id;
    Request request;
    Listener listener;
  };
  // A sequence's rows of a step that was given.
  struct Part {
    Entry* entry;           // null: dropped
    std::int32_t last_row;  // of the step
    std::int32_t n_rows, first_position;
    bool is_end;                           // of a request that asks for no token
    std::int32_t choice;                   // of the step's ticket; kByHost, or kNone in mid-prompt
    text::TokenId token = ir::kUndecided;  // chosen
  };
  static constexpr std::int32_t kNone = -1, kByHost = -2;
  struct Step {
    std::vector<Part> parts;
    Ticket ticket;  // of n 0: the device chooses nothing
  };

  // scheduler.cpp: a step, and how requests end
  bool step_all();
  void advance();
  void leave(Entry& entry);
  void end_waiting(const Waiting& waiting, FinishReason reason, const std::string& error);
  void end_running(FinishReason reason, const std::string& error);
  void forget_all();

  // scheduler_places.cpp: who has a place and blocks
  void end_cancelled();
  void fill_places();
  bool take_waiting();
  bool admit(Entry& entry);
  bool reserve_known(Entry& entry) const;
  void make_room();
  bool make_room_for(std::size_t at);
  void preempt(std::size_t at);
  void erase_ended();
  void reuse(Entry& entry);
  void publish(Entry& entry);
  bool follows_older(std::size_t at) const;

  // scheduler_step.cpp: a step is made
  bool may_run_ahead();
  bool give();
  bool is_decoding(const Entry& entry) const;
  bool has_room(std::size_t kept) const;
  static bool has_prompt(const Entry& entry);
  void add_decoding(Step& step);
  void add_prompts(Step& step);
  void add_part(Step& step, Entry& entry, std::size_t most_rows);
  Part make_part(Entry& entry, const BatchSequence& rows, bool is_last);

  // scheduler_take.cpp: its tokens are taken
  void take_oldest();
  static bool reads_prompt(const Part& part);
  void read_prompts(const Step& step);
  void choose_on_host(Step& step);
  void note_first(Entry& entry);
  void take(Entry& entry, text::TokenId token);
  static bool take_forced(Entry& entry);
  static bool drop(Step& step, const Entry& entry);

  Engine& engine_;
  Runner& runner_;
  Done done_;
  StepBudget budget_;  // of a step in which tokens are generated
  Stats stats_;
  std::optional<kv::PrefixCache> cache_;
  std::size_t n_added_ = 0, n_done_ = 0;
  std::deque<Waiting> waiting_;
  // Begun, and without a place for want of blocks; before all that wait. The oldest first, as:
  std::vector<std::unique_ptr<Entry>> blocked_;
  std::vector<std::unique_ptr<Entry>> running_;
  std::size_t first_decoding_ = 0;  // of running_: where a step begins that has not rows for all

  std::array<Step, 2> steps_;  // given and not taken, the oldest first
  std::size_t n_steps_ = 0;
  // Of the step that is being made; reserved once, so that a step allocates nothing.
  std::size_t n_rows_ = 0, n_choosing_ = 0, most_rows_ = 0;
  std::vector<Entry*> prompts_;
  std::vector<BatchSequence> batch_;
  std::vector<text::TokenId> fed_back_;
  std::vector<Choice> choices_;
  std::vector<Entry*> choosing_;  // who each choice is for
  std::vector<std::int32_t> host_rows_;
  std::vector<Part*> host_parts_;
};

}  // namespace rocmforge::engine
