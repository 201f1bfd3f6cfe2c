// Work that was enqueued and has not run yet, and the order in which it runs.
//
// Nothing runs when it is enqueued: commands run in the thread that waits or asks for one of them,
// one after the other, each after those that it must follow. Of those that may run a seed picks;
// with seed 0 it is the oldest.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

namespace rocmforge::emu {

class Module;

// What a command does.
struct Task {
  std::function<void()> run;       // empty: a marker
  std::shared_ptr<Module> module;  // whose kernel it runs
};

class Command {
 public:
  bool is_marker() const { return !task_.run; }

 private:
  friend class WorkQueue;
  Task task_;
  std::uint64_t number_ = 0, lane_ = 0;
  int n_waits_for_ = 0;
  std::vector<std::shared_ptr<Command>> followers_;
  bool done_ = false;
  std::chrono::steady_clock::time_point finished_;
};
using CommandPtr = std::shared_ptr<Command>;

class WorkQueue {
 public:
  // on_failure: told of what a command threw; those that are left are dropped then, unrun.
  WorkQueue(std::uint64_t seed, std::function<void(std::exception_ptr)> on_failure);

  // A command after those of `after` (null ones are passed over). Commands of a lane are picked in
  // bursts: a lane is a stream, or a branch of a graph.
  CommandPtr add(Task work, const std::vector<CommandPtr>& after, std::uint64_t lane);

  bool is_done(const CommandPtr& goal) const;  // null is
  // Null: every command that there is by now.
  void finish(const CommandPtr& goal);
  // Runs a few commands; the more, the more often in a row `goal` was asked for.
  bool ask(const CommandPtr& goal);
  bool uses(const Module& module) const;  // a command of it has not run
  std::size_t n_pending() const;
  // Of a command that is done.
  std::chrono::steady_clock::time_point finished(const CommandPtr& command) const;

 private:
  using Lock = std::unique_lock<std::mutex>;
  CommandPtr pick();
  void run_one(Lock& lock);
  void complete(const CommandPtr& command);
  std::uint64_t random();

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::function<void(std::exception_ptr)> on_failure_;
  std::map<std::uint64_t, CommandPtr> pending_, ready_;  // by number
  std::uint64_t n_added_ = 0;
  bool busy_ = false;  // a thread runs a command
  bool failed_ = false;
  std::uint64_t seed_, state_, lane_ = 0;
  Command* asked_ = nullptr;
  int patience_ = 0;
};

}  // namespace rocmforge::emu
