#include "engine/scheduler.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/error.h"
#include "engine/scheduler_entry.h"

namespace rocmforge::engine {

Scheduler::Scheduler(Engine& engine, Done done, const SchedulerOptions& options)
    : engine_(engine),
      runner_(engine.runner()),
      done_(std::move(done)),
      budget_{.wanted = options.batch_tokens,
              .max_rows = runner_.max_rows(),
              .max_sequences = runner_.max_sequences(),
              .pays_by_row = runner_.pays_by_row()} {
  check(options.batch_tokens >= 0, "a step has rows");
  if (options.prefix_cache) cache_.emplace(runner_.pool(), ir::kBlockTokens);
  const auto most = static_cast<std::size_t>(runner_.max_sequences());
  running_.reserve(most);
  blocked_.reserve(most + 1);
  prompts_.reserve(most);
  for (Step& step : steps_) step.parts.reserve(most);
  batch_.reserve(most);
  fed_back_.reserve(most);
  choices_.reserve(most);
  choosing_.reserve(most);
  host_rows_.reserve(most);
  host_parts_.reserve(most);
}

Scheduler::~Scheduler() {
  forget_all();
}

Scheduler::Stats Scheduler::stats() const {
  Stats out = stats_;
  out.n_blocks = runner_.pool().n_blocks();
  out.n_free_blocks = runner_.pool().n_free();
  out.n_filled_blocks = runner_.pool().n_filled();
  return out;
}

std::size_t Scheduler::add(Request request, Listener listener) {
  const std::size_t id = n_added_++;
  if (auto rejected = reject(request, runner_.n_ctx(), runner_.params().n_vocab)) {
    ++n_done_;
    done_(id, *std::move(rejected));
    return id;
  }
  engine_.tokenizer();  // throws where there is none
  if (!listener.arrived) listener.arrived = Clock::now();
  waiting_.push_back({id, std::move(request), std::move(listener)});
  return id;
}

bool Scheduler::step() {
  try {
    return step_all();
  } catch (...) {
    forget_all();
    throw;
  }
}

bool Scheduler::step_all() {
  try {
    end_cancelled();
    fill_places();
    if (running_.empty()) return false;
    advance();
  } catch (const Error& e) {
    if (e.code() != ErrorCode::kDevice) throw;
    if (cache_) cache_->clear();  // who knows what its memory holds
    end_running(FinishReason::kFailed, e.what());
  }
  erase_ended();
  return true;
}

void Scheduler::advance() {
  if (n_steps_ == 0 && !give()) {
    const auto ended = [](const auto& entry) { return entry->ended; };
    check(std::all_of(running_.begin(), running_.end(), ended),
          "who has a place has a token to run");
    return;
  }
  if (may_run_ahead()) give();
  take_oldest();
}

void Scheduler::cancel() {
  try {
    end_running(FinishReason::kCancelled, "");
    erase_ended();
    for (const auto& entry : blocked_) {
      if (entry->ended) continue;
      entry->answer.end(FinishReason::kCancelled);
      leave(*entry);
    }
    blocked_.clear();
    while (!waiting_.empty()) {
      const Waiting waiting = std::move(waiting_.front());
      waiting_.pop_front();
      end_waiting(waiting, FinishReason::kCancelled, "");
    }
  } catch (...) {
    forget_all();
    throw;
  }
}

// ---- how a request ends

void Scheduler::leave(Entry& entry) {
  if (entry.answer.completion().reason != FinishReason::kFailed) publish(entry);
  entry.answer.finish();
  entry.settle();
  entry.ended = true;
  ++n_done_;
  done_(entry.id, std::move(entry.answer.completion()));
}

void Scheduler::end_waiting(const Waiting& waiting, FinishReason reason, const std::string& error) {
  Completion out;
  out.reason = reason;
  out.error = error;
  out.timing.n_prompt = static_cast<std::int32_t>(waiting.request.prompt.size());
  out.timing.queue_seconds = seconds(*waiting.listener.arrived, Clock::now());
  ++n_done_;
  done_(waiting.id, std::move(out));
}

// Between two steps, or after a fault, when nothing is known of what was under way.
void Scheduler::end_running(FinishReason reason, const std::string& error) {
  n_steps_ = 0;
  for (const auto& entry : running_) {
    if (entry->ended) continue;
    if (reason == FinishReason::kFailed) {
      entry->fail(error);
      entry->answer.completion().device_failed = true;
    } else {
      entry->answer.end(reason);
    }
    leave(*entry);
  }
}

void Scheduler::forget_all() {
  n_steps_ = 0;
  for (const auto& entry : running_) entry->forget();
  for (const auto& entry : blocked_) entry->forget();
  running_.clear();
  blocked_.clear();
  if (cache_) cache_->clear();
  waiting_.clear();
}

}  // namespace rocmforge::engine
