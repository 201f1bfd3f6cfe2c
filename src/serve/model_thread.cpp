#include "serve/model_thread.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/log.h"

namespace rocmforge::serve {
namespace {

// Within a catch.
std::string what_is_thrown() {
  try {
    throw;
  } catch (const std::exception& e) {
    return e.what();
  } catch (...) {
    return "something that is no exception of the standard's was thrown";
  }
}

}  // namespace

ModelThread::ModelThread(engine::Engine& engine, std::size_t max_waiting,
                         const engine::SchedulerOptions& options)
    : n_places_(static_cast<std::size_t>(engine.runner().max_sequences())),
      max_waiting_(max_waiting),
      scheduler_(
          engine, [this](std::size_t id, engine::Result result) { end(id, std::move(result)); },
          options) {
  check(max_waiting > 0, "a place to wait in");
  counts_.scheduler = scheduler_.stats();
  thread_ = std::thread([this] { run(); });
}

ModelThread::~ModelThread() {
  {
    const std::scoped_lock lock(mutex_);
    draining_ = stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

std::variant<ModelThread::Handle, ModelThread::Refused> ModelThread::submit(engine::Request request,
                                                                            engine::TextSinks sinks,
                                                                            Done done,
                                                                            bool admitted) {
  const std::scoped_lock lock(mutex_);
  if (draining_) return Refused::kClosing;
  if (!admitted && n_open() >= n_places_ + max_waiting_) {
    ++counts_.n_refused;
    return Refused::kFull;
  }
  ++counts_.n_taken;
  Arrived& last =
      arrived_.emplace_back(Arrived{std::move(request), std::move(sinks), std::move(done), Handle(),
                                    std::chrono::steady_clock::now()});
  changed_.notify_all();
  return last.handle;
}

bool ModelThread::drain(std::chrono::milliseconds patience) {
  std::unique_lock lock(mutex_);
  draining_ = true;
  return changed_.wait_for(lock, patience, [this] { return n_open() == 0 && is_idle_; });
}

ModelThread::Counts ModelThread::counts() const {
  const std::scoped_lock lock(mutex_);
  Counts out = counts_;
  out.n_running = std::min(out.n_running, n_open());
  out.n_waiting = n_open() - out.n_running;
  return out;
}

std::size_t ModelThread::n_open() const {
  return counts_.n_taken - counts_.n_completed - counts_.n_cancelled - counts_.n_failed;
}

std::string ModelThread::trouble() const {
  const std::scoped_lock lock(mutex_);
  return trouble_;
}

void ModelThread::run() {
  bool busy = false;
  while (take_arrived(/*may_wait=*/!busy)) {
    try {
      busy = scheduler_.step();
    } catch (...) {
      fail_all(what_is_thrown());
      busy = false;
    }
    ended_.clear();
    const std::scoped_lock lock(mutex_);
    counts_.n_running = scheduler_.n_running();
    counts_.scheduler = scheduler_.stats();
    is_idle_ = !busy;
    if (!busy) changed_.notify_all();
  }
  take_arrived(/*may_wait=*/false);  // what came before it was told to stop
  try {
    scheduler_.cancel();
  } catch (...) {  // of a sink
    fail_all(what_is_thrown());
  }
  const std::scoped_lock lock(mutex_);
  is_idle_ = true;
  counts_.n_running = 0;
  counts_.scheduler = scheduler_.stats();
  changed_.notify_all();
}

// Hands what has come to the scheduler; false when the thread is to end.
bool ModelThread::take_arrived(bool may_wait) {
  std::vector<Arrived> arrived;
  {
    std::unique_lock lock(mutex_);
    if (may_wait) changed_.wait(lock, [this] { return stopping_ || !arrived_.empty(); });
    arrived.swap(arrived_);
    is_idle_ = is_idle_ && arrived.empty();
    if (stopping_) {
      for (const Arrived& one : arrived) one.handle.cancel();
    }
  }
  for (Arrived& one : arrived) {
    const std::size_t id = scheduler_.n_added();
    const std::atomic<bool>* cancel = one.handle.cancelled_.get();
    under_way_.emplace(id, UnderWay{std::move(one.done), std::move(one.handle)});
    try {
      scheduler_.add(std::move(one.request),
                     {.sinks = std::move(one.sinks), .cancel = cancel, .arrived = one.at});
    } catch (...) {
      engine::Completion failed;
      failed.reason = engine::FinishReason::kFailed;
      failed.error = what_is_thrown();
      end(id, std::move(failed));
    }
  }
  const std::scoped_lock lock(mutex_);
  return !stopping_;
}

void ModelThread::end(std::size_t id, engine::Result result) {
  const auto found = under_way_.find(id);
  if (found == under_way_.end()) return;
  const Done done = std::move(found->second.done);
  ended_.push_back(std::move(found->second.handle));
  under_way_.erase(found);
  {
    const std::scoped_lock lock(mutex_);
    const auto* completion = std::get_if<engine::Completion>(&result);
    if (completion == nullptr) {
      ++counts_.n_failed;
    } else {
      counts_.n_prompt += completion->timing.n_prompt;
      counts_.n_generated += completion->timing.n_generated;
      switch (completion->reason) {
        case engine::FinishReason::kFailed:
          ++counts_.n_failed;
          if (completion->device_failed) trouble_ = completion->error;
          break;
        case engine::FinishReason::kCancelled:
          ++counts_.n_cancelled;
          break;
        case engine::FinishReason::kCompleted:
        case engine::FinishReason::kLength:
          ++counts_.n_completed;
          trouble_.clear();
      }
    }
  }
  try {
    done(std::move(result));
  } catch (...) {  // which harms no other request
    log(LogLevel::kError, "the end of a request was not told: " + what_is_thrown());
  }
}

void ModelThread::fail_all(const std::string& why) {
  while (!under_way_.empty()) {
    engine::Completion failed;
    failed.reason = engine::FinishReason::kFailed;
    failed.device_failed = true;
    failed.error = why;
    end(under_way_.begin()->first, std::move(failed));
  }
}

}  // namespace rocmforge::serve
