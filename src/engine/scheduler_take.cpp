// How the tokens of a step are taken.
#include <algorithm>
#include <utility>

#include "base/check.h"
#include "engine/scheduler_entry.h"

namespace rocmforge::engine {

void Scheduler::take_oldest() {
  Step& step = steps_[0];
  const auto is_waited_for = [](const Part& p) { return p.entry != nullptr && p.choice >= 0; };
  if (std::any_of(step.parts.begin(), step.parts.end(), is_waited_for)) {
    const std::span<const std::int32_t> tokens = runner_.tokens(step.ticket);
    for (Part& part : step.parts) {
      if (is_waited_for(part)) part.token = tokens[static_cast<std::size_t>(part.choice)];
    }
  }
  read_prompts(step);
  choose_on_host(step);
  for (Part& part : step.parts) {
    if (part.entry == nullptr) continue;
    publish(*part.entry);
    if (part.choice != kNone) take(*part.entry, part.token);
    if (part.is_end) {
      part.entry->answer.end(is_cancelled(part.entry->listener) ? FinishReason::kCancelled
                                                                : FinishReason::kLength);
      leave(*part.entry);
    }
  }
  std::swap(steps_[0], steps_[1]);
  --n_steps_;
}

bool Scheduler::reads_prompt(const Part& part) {
  return part.entry != nullptr && part.entry->reader.wants(part.first_position, part.n_rows);
}

// While the last step's rows are there: nothing is ahead of a step with such rows.
void Scheduler::read_prompts(const Step& step) {
  for (const Part& part : step.parts) {
    if (!reads_prompt(part)) continue;
    check(n_steps_ == 1, "prompts are read behind a step ahead");
    part.entry->reader.read(runner_, part.last_row + 1 - part.n_rows, part.first_position,
                            part.n_rows, part.entry->answer.completion());
  }
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
    for (const Part* part : parts) {
      host_rows_.push_back(part->last_row);
      part->entry->mask();  // made while the device runs the step
    }
    const std::span<const float> logits = runner_.logits(host_rows_);
    for (std::size_t i = 0; i < parts.size(); ++i) {
      Entry& entry = *parts[i]->entry;
      parts[i]->token = entry.chooser.choose(logits.subspan(i * n_vocab, n_vocab),
                                             entry.answer.history(), entry.n_known(), entry.mask());
    }
    rest = rest.subspan(parts.size());
  }
}

void Scheduler::note_first(Entry& entry) {
  entry.first = Clock::now();
  const Timing& timing = entry.answer.completion().timing;
  stats_.n_prompt += static_cast<std::uint64_t>(timing.n_prompt);
  if (!cache_ || !entry.shares()) return;
  stats_.n_queries += static_cast<std::uint64_t>(timing.n_prompt);
  stats_.n_hits += static_cast<std::uint64_t>(timing.n_kept);
}

void Scheduler::take(Entry& entry, text::TokenId token) {
  if (!entry.first) note_first(entry);
  const std::int64_t n_before = entry.n_known();
  bool ended = true;
  if (is_cancelled(entry.listener)) {
    entry.answer.end(FinishReason::kCancelled);
  } else if (Constraint* held = entry.answer.constraint(); held != nullptr && held->stuck()) {
    entry.fail("[engine] " + engine_.file().path() +
               ": the vocabulary has no token that goes on with the grammar");
  } else if (token == text::kNoToken || token == ir::kNoSample) {
    entry.fail("[engine] " + engine_.file().path() +
               ": the model gave no finite logit at position " + std::to_string(n_before - 1));
  } else {
    ended = entry.answer.take(token, &entry.chooser.log_probs()) || take_forced(entry);
    stats_.n_generated += static_cast<std::uint64_t>(entry.n_known() - n_before);
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

}  // namespace rocmforge::engine
