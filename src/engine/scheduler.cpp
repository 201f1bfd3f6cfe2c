#include "engine/scheduler.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

#include "base/check.h"
#include "base/error.h"
#include "engine/chooser.h"
#include "engine/sequence.h"

namespace rocmforge::engine {
namespace {

using Clock = std::chrono::steady_clock;

double seconds(Clock::time_point from, Clock::time_point to) {
  return std::chrono::duration<double>(to - from).count();
}

bool is_cancelled(const Listener& listener) {
  return listener.cancel != nullptr && listener.cancel->load();
}

}  // namespace

// A request that has a place.
struct Scheduler::Entry {
  Entry(Engine& engine, const Waiting& from)
      : id(from.id),
        request(from.request),
        listener(from.listener),
        answer(engine.tokenizer(), request, listener.sinks, engine.runner().n_ctx()),
        chooser(request.sampling, engine.params().n_vocab, engine.dry_breakers(request.sampling)),
        sequence(listener.cache != nullptr ? listener.cache->sequence
                                           : own.emplace(engine.runner())) {
    if (listener.cache != nullptr) {
      answer.completion().timing.n_kept = listener.cache->keep(request.prompt);
    }
  }

  std::int64_t n_known() const { return std::ssize(answer.history()); }
  // Known tokens that were not given to the runner so far: none while the next is being chosen.
  std::span<const text::TokenId> pending() const {
    const std::span<const text::TokenId> all = answer.history();
    return all.subspan(std::min(all.size(), static_cast<std::size_t>(sequence.length())));
  }
  void fail(const std::string& error) {
    answer.end(FinishReason::kFailed);
    answer.completion().error = error;
  }
  // What its cache holds from now on, and its times.
  void settle() {
    Completion& out = answer.completion();
    if (listener.cache != nullptr) {
      if (out.reason == FinishReason::kFailed) {
        listener.cache->clear();
      } else {
        listener.cache->follow(answer.history());
      }
    }
    const Clock::time_point end = Clock::now();
    out.timing.prompt_seconds = seconds(start, first.value_or(end));
    out.timing.generate_seconds = seconds(first.value_or(end), end);
  }
  // It will never end: its cache holds nothing, rather than what nobody knows.
  void forget() {
    if (!ended && listener.cache != nullptr) listener.cache->clear();
  }

