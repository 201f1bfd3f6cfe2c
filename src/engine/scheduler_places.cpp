// Who has a place and KV blocks, and what is common to their beginnings.
#include <algorithm>
#include <utility>

#include "base/check.h"
#include "engine/scheduler_entry.h"

namespace rocmforge::engine {

void Scheduler::end_cancelled() {
  for (const auto& entry : running_) {
    if (!is_cancelled(entry->listener)) continue;
    drop(steps_[0], *entry);  // all that it runs is known: what is run may be kept
    entry->answer.end(FinishReason::kCancelled);
    leave(*entry);
  }
  erase_ended();
  for (const auto& entry : blocked_) {
    if (!is_cancelled(entry->listener)) continue;
    entry->answer.end(FinishReason::kCancelled);
    leave(*entry);
  }
  std::erase_if(blocked_, [](const auto& entry) { return entry->ended; });
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
  while (running_.size() < places) {
    if (blocked_.empty() && !take_waiting()) return;
    Entry& entry = *blocked_.front();
    if (!admit(entry)) {
      if (!running_.empty()) return;  // their blocks will come back
      entry.fail("[engine] " + engine_.file().path() + ": no room is left in the KV cache");
      leave(entry);
      blocked_.erase(blocked_.begin());
      continue;
    }
    if (!entry.start) entry.start = Clock::now();
    const auto behind = std::find_if(running_.begin(), running_.end(),
                                     [&](const auto& other) { return other->id > entry.id; });
    running_.insert(behind, std::move(blocked_.front()));
    blocked_.erase(blocked_.begin());
  }
}

// The first that waits and can be begun comes to blocked_; false when none is left.
bool Scheduler::take_waiting() {
  while (!waiting_.empty()) {
    const Waiting waiting = std::move(waiting_.front());
    waiting_.pop_front();
    std::unique_ptr<Entry> entry;
    try {
      entry = std::make_unique<Entry>(engine_, waiting);
    } catch (const std::exception& e) {  // nobody else's matter
      end_waiting(waiting, FinishReason::kFailed, e.what());
      continue;
    }
    blocked_.push_back(std::move(entry));
    if (!take_forced(*blocked_.back())) return true;
    leave(*blocked_.back());
    blocked_.pop_back();
  }
  return false;
}

// Takes the blocks of all its known tokens, where each that runs could still have one more.
bool Scheduler::admit(Entry& entry) {
  reuse(entry);
  Sequence& sequence = entry.sequence;
  const auto n_tokens =
      static_cast<std::int32_t>(std::min<std::int64_t>(entry.n_known(), runner_.n_ctx()));
  const std::int32_t n_blocks = (n_tokens + ir::kBlockTokens - 1) / ir::kBlockTokens;
  const auto n_held = static_cast<std::int32_t>(sequence.blocks().size());
  const auto n_spare = static_cast<std::int32_t>(running_.size());
  if (n_blocks - n_held + n_spare <= runner_.pool().n_free()) return sequence.reserve(n_tokens);
  if (entry.own) {
    sequence.truncate(0);
    entry.n_shared = 0;
    if (!entry.preempted) entry.answer.completion().timing.n_kept = 0;
  }
  return false;
}

bool Scheduler::reserve_known(Entry& entry) const {
  return entry.sequence.reserve(
      static_cast<std::int32_t>(std::min<std::int64_t>(entry.n_known(), runner_.n_ctx())));
}

// Each that runs has blocks for what it runs next. Nothing is under way.
void Scheduler::make_room() {
  for (std::size_t i = 0; i < running_.size();) {
    if (running_[i]->ended || make_room_for(i)) ++i;
  }
}

// False when it was preempted itself.
bool Scheduler::make_room_for(std::size_t at) {
  Entry& entry = *running_[at];
  while (!reserve_known(entry)) {
    std::size_t youngest = running_.size();
    for (std::size_t i = at; i < running_.size(); ++i) {
      if (running_[i]->own && !running_[i]->ended) youngest = i;
    }
    if (youngest == running_.size() || running_.size() == 1) {  // nobody gives it any
      entry.fail("[engine] " + engine_.file().path() + ": no room is left in the KV cache");
      leave(entry);
      return true;
    }
    preempt(youngest);
    if (youngest == at) return false;
  }
  return true;
}

void Scheduler::preempt(std::size_t at) {
  check(n_steps_ == 0, "a request is preempted between steps");
  Entry& entry = *running_[at];
  entry.sequence.truncate(0);
  entry.n_shared = 0;
  entry.choice = kNone;
  entry.preempted = true;
  const auto behind = std::find_if(blocked_.begin(), blocked_.end(),
                                   [&](const auto& other) { return other->id > entry.id; });
  blocked_.insert(behind, std::move(running_[at]));
  running_.erase(running_.begin() + static_cast<std::ptrdiff_t>(at));
  ++stats_.n_preemptions;
}

void Scheduler::erase_ended() {
  std::erase_if(running_, [](const auto& entry) { return entry->ended; });
  if (running_.empty()) n_steps_ = 0;  // what is under way is nobody's
}

// ---- what is common to several

// Goes on by full blocks that others have run.
void Scheduler::reuse(Entry& entry) {
  if (!cache_) return;
  while (true) {
    const std::span<const text::TokenId> tokens = entry.next_block();
    if (tokens.empty()) return;
    const kv::BlockId block = cache_->find(entry.last_shared(), tokens);
    if (block == kv::kNoBlock) return;
    entry.sequence.adopt(block);
    ++entry.n_shared;
    if (!entry.preempted) {
      Timing& timing = entry.answer.completion().timing;
      timing.n_kept = std::min(timing.n_prompt, entry.sequence.length());
    }
  }
}

// Full blocks that have been run, or will have been before any other step, become known. Where
// another was faster, its block takes the place of the same one here.
void Scheduler::publish(Entry& entry) {
  if (!cache_ || !entry.shares()) return;
  const std::span<const text::TokenId> known = entry.answer.history();
  const std::size_t n_run =
      std::min(known.size(), static_cast<std::size_t>(entry.sequence.length()));
  constexpr auto kTokens = static_cast<std::size_t>(ir::kBlockTokens);
  while ((entry.n_shared + 1) * kTokens <= n_run) {
    const std::size_t k = entry.n_shared;
    const std::span<const text::TokenId> tokens = known.subspan(k * kTokens, kTokens);
    const kv::BlockId mine = entry.sequence.blocks()[k];
    const kv::BlockId found = cache_->find(entry.last_shared(), tokens);
    if (found == kv::kNoBlock) {
      cache_->add(mine, entry.last_shared(), tokens);
    } else if (found != mine) {
      entry.sequence.share(k, found);
    }
    ++entry.n_shared;
  }
}

// Whether an older one is about to have run the block that it would run next. The oldest of all
// follows nobody, so somebody always goes on.
bool Scheduler::follows_older(std::size_t at) const {
  if (!cache_) return false;
  const Entry& entry = *running_[at];
  const std::span<const text::TokenId> tokens = entry.next_block();
  if (tokens.empty()) return false;
  const auto begin = static_cast<std::ptrdiff_t>(entry.n_shared) * ir::kBlockTokens;
  return std::any_of(
      running_.begin(), running_.begin() + static_cast<std::ptrdiff_t>(at), [&](const auto& other) {
        const std::span<const text::TokenId> theirs = other->answer.history();
        return !other->ended && other->shares() && other->n_shared == entry.n_shared &&
               other->last_shared() == entry.last_shared() &&
               std::ssize(theirs) >= begin + ir::kBlockTokens &&
               std::equal(tokens.begin(), tokens.end(), theirs.begin() + begin);
      });
}

}  // namespace rocmforge::engine
