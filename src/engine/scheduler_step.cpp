// How a step is made: whose tokens it has, and how many.
#include <algorithm>

#include "base/check.h"
#include "engine/scheduler_entry.h"

namespace rocmforge::engine {

// Whether the next step may be given before the oldest one's tokens are known.
bool Scheduler::may_run_ahead() {
  if (!runner_.runs_ahead() || n_steps_ != 1) return false;
  // None gives blocks up while a step is under way, and each may need one more for the next token.
  for (const auto& entry : running_) {
    if (!entry->ended && !reserve_known(*entry)) return false;
  }
  if (runner_.pool().n_free() < static_cast<std::int32_t>(running_.size())) return false;
  const std::vector<Part>& parts = steps_[0].parts;
  return std::all_of(parts.begin(), parts.end(), [](const Part& part) {
    return part.entry == nullptr ||
           (!reads_prompt(part) && (part.choice == kNone || part.entry->runs_ahead()));
  });
}

// Gives the device one more step; false when nobody has a token for it.
bool Scheduler::give() {
  if (n_steps_ == 0) make_room();
  Step& step = steps_[n_steps_];
  step.parts.clear();
  step.ticket = {};
  batch_.clear();
  fed_back_.clear();
  choices_.clear();
  choosing_.clear();
  n_rows_ = n_choosing_ = 0;
  const auto decoding = std::count_if(running_.begin(), running_.end(), [this](const auto& entry) {
    return !entry->ended && is_decoding(*entry);
  });
  most_rows_ = decoding > 0 ? budget_.rows(static_cast<std::size_t>(decoding))
                            : static_cast<std::size_t>(runner_.max_rows());
  add_decoding(step);
  add_prompts(step);
  if (step.parts.empty()) return false;
  if (choices_.empty()) {
    runner_.run(batch_);
  } else {
    step.ticket = runner_.run(
        batch_, choices_, [&](std::size_t i) { return choosing_[i]->answer.constraint()->mask(); });
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
  return n_rows_ + kept < most_rows_ &&
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
  const std::size_t kept = prompts && most_rows_ > 1 ? 1 : 0;
  for (std::size_t i = 0; i < n; ++i) {
    const std::size_t at = (begin + i) % n;
    if (running_[at]->ended || !is_decoding(*running_[at])) continue;
    if (!has_room(kept)) {
      first_decoding_ = at;
      return;
    }
    add_part(step, *running_[at], 1);
  }
}

// The oldest first. One that needs more than this step leaves a quarter of the rows to the one with
// the fewest tokens left, so that a short prompt does not wait for a long one's end.
void Scheduler::add_prompts(Step& step) {
  prompts_.clear();
  for (std::size_t i = 0; i < running_.size(); ++i) {
    Entry& entry = *running_[i];
    if (!has_prompt(entry)) continue;
    reuse(entry);
    if (!follows_older(i)) prompts_.push_back(&entry);
  }
  if (prompts_.empty() || !has_room(0)) return;
  Entry* const oldest = prompts_.front();
  Entry* const shortest = *std::min_element(
      prompts_.begin(), prompts_.end(),
      [](const Entry* a, const Entry* b) { return a->pending().size() < b->pending().size(); });
  const std::size_t room = most_rows_ - n_rows_;
  std::size_t kept = 0;
  if (shortest != oldest && oldest->pending().size() > room && room > 1) {
    kept = std::min(shortest->pending().size(), std::max<std::size_t>(room / 4, 1));
  }
  add_part(step, *oldest, room - kept);
  if (kept > 0 && has_room(0)) add_part(step, *shortest, kept);
  for (Entry* entry : prompts_) {
    if (entry == oldest || (kept > 0 && entry == shortest)) continue;
    if (!has_room(0)) return;
    add_part(step, *entry, most_rows_ - n_rows_);
  }
}

void Scheduler::add_part(Step& step, Entry& entry, std::size_t most_rows) {
  std::span<const text::TokenId> tokens = entry.pending();
  const bool is_last = tokens.size() <= most_rows;  // of what is known
  if (tokens.empty()) {
    fed_back_.push_back(Runner::fed_back(entry.choice));
    tokens = {&fed_back_.back(), 1};
  }
  tokens = tokens.first(std::min(tokens.size(), most_rows));
  const std::optional<BatchSequence> rows = entry.sequence.extend(tokens);
  check(rows.has_value(), "who has a place has blocks");
  batch_.push_back(*rows);
  n_rows_ += tokens.size();
  step.parts.push_back(make_part(entry, *rows, is_last));
}

Scheduler::Part Scheduler::make_part(Entry& entry, const BatchSequence& rows, bool is_last) {
  Part part{.entry = &entry,
            .last_row = static_cast<std::int32_t>(n_rows_) - 1,
            .n_rows = static_cast<std::int32_t>(rows.tokens.size()),
            .first_position = rows.first_position,
            .is_end = is_last && entry.request.max_tokens == 0,
            .choice = kNone};
  if (is_last && !part.is_end) {
    ++n_choosing_;
    part.choice = kByHost;
    entry.chooser.look_back(entry.answer.history());
    if (entry.chooser.on_device()) {
      part.choice = static_cast<std::int32_t>(choices_.size());
      choices_.push_back(entry.chooser.choice(part.last_row, entry.sequence.length()));
      choices_.back().is_masked = entry.answer.constraint() != nullptr;
      choosing_.push_back(&entry);
    }
  }
  entry.choice = part.choice;
  return part;
}

}  // namespace rocmforge::engine
