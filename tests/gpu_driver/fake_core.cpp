#include "gpu_driver/fake_core.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "gpu_driver/fake_kernels.h"

namespace rocmforge::test::fake {
namespace {

struct Graph {
  std::vector<Command> commands;
  void* result = nullptr;  // of the last matmul
};

struct Stream {
  std::deque<Command> queue;
  std::unique_ptr<Graph> capture;

  bool step() {  // one command; true when the queue is empty behind it
    if (!queue.empty() && queue.front()()) queue.pop_front();
    return queue.empty();
  }
  bool drain() {
    while (!queue.empty() && queue.front()()) queue.pop_front();
    return queue.empty();
  }
};

struct Event {
  Stream* stream = nullptr;  // of the last record
  int n_pending = 0;
  int ticket = 0;  // the count of events done so far stands for the time
};

struct Kernel {
  std::string name;
  bool computes = false;
  int shared_limit = 0;
};

struct Module {
  bool computes = false;  // its kernel "probe" does
  std::map<std::string, Kernel> kernels;
};

std::map<DeviceAddress, std::size_t> allocations;
std::set<void*> pinned;

void free_memory() {
  for (const auto& [address, bytes] : allocations) std::free(reinterpret_cast<void*>(address));
  allocations.clear();
  for (void* memory : pinned) std::free(memory);
  pinned.clear();
}

// A device's memory goes with the process; ours with the library. Whoever leaves handles behind
// shows in FakeControl::live.
struct FreedAtTheEnd {
  ~FreedAtTheEnd() { free_memory(); }
} freed_at_the_end;

std::map<void*, std::unique_ptr<Stream>> streams;
std::map<void*, std::shared_ptr<Event>> events;
std::map<void*, std::unique_ptr<Module>> modules;
std::map<void*, std::unique_ptr<Graph>> graphs, graph_execs;
int n_tickets = 0;

template <class T, class Pointer>
T* at(std::map<void*, Pointer>& all, void* handle) {
  const auto found = all.find(handle);
  return found != all.end() ? found->second.get() : nullptr;
}

template <class Pointer>
void* keep(std::map<void*, Pointer>& all, Pointer object, int& n_live) {
  void* handle = object.get();
  all.emplace(handle, std::move(object));
  ++n_live;
  return handle;
}

template <class Pointer>
int drop(std::map<void*, Pointer>& all, void* handle, int& n_live) {
  if (all.erase(handle) == 0) return kInvalidHandle;
  --n_live;
  return kDone;
}

bool is_capturing() {
  for (const auto& [handle, stream] : streams) {
    if (stream->capture != nullptr) return true;
  }
  return false;
}

// What a call that waits for the device does first.
void synchronize() {
  bool again = true, hung = false;
  for (int round = 0; again && round < 100; ++round) {  // streams may wait for each other
    again = false;
    for (const auto& [handle, stream] : streams) again = !stream->drain() || again;
    hung = again;
  }
  if (hung) ++control().n_freed_while_hung;
}

int give(StreamHandle handle, Command command) {
  Stream* stream = at<Stream>(streams, handle);
  if (stream == nullptr) return kInvalidHandle;
  if (stream->capture != nullptr) {
    stream->capture->commands.push_back(std::move(command));
  } else {
    stream->queue.push_back(std::move(command));
  }
  return kDone;
}

}  // namespace

FakeControl& control() {
  static FakeControl the = [] {
    FakeControl out;
    if (const char* target = std::getenv("FAKE_TARGET")) {
      std::strncpy(out.target, target, sizeof(out.target) - 1);
    }
    return out;
  }();
  return the;
}

Locked::Locked()
    : lock_([]() -> std::mutex& {
        static std::mutex the;
        return the;
      }()) {}

FAKE_EXPORT FakeControl* fake_control() {
  return &control();
}

FAKE_EXPORT void fake_reset() {
  graph_execs.clear();
  graphs.clear();
  modules.clear();
  streams.clear();
  events.clear();
  free_memory();
  control() = {};
}

int enter(const char* call, bool releases) {
  FakeControl& c = control();
  ++c.n_calls;
  if (c.fail_at == 0 || --c.fail_at != 0) return kDone;
  if (c.fails_for_good) c.fail_at = 1;
  std::strncpy(c.failed_call, call, sizeof(c.failed_call) - 1);
  c.failed_a_release = releases;
  return c.fail_status;
}

int check_device(int device) {
  return device >= 0 && device < control().n_devices ? kDone : kInvalidDevice;
}

// --- memory

bool is_sound(const void* range, std::size_t bytes) {
  const auto address = reinterpret_cast<DeviceAddress>(range);
  auto next = allocations.upper_bound(address);
  if (next == allocations.begin()) return true;
  const auto& [start, size] = *--next;
  return address >= start + size || address + bytes <= start + size;
}

int memory_info(std::size_t* free, std::size_t* total) {
  const FakeControl& c = control();
  *free =
      static_cast<std::size_t>(c.memory_told > 0 ? c.memory_told : c.memory_total - c.memory_used);
  *total = static_cast<std::size_t>(c.memory_told > 0 ? c.memory_told : c.memory_total);
  return kDone;
}

int allocate(DeviceAddress* out, std::size_t bytes) {
  if (is_capturing()) return kNotInCapture;
  if (bytes == 0) return kInvalidValue;
  FakeControl& c = control();
  if (static_cast<std::int64_t>(bytes) > c.memory_total - c.memory_used) return kOutOfMemory;
  void* memory = std::malloc(bytes);
  std::memset(memory, 0xA5, bytes);  // not cleared
  *out = reinterpret_cast<DeviceAddress>(memory);
  allocations[*out] = bytes;
  c.memory_used += static_cast<std::int64_t>(bytes);
  ++c.live.allocations;
  return kDone;
}

int release(DeviceAddress address) {
  const auto found = allocations.find(address);
  if (found == allocations.end()) return kInvalidValue;
  synchronize();
  control().memory_used -= static_cast<std::int64_t>(found->second);
  --control().live.allocations;
  allocations.erase(found);
  std::free(reinterpret_cast<void*>(address));
  return kDone;
}

int allocate_pinned(void** out, std::size_t bytes) {
  if (is_capturing()) return kNotInCapture;
  *out = std::malloc(bytes);
  pinned.insert(*out);
  ++control().live.pinned;
  return kDone;
}

int release_pinned(void* address) {
  if (pinned.erase(address) == 0) return kInvalidValue;
  synchronize();
  --control().live.pinned;
  std::free(address);
  return kDone;
}

// --- streams and events

int stream_create(StreamHandle* out) {
  *out =
      static_cast<StreamHandle>(keep(streams, std::make_unique<Stream>(), control().live.streams));
  return kDone;
}

int stream_destroy(StreamHandle handle) {
  if (Stream* stream = at<Stream>(streams, handle)) {
    const bool busy = !stream->queue.empty();
    // One that hangs, or of a driver that failed, cannot be waited for.
    FakeControl& c = control();
    if (stream->drain() && busy && c.failed_call[0] == 0) ++c.n_destroyed_busy;
    for (const auto& [key, event] : events) {
      if (event->stream == stream) event->stream = nullptr;
    }
  }
  return drop(streams, handle, control().live.streams);
}

int stream_query(StreamHandle handle) {
  Stream* stream = at<Stream>(streams, handle);
  if (stream == nullptr) return kInvalidHandle;
  if (stream->capture != nullptr) return kNotInCapture;
  return stream->step() ? kDone : kNotReady;
}

int stream_wait_event(StreamHandle stream, EventHandle handle) {
  const auto found = events.find(handle);
  if (found == events.end()) return kInvalidHandle;
  return give(stream, [event = found->second] {
    if (event->n_pending > 0 && event->stream != nullptr) event->stream->drain();
    return event->n_pending == 0;
  });
}

int copy(StreamHandle stream, void* to, const void* from, std::size_t bytes) {
  if (!is_sound(to, bytes) || !is_sound(from, bytes)) return kInvalidValue;
  return give(stream, [=] {
    std::memcpy(to, from, bytes);
    return true;
  });
}

int fill(StreamHandle stream, void* range, int value, std::size_t bytes) {
  if (!is_sound(range, bytes)) return kInvalidValue;
  return give(stream, [=] {
    std::memset(range, value, bytes);
    return true;
  });
}

int event_create(EventHandle* out) {
  *out = static_cast<EventHandle>(keep(events, std::make_shared<Event>(), control().live.events));
  return kDone;
}

int event_destroy(EventHandle event) {
  return drop(events, event, control().live.events);
}

int event_record(EventHandle handle, StreamHandle stream) {
  const auto found = events.find(handle);
  if (found == events.end()) return kInvalidHandle;
  const std::shared_ptr<Event> event = found->second;
  const int status = give(stream, [event] {
    --event->n_pending;
    event->ticket = ++n_tickets;
    return true;
  });
  if (status == kDone) {
    event->stream = at<Stream>(streams, stream);
    ++event->n_pending;
  }
  return status;
}

int event_query(EventHandle handle) {
  const Event* event = at<Event>(events, handle);
  if (event == nullptr) return kInvalidHandle;
  if (event->n_pending > 0 && event->stream != nullptr) event->stream->step();
  return event->n_pending == 0 ? kDone : kNotReady;
}

int event_elapsed(float* out, EventHandle from, EventHandle to) {
  const Event* a = at<Event>(events, from);
  const Event* b = at<Event>(events, to);
  if (a == nullptr || b == nullptr) return kInvalidHandle;
  if (a->n_pending > 0 || b->n_pending > 0) return kNotReady;
  *out = static_cast<float>(b->ticket - a->ticket);
  return kDone;
}

// --- modules and launches

int module_load(ModuleHandle* out, const void* image) {
  const auto* text = static_cast<const char*>(image);
  if (std::strncmp(text, "broken", 6) == 0) return kInvalidImage;
  if (*text == '\x7f' && control().refuses_binaries) return kInvalidImage;
  constexpr std::string_view kCodeFor = "code for ";
  const bool computes = std::string_view(text, std::strlen(text)).starts_with(kCodeFor);
  if (computes && text + kCodeFor.size() != std::string_view(control().runs)) return kInvalidImage;
  ++control().n_modules;
  if (control().watched[0] != 0 && std::strstr(text, control().watched) != nullptr) {
    ++control().n_watched;
  }
  *out = static_cast<ModuleHandle>(
      keep(modules,
           std::make_unique<Module>(Module{.computes = computes && !control().lies, .kernels = {}}),
           control().live.modules));
  return kDone;
}

int module_unload(ModuleHandle module) {
  synchronize();
  return drop(modules, module, control().live.modules);
}

int module_function(FunctionHandle* out, ModuleHandle handle, const char* name) {
  Module* module = at<Module>(modules, handle);
  if (module == nullptr) return kInvalidHandle;
  if (std::strcmp(name, "missing") == 0) return kNotFound;
  Kernel& kernel = module->kernels[name];
  kernel.name = name;
  kernel.computes = module->computes;
  *out = reinterpret_cast<FunctionHandle>(&kernel);
  return kDone;
}

int allow_shared(FunctionHandle function, int bytes) {
  reinterpret_cast<Kernel*>(function)->shared_limit = bytes;
  return kDone;
}

int launch(FunctionHandle function, const Launch& shape, StreamHandle stream, void** args) {
  const auto* kernel = reinterpret_cast<const Kernel*>(function);
  const unsigned threads = shape.block[0] * shape.block[1] * shape.block[2];
  const unsigned shared_limit =
      std::max(shape.shared_limit, static_cast<unsigned>(kernel->shared_limit));
  if (shape.grid[0] * shape.grid[1] * shape.grid[2] == 0 || threads == 0 || threads > 1024 ||
      shape.shared_bytes > shared_limit) {
    return kInvalidValue;
  }
  FakeControl& c = control();
  if (c.n_launches < static_cast<int>(std::size(c.launches))) {
    FakeControl::Launched& to = c.launches[c.n_launches++];
    to = {.kernel = {}, .grid_x = shape.grid[0], .grid_y = shape.grid[1]};
    std::strncpy(to.kernel, kernel->name.c_str(), sizeof(to.kernel) - 1);
  }
  Command work = [] { return false; };
  if (c.hang_at == 0 || --c.hang_at > 0)
    work = work_of(kernel->name, kernel->computes, shape, args);
  if (!work) return kInvalidValue;
  Stream* to = at<Stream>(streams, stream);
  if (to != nullptr && to->capture != nullptr && kernel->name.starts_with("matmul_")) {
    to->capture->result = result_of_matmul(args);
  }
  return give(stream, [work = std::move(work)] {
    if (!work()) return false;
    ++control().n_ran;
    return true;
  });
}

// --- graphs

int capture_begin(StreamHandle handle, int mode) {
  Stream* stream = at<Stream>(streams, handle);
  if (stream == nullptr) return kInvalidHandle;
  if (stream->capture != nullptr) return kIllegalState;
  if (mode != 1) return kInvalidValue;  // of this thread alone
  stream->capture = std::make_unique<Graph>();
  return kDone;
}

int capture_end(StreamHandle handle, GraphHandle* out) {
  Stream* stream = at<Stream>(streams, handle);
  if (stream == nullptr) return kInvalidHandle;
  if (stream->capture == nullptr) return kIllegalState;
  *out = static_cast<GraphHandle>(keep(graphs, std::move(stream->capture), control().live.graphs));
  return kDone;
}

int graph_destroy(GraphHandle graph) {
  return drop(graphs, graph, control().live.graphs);
}

int graph_instantiate(GraphExecHandle* out, GraphHandle handle) {
  const Graph* graph = at<Graph>(graphs, handle);
  if (graph == nullptr) return kInvalidHandle;
  auto exec = std::make_unique<Graph>(*graph);
  FakeControl& c = control();
  if (c.spoil_at > 0 && --c.spoil_at == 0) {
    exec->commands.emplace_back([result = exec->result] {
      if (result != nullptr) *static_cast<unsigned char*>(result) ^= 1;
      return true;
    });
  }
  *out = static_cast<GraphExecHandle>(keep(graph_execs, std::move(exec), c.live.graph_execs));
  return kDone;
}

int graph_exec_destroy(GraphExecHandle graph) {
  return drop(graph_execs, graph, control().live.graph_execs);
}

int graph_launch(GraphExecHandle handle, StreamHandle stream) {
  const Graph* graph = at<Graph>(graph_execs, handle);
  if (graph == nullptr) return kInvalidHandle;
  for (const Command& command : graph->commands) {
    if (const int status = give(stream, command); status != kDone) return status;
  }
  return kDone;
}

// --- words

const char* error_name(int status) {
  return status == kOutOfMemory ? "FakeErrorOutOfMemory" : "FakeError";
}

const char* error_string(int status) {
  return status == kOutOfMemory ? "out of memory" : "the fake device failed";
}

}  // namespace rocmforge::test::fake