  std::size_t id;
  Request request;
  Listener listener;
  Answer answer;
  Chooser chooser;
  std::optional<Sequence> own;
  Sequence& sequence;
  std::int32_t choice = kNone;  // of the newest step given: what the next may feed back
  bool ended = false;
  Clock::time_point start = Clock::now();
  std::optional<Clock::time_point> first;  // when the first token was there
};

Scheduler::Scheduler(Engine& engine, Done done)
    : engine_(engine), runner_(engine.runner()), done_(std::move(done)) {
  const auto most = static_cast<std::size_t>(runner_.max_sequences());
  running_.reserve(most);
  for (Step& step : steps_) step.parts.reserve(most);
  batch_.reserve(most);
  fed_back_.reserve(most);
  choices_.reserve(most);
  host_rows_.reserve(most);
  host_parts_.reserve(most);
}

Scheduler::~Scheduler() {
  forget_all();
}

std::size_t Scheduler::add(Request request, Listener listener) {
  const std::size_t id = n_added_++;
  if (auto rejected = reject(request, runner_.n_ctx(), runner_.params().n_vocab)) {
    ++n_done_;
    done_(id, *std::move(rejected));
    return id;
  }
  engine_.tokenizer();  // throws where there is none
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

// ---- who has a place

void Scheduler::end_cancelled() {
  for (const auto& entry : running_) {
    if (!is_cancelled(entry->listener)) continue;
    drop(steps_[0], *entry);  // all that it runs is known: what is run may be kept
    entry->answer.end(FinishReason::kCancelled);
    leave(*entry);
  }
  erase_ended();
  for (std::size_t i = 0; i < waiting_.size();) {
    if (!is_cancelled(waiting_[i].listener)) {
      ++i;
      continue;
    }
    const Waiting waiting = std::move(waiting_[i]);
    waiting_.erase(waiting_.begin() + static_cast<std::ptrdiff_t>(i));
    end_waiting(waiting, FinishReason::kCancelled, "");
  }
}

void Scheduler::fill_places() {
  const auto places = static_cast<std::size_t>(runner_.max_sequences());
  while (running_.size() < places && !waiting_.empty()) {
    const Waiting waiting = std::move(waiting_.front());
    waiting_.pop_front();
    try {
      running_.push_back(std::make_unique<Entry>(engine_, waiting));
    } catch (const std::exception& e) {  // nobody else's matter
      end_waiting(waiting, FinishReason::kFailed, e.what());
      continue;
    }
    if (!take_forced(*running_.back())) continue;
    leave(*running_.back());
    running_.pop_back();
  }
}

void Scheduler::erase_ended() {
  std::erase_if(running_, [](const auto& entry) { return entry->ended; });
  if (running_.empty()) n_steps_ = 0;  // what is under way is nobody's
}

// ---- a step is made

// Whether the next step may be given before the oldest one's tokens are known.
bool Scheduler::may_run_ahead() const {
  if (!runner_.runs_ahead() || n_steps_ != 1) return false;
  const std::vector<Part>& parts = steps_[0].parts;
  return std::all_of(parts.begin(), parts.end(), [](const Part& part) {
    return part.entry == nullptr || part.choice == kNone || part.entry->chooser.runs_ahead();
  });
}

// Gives the device one more step; false when nobody has a token for it.
bool Scheduler::give() {
  Step& step = steps_[n_steps_];
  step.parts.clear();
  step.ticket = {};
  batch_.clear();
  fed_back_.clear();
  choices_.clear();
  n_rows_ = n_choosing_ = 0;
  add_decoding(step);
  add_prompts(step);
  if (step.parts.empty()) return false;
  if (choices_.empty()) {
    runner_.run(batch_);
  } else {
    step.ticket = runner_.run(batch_, choices_);
  }
  ++n_steps_;
  return true;
}

// Whether its part of the step that is being made is one token, known or to be fed back.
bool Scheduler::is_decoding(const Entry& entry) const {
  const std::size_t n_pending = entry.pending().size();
  if (n_pending > 0) return n_pending == 1;
  return n_steps_ == 1 && entry.answer.may_go_on_after_next();
}

// Besides `kept` rows.
bool Scheduler::has_room(std::size_t kept) const {
  return n_rows_ + kept < static_cast<std::size_t>(runner_.max_rows()) &&
         n_choosing_ + kept < static_cast<std::size_t>(runner_.max_head_rows());
}

bool Scheduler::has_prompt(const Entry& entry) {
  return !entry.ended && entry.pending().size() > 1;
}

// Where there are more of them than rows, they take turns, and leave a row to a prompt.
void Scheduler::add_decoding(Step& step) {
  const std::size_t n = running_.size();
  const std::size_t begin = first_decoding_ < n ? first_decoding_ : 0;
  first_decoding_ = 0;
  const bool prompts =
      std::any_of(running_.begin(), running_.end(), [](const auto& e) { return has_prompt(*e); });
  const std::size_t kept = prompts && runner_.max_rows() > 1 ? 1 : 0;
  for (std::size_t i = 0; i < n; ++i) {
    const std::size_t at = (begin + i) % n;
    if (running_[at]->ended || !is_decoding(*running_[at])) continue;
    if (!has_room(kept)) {
      first_decoding_ = at;
      return;
    }
    add_part(step, *running_[at]);
  }
}

void Scheduler::add_prompts(Step& step) {
  for (const auto& entry : running_) {
    if (!has_room(0)) return;
    if (has_prompt(*entry)) add_part(step, *entry);
  }
}

void Scheduler::add_part(Step& step, Entry& entry) {
  const std::size_t most = static_cast<std::size_t>(runner_.max_rows()) - n_rows_;
  std::span<const text::TokenId> tokens = entry.pending();
  const bool is_last = tokens.size() <= most;  // of what is known
  if (tokens.empty()) {
    fed_back_.push_back(Runner::fed_back(entry.choice));
    tokens = {&fed_back_.back(), 1};
  }
  tokens = tokens.first(std::min(tokens.size(), most));
  const std::optional<BatchSequence> rows = entry.sequence.extend(tokens);
  if (!rows) {  // each place has room for a context, but caches of nobody's may hold some of it
    if (entry.pending().empty()) {  // the token may yet be its last: to be seen when it is known
      fed_back_.pop_back();
      return;
    }
    drop(steps_[0], entry);
    entry.fail("[engine] " + engine_.file().path() + ": no room is left in the KV cache");
    leave(entry);
    return;
  }
  batch_.push_back(*rows);
  n_rows_ += tokens.size();
  Part part{.entry = &entry, .last_row = static_cast<std::int32_t>(n_rows_) - 1, .choice = kNone};
  if (is_last) {
    ++n_choosing_;
    part.choice = kByHost;
    entry.chooser.look_back(entry.answer.history());
    if (entry.chooser.on_device()) {
      part.choice = static_cast<std::int32_t>(choices_.size());
      choices_.push_back(entry.chooser.choice(part.last_row, entry.sequence.length()));
    }
  }
  entry.choice = part.choice;
  step.parts.push_back(part);
}

// ---- its tokens are taken

void Scheduler::take_oldest() {
  Step& step = steps_[0];
  const auto is_waited_for = [](const Part& p) { return p.entry != nullptr && p.choice >= 0; };
  if (std::any_of(step.parts.begin(), step.parts.end(), is_waited_for)) {
    const std::span<const std::int32_t> tokens = runner_.tokens(step.ticket);
    for (Part& part : step.parts) {
      if (is_waited_for(part)) part.token = tokens[static_cast<std::size_t>(part.choice)];
    }
  }
  choose_on_host(step);
  for (Part& part : step.parts) {
    if (part.entry != nullptr && part.choice != kNone) take(*part.entry, part.token);
  }
  std::swap(steps_[0], steps_[1]);
  --n_steps_;
}

// All rows that the device has not settled, whose logits are still there.
void Scheduler::choose_on_host(Step& step) {
  host_parts_.clear();
  for (Part& part : step.parts) {
    const bool wanted = part.entry != nullptr && part.choice != kNone;
    if (wanted && part.token == ir::kUndecided) host_parts_.push_back(&part);
  }
  if (host_parts_.empty()) return;
  check(n_steps_ == 1, "the host chooses behind a step ahead");
  const auto most = static_cast<std::size_t>(runner_.max_head_rows());
  const auto n_vocab = static_cast<std::size_t>(runner_.params().n_vocab);
  for (std::span<Part*> rest(host_parts_); !rest.empty();) {
    const std::span<Part*> parts = rest.first(std::min(rest.size(), most));
    host_rows_.clear();
    for (const Part* part : parts) host_rows_.push_back(part->last_row);
    const std::span<const float> logits = runner_.logits(host_rows_);
    for (std::size_t i = 0; i < parts.size(); ++i) {
      Entry& entry = *parts[i]->entry;
      parts[i]->token = entry.chooser.choose(logits.subspan(i * n_vocab, n_vocab),
                                             entry.answer.history(), entry.n_known());
    }
    rest = rest.subspan(parts.size());
  }
}

void Scheduler::take(Entry& entry, text::TokenId token) {
  if (!entry.first) entry.first = Clock::now();
  const std::int64_t n_before = entry.n_known();
  bool ended = true;
  if (is_cancelled(entry.listener)) {
    entry.answer.end(FinishReason::kCancelled);
  } else if (token == text::kNoToken || token == ir::kNoSample) {
    entry.fail("[engine] " + engine_.file().path() +
               ": the model gave no finite logit at position " + std::to_string(n_before - 1));
  } else {
    ended = entry.answer.take(token, &entry.chooser.log_probs()) || take_forced(entry);
  }
  // Not the token, or not the last one, that the step ahead runs: its row is in vain.
  if (n_steps_ == 2 && (ended || entry.n_known() != n_before + 1) && drop(steps_[1], entry)) {
    entry.sequence.truncate(entry.sequence.length() - 1);
  }
  if (ended) leave(entry);
}

// True when the answer has ended by it.
bool Scheduler::take_forced(Entry& entry) {
  for (const text::TokenId token : entry.answer.forced()) {
    if (entry.answer.take(token, nullptr)) return true;
  }
  return false;
}

// The step's part of it is nobody's; false when it has none.
bool Scheduler::drop(Step& step, const Entry& entry) {
  for (Part& part : step.parts) {
    if (part.entry != &entry) continue;
    part.entry = nullptr;
    return true;
  }
  return false;
}

// ---- how a request ends

void Scheduler::leave(Entry& entry) {
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
    } else {
      entry->answer.end(reason);
    }
    leave(*entry);
  }
}

void Scheduler::forget_all() {
  n_steps_ = 0;
  for (const auto& entry : running_) entry->forget();
  running_.clear();
  waiting_.clear();
}

}  // namespace rocmforge::engine
