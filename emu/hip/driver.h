// The state behind HIP's calls: one card, and all that the program made on it.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "check/watches.h"
#include "hip/codes.h"
#include "hip/options.h"
#include "hip/queue.h"
#include "machine/machine.h"
#include "machine/memory.h"
#include "machine/program.h"
#include "report/report.h"

namespace rocmforge::emu {

class Module {
 public:
  std::shared_ptr<const Program> program;
  std::vector<void*> functions;  // handles given away
  bool unloaded = false;
};

struct Function {
  std::shared_ptr<Module> module;
  const KernelInfo* kernel = nullptr;
};

// What a capture has recorded: work with the nodes that it comes after.
struct Node {
  Task work;
  std::vector<std::size_t> after;
};

struct Graph {
  std::vector<Node> nodes;
  CommandPtr last_launch;  // launches of one executable graph follow one another
};

struct Stream;

struct Capture {
  Graph graph;
  int mode = 0;
  std::thread::id thread;
  Stream* origin = nullptr;
  std::vector<Stream*> joined;  // the origin among them
  bool broken = false;
};

struct Stream {
  std::uint64_t lane = 0;
  bool blocking = false;  // waits for the null stream, and it for this one
  CommandPtr last;
  std::shared_ptr<Capture> capture;
  std::vector<std::size_t> captured_after;  // nodes that the next one comes after
};

struct Event {
  bool has_time = true;
  CommandPtr marker;  // of the last record; null: never recorded
  std::shared_ptr<Capture> capture;
  std::vector<std::size_t> captured_after;
};

// Handles are numbers that never come twice, so that a stale one is known for what it is.
template <class T>
class Handles {
 public:
  explicit Handles(const char* what) : what_(what) {}
  void* add(std::shared_ptr<T> object);
  // Throw Status{kInvalidHandle}.
  std::shared_ptr<T> at(const void* handle) const;
  std::shared_ptr<T> take(const void* handle);
  bool erase(const void* handle) { return all_.erase(handle) > 0; }
  const std::map<const void*, std::shared_ptr<T>>& all() const { return all_; }

 private:
  const char* what_;
  std::map<const void*, std::shared_ptr<T>> all_;
};

// Also hipStream_t values without a stream behind: ROCm/HIP hip_runtime_api.h.
inline constexpr std::uintptr_t kStreamLegacy = 1, kStreamPerThread = 2;

struct Copy {
  void* to;
  const void* from;
  std::size_t bytes;
  int kind;  // hipMemcpyKind
};

struct Fill {
  void* at;
  std::uint32_t value;
  int width;  // bytes of the value: 1, 2 or 4
  std::size_t count;
};

struct LaunchCall {
  std::array<std::uint32_t, 3> grid, block;  // work groups; threads of one
  std::uint32_t dynamic_lds;
  void** parameters;
  void** extra;
};

// Calls are made under `mutex` (api.h), which waits let go of; all throw Status.
class Driver {
  Options options_;
  Memory memory_;  // whatever holds a program goes before the memory that it lies in

 public:
  // Made by the first call, from what the environment says; Error{kUsage} for what that cannot
  // mean.
  static Driver& get();
  static Driver* existing();  // or null
  static void reset();        // hipDeviceReset(): a fresh one at the next call

  explicit Driver(Options options);
  ~Driver();

  const Options& options() const { return options_; }
  const Card& card() const { return options_.card; }
  // Counts the call; throws Status where it is to fail, or the card is lost.
  void enter(const char* call);
  // The card's end, or nothing: the fault's code and its whole text.
  struct Lost {
    int code;
    std::string text;
  };
  std::shared_ptr<const Lost> lost() const;

  using Lock = std::unique_lock<std::mutex>;
  // Waits, with the mutex let go of meanwhile; null: for all. Throws the card's end.
  void finish(Lock& lock, const CommandPtr& goal);
  bool ask(Lock& lock, const CommandPtr& goal);

  // --- memory
  void* allocate(std::size_t bytes);
  void release(Lock& lock, void* address);
  void* allocate_pinned(std::size_t bytes);
  void release_pinned(Lock& lock, void* address);
  void register_host(void* address, std::size_t bytes, bool writable);
  void unregister_host(Lock& lock, void* address);
  bool is_device(const void* address) const;
  bool is_pinned(const void* address, std::size_t bytes) const;
  Memory& memory() { return memory_; }

