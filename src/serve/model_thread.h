// The thread that owns the device: requests come in from any thread, are run together, and are
// answered in any case.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "engine/engine.h"
#include "engine/request.h"
#include "engine/scheduler.h"

namespace rocmforge::serve {

class ModelThread {
 public:
  // Called once for each request that was taken in, on the thread. It must not throw.
  using Done = std::function<void(engine::Result result)>;
  enum class Refused : std::uint8_t {
    kFull,     // max_waiting requests have no place so far: later there may be room
    kClosing,  // no more are taken
  };
  // A request that was taken in. cancel() ends it within one step, from any thread.
  class Handle {
   public:
    void cancel() const { cancelled_->store(true); }

   private:
    friend class ModelThread;
    std::shared_ptr<std::atomic<bool>> cancelled_ = std::make_shared<std::atomic<bool>>(false);
  };
  struct Counts {
    std::size_t n_running = 0, n_waiting = 0;                    // now
    std::size_t n_taken = 0, n_refused = 0;                      // since the start
    std::size_t n_completed = 0, n_cancelled = 0, n_failed = 0;  // that ended; Rejected: failed
    std::int64_t n_prompt = 0, n_generated = 0;                  // tokens of those that ended
    engine::Scheduler::Stats scheduler;                          // as of the last step
  };

  // The engine outlives it, and answers nothing else meanwhile. At least one may wait (checked).
  ModelThread(engine::Engine& engine, std::size_t max_waiting,
              const engine::SchedulerOptions& options = {.prefix_cache = true});
  // Cancels what is under way.
  ~ModelThread();
  ModelThread(const ModelThread&) = delete;
  ModelThread& operator=(const ModelThread&) = delete;

  // Neither waits for the device. The sinks are called on the thread, as `done` is; what a sink
  // throws fails all requests under way, for a step is theirs together.
  // `admitted`: of a caller one of whose requests has just ended; the queue is not full for it.
  std::variant<Handle, Refused> submit(engine::Request request, engine::TextSinks sinks, Done done,
                                       bool admitted = false);

  // Takes no more; true when all have ended within `patience`.
  bool drain(std::chrono::milliseconds patience);
  Counts counts() const;
  // Why requests under way failed together, the device's fault or ours; empty when one has been
  // answered since.
  std::string trouble() const;

 private:
  struct Arrived {
    engine::Request request;
    engine::TextSinks sinks;
    Done done;
    Handle handle;
    std::chrono::steady_clock::time_point at;
  };
  struct UnderWay {
    Done done;
    Handle handle;
  };

  std::size_t n_open() const;  // taken, and not ended; the mutex is held
  void run();
  bool take_arrived(bool may_wait);
  void end(std::size_t id, engine::Result result);
  void fail_all(const std::string& why);

  std::size_t n_places_, max_waiting_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Arrived> arrived_;
  Counts counts_;
  std::string trouble_;
  bool draining_ = false, stopping_ = false;
  bool is_idle_ = true;  // the thread waits, and the scheduler holds nothing

  // Of the thread alone.
  engine::Scheduler scheduler_;
  std::map<std::size_t, UnderWay> under_way_;
  std::vector<Handle>
      ended_;  // in this step: the scheduler may still look whether they are cancelled
  std::thread thread_;
};

}  // namespace rocmforge::serve
