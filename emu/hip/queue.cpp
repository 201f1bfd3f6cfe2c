#include "hip/queue.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace rocmforge::emu {
namespace {

constexpr int kFirstAnswer = 2;  // commands that the first question runs
constexpr int kMostAnswer = 1 << 16;
// Of eight picks: how many stay in the lane of the last one.
constexpr std::uint64_t kStay = 6;

}  // namespace

WorkQueue::WorkQueue(std::uint64_t seed, std::function<void(std::exception_ptr)> on_failure)
    : on_failure_(std::move(on_failure)), seed_(seed), state_(seed) {}

// splitmix64, of Vigna.
std::uint64_t WorkQueue::random() {
  state_ += 0x9e3779b97f4a7c15ULL;
  std::uint64_t z = state_;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}

CommandPtr WorkQueue::add(Task work, const std::vector<CommandPtr>& after, std::uint64_t lane) {
  auto command = std::make_shared<Command>();
  command->task_ = std::move(work);
  command->lane_ = lane;
  const Lock lock(mutex_);
  command->number_ = n_added_++;
  for (const CommandPtr& earlier : after) {
    if (earlier == nullptr || earlier->done_) continue;
    earlier->followers_.push_back(command);
    ++command->n_waits_for_;
  }
  pending_.emplace(command->number_, command);
  if (command->n_waits_for_ == 0) ready_.emplace(command->number_, command);
  return command;
}

CommandPtr WorkQueue::pick() {
  auto chosen = ready_.begin();
  if (seed_ != 0) {
    const auto in_lane = std::find_if(ready_.begin(), ready_.end(), [&](const auto& entry) {
      return entry.second->lane_ == lane_;
    });
    if (in_lane != ready_.end() && random() % 8 < kStay) {
      chosen = in_lane;
    } else {
      std::advance(chosen, static_cast<std::ptrdiff_t>(random() % ready_.size()));
    }
  }
  CommandPtr command = chosen->second;
  lane_ = command->lane_;
  ready_.erase(chosen);
  return command;
}

void WorkQueue::complete(const CommandPtr& command) {
  command->done_ = true;
  command->finished_ = std::chrono::steady_clock::now();
  command->task_ = {};
  pending_.erase(command->number_);
  for (const CommandPtr& follower : std::exchange(command->followers_, {})) {
    if (--follower->n_waits_for_ == 0) ready_.emplace(follower->number_, follower);
  }
}

// Some command is ready, since those that wait wait for older ones.
void WorkQueue::run_one(Lock& lock) {
  const CommandPtr command = pick();
  busy_ = true;
  std::exception_ptr failure;
  if (command->task_.run && !failed_) {
    lock.unlock();
    try {
      command->task_.run();
    } catch (...) {
      failure = std::current_exception();
    }
    if (failure != nullptr) on_failure_(failure);
    lock.lock();
  }
  failed_ = failed_ || failure != nullptr;
  complete(command);
  busy_ = false;
  changed_.notify_all();
}

bool WorkQueue::is_done(const CommandPtr& goal) const {
  const Lock lock(mutex_);
  return goal == nullptr || goal->done_;
}

void WorkQueue::finish(const CommandPtr& goal) {
  Lock lock(mutex_);
  const std::uint64_t end = n_added_;
  const auto is_finished = [&] {
    return goal != nullptr ? goal->done_ : pending_.empty() || pending_.begin()->first >= end;
  };
  while (!is_finished()) {
    if (busy_) {
      changed_.wait(lock);
    } else {
      run_one(lock);
    }
  }
}

bool WorkQueue::ask(const CommandPtr& goal) {
  Lock lock(mutex_);
  if (goal == nullptr || goal->done_) return true;
  patience_ = goal.get() == asked_ ? std::min(patience_ * 2, kMostAnswer) : kFirstAnswer;
  asked_ = goal.get();
  for (int i = 0; i < patience_ && !goal->done_ && !busy_; ++i) run_one(lock);
  return goal->done_;
}

bool WorkQueue::uses(const Module& module) const {
  const Lock lock(mutex_);
  return std::any_of(pending_.begin(), pending_.end(), [&](const auto& entry) {
    return entry.second->task_.module.get() == &module;
  });
}

std::size_t WorkQueue::n_pending() const {
  const Lock lock(mutex_);
  return pending_.size();
}

std::chrono::steady_clock::time_point WorkQueue::finished(const CommandPtr& command) const {
  const Lock lock(mutex_);
  return command->finished_;
}

}  // namespace rocmforge::emu