  // --- streams: null stands for the null stream
  std::shared_ptr<Stream> stream(void* handle);
  void* add_stream(bool blocking);
  void destroy_stream(Lock& lock, void* handle);
  void copy(Lock& lock, const Copy& copy, Stream& stream);
  void fill(Lock& lock, const Fill& fill, Stream& stream);
  void launch(const Function& function, const LaunchCall& launch, Stream& stream);
  void call_host(void (*call)(void*), void* data, Stream& stream);
  // All work on a stream goes through here, captured or not; `also`: what it comes after besides.
  void enqueue(Stream& stream, Task work, const CommandPtr& also = nullptr);
  // All that the stream's end hangs on, for the null stream what blocking ones hold as well.
  void finish(Lock& lock, Stream& stream);
  bool ask(Lock& lock, Stream& stream);
  void record(Event& event, Stream& stream);
  void wait(Stream& stream, Event& event);

  // --- capture.cpp
  void begin_capture(Stream& stream, int mode);
  std::shared_ptr<Graph> end_capture(Stream& stream);
  void leave_capture(Stream& stream);
  // Fails, and breaks the captures, where calls that may wait are not allowed in this thread.
  void forbid_in_capture();
  // The same for what asks for a stream's or event's state.
  void forbid_captured(Stream& stream);
  void launch(Graph& graph, Stream& stream);

  // --- modules.cpp
  std::shared_ptr<Module> load(const void* image);
  void unload(void* handle);
  void* function(void* module, const char* name);

  WorkQueue& queue() { return queue_; }
  const Report& report() const { return report_; }
  // Where ROCMFORGE_EMU_COUNTERS says; quietly nothing where that cannot be written.
  void write_counters() const;

  std::mutex mutex;
  Handles<Stream> streams{"stream"};
  Handles<Event> events{"event"};
  Handles<Module> modules{"module"};
  Handles<Function> functions{"function"};
  Handles<Graph> graphs{"graph"}, executables{"executable graph"};

 private:
  struct Host {
    std::size_t bytes = 0;
    bool owned = false;
  };
  MachineOptions machine_options();
  void lose(std::exception_ptr why);
  enum class Place { kDevice, kPinned, kPageable };
  Place place_of(const void* address, std::size_t bytes) const;
  std::vector<CommandPtr> before_next(Stream& stream);
  void break_captures(const Stream& stream);
  void limit_pending(Lock& lock);
  CodeObject substituted(CodeObject object) const;

  Report report_;
  SharedChecks checks_;
  std::unique_ptr<Machine> machine_;
  WorkQueue queue_;
  Stream null_stream_;
  std::map<std::thread::id, std::shared_ptr<Stream>> per_thread_;
  std::vector<std::shared_ptr<Capture>> captures_;  // under way
  std::map<std::uintptr_t, std::size_t> allocations_;
  std::map<std::uintptr_t, Host> hosts_;
  std::shared_ptr<std::atomic<std::size_t>> staged_bytes_ =
      std::make_shared<std::atomic<std::size_t>>(0);
  std::map<std::string, std::uint64_t> n_calls_;
  std::uint64_t n_all_calls_ = 0;
  std::atomic<std::uint64_t> n_dispatches_{0};
  mutable std::mutex lost_mutex_;
  std::shared_ptr<const Lost> lost_;
};

void* next_handle();

template <class T>
void* Handles<T>::add(std::shared_ptr<T> object) {
  void* handle = next_handle();
  all_.emplace(handle, std::move(object));
  return handle;
}

template <class T>
std::shared_ptr<T> Handles<T>::at(const void* handle) const {
  const auto found = all_.find(handle);
  if (found == all_.end()) {
    throw Status(kInvalidHandle, std::string("there is no such ") + what_ + ", or no longer");
  }
  return found->second;
}

template <class T>
std::shared_ptr<T> Handles<T>::take(const void* handle) {
  std::shared_ptr<T> out = at(handle);
  all_.erase(handle);
  return out;
}

}  // namespace rocmforge::emu
