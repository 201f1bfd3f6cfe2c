#include "hip/driver.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <new>
#include <utility>

#include "base/error.h"
#include "base/thread_pool.h"
#include "machine/fault.h"

namespace rocmforge::emu {
namespace {

constexpr std::size_t kPage = 4096;
constexpr std::size_t kPoisoned = std::size_t{64} << 20;  // bytes at the start of what is allocated
constexpr int kPoison = 0xc5;
// A runtime's staging buffers and queues have an end: who is beyond it waits.
constexpr std::size_t kMostStaged = std::size_t{256} << 20;
constexpr std::size_t kMostPending = 16384;

std::mutex the_mutex;
Driver* the_driver = nullptr;  // ends with the process: threads may still be calling

std::uintptr_t number_of(const void* address) {
  return reinterpret_cast<std::uintptr_t>(address);
}

int code_of(FaultKind kind) {
  switch (kind) {
    case FaultKind::kOutOfBounds:
    case FaultKind::kUseAfterFree:
    case FaultKind::kMisaligned:
    case FaultKind::kReadOnly:
      return kIllegalAddress;
    case FaultKind::kLimit:
    case FaultKind::kBarrier:
      return kLaunchTimeOut;
    default:
      return kLaunchFailure;
  }
}

}  // namespace

void* next_handle() {
  static std::atomic<std::uintptr_t> next{0x10000};
  return reinterpret_cast<void*>(next.fetch_add(16));
}

Driver& Driver::get() {
  const std::lock_guard lock(the_mutex);
  if (the_driver == nullptr) {
    the_driver = new Driver(read_options());
    static const bool registered = std::atexit([] {
                                     if (const Driver* driver = existing())
                                       driver->write_counters();
                                   }) == 0;
    static_cast<void>(registered);
  }
  return *the_driver;
}

Driver* Driver::existing() {
  const std::lock_guard lock(the_mutex);
  return the_driver;
}

void Driver::reset() {
  const std::lock_guard lock(the_mutex);
  if (the_driver != nullptr) the_driver->write_counters();
  delete std::exchange(the_driver, nullptr);
}

Driver::Driver(Options options)
    : options_(std::move(options)),
      memory_(options_.card.memory_bytes),
      report_(options_.card, !options_.counters.empty()),
      machine_(std::make_unique<Machine>(options_.card, memory_, machine_options())),
      queue_(options_.seed, [this](std::exception_ptr why) { lose(std::move(why)); }) {}

MachineOptions Driver::machine_options() {
  MachineOptions out;
  out.n_threads = options_.n_threads > 0 ? options_.n_threads : ThreadPool::default_threads();
  out.seed = options_.seed;
  out.limit = options_.limit;
  std::shared_ptr<TraceFile> trace;
  if (options_.trace || options_.breakpoint) {
    trace = std::make_shared<TraceFile>(options_.trace_file.empty() ? "/dev/stderr"
                                                                    : options_.trace_file);
  }
  out.make_watch = [this, trace](int worker) {
    std::vector<std::unique_ptr<Watch>> all;
    all.push_back(make_trace(options_.trace, options_.breakpoint, trace));
    if (options_.full_check) all.push_back(make_checks(checks_, worker));
    all.push_back(report_.make_watch());
    return make_chain(std::move(all));
  };
  out.on_done = [this](const Dispatch& dispatch, const Counters& counters) {
    report_.add(dispatch, counters);
  };
  return out;
}

void Driver::write_counters() const {
  if (options_.counters.empty()) return;
  std::ofstream file(options_.counters);
  file << report_.json() << '\n';
  file.close();
  // The process ends: there is nobody left to give an error to.
  if (!file) {
    std::fprintf(stderr, "[emu] ROCMFORGE_EMU_COUNTERS: cannot write %s\n",
                 options_.counters.c_str());
  }
}

Driver::~Driver() {
  for (const auto& [address, host] : hosts_) {
    if (host.owned) ::munmap(reinterpret_cast<void*>(address), host.bytes);
  }
}

void Driver::enter(const char* call) {
  const std::lock_guard lock(lost_mutex_);
  const std::uint64_t n = ++n_calls_[call], n_all = ++n_all_calls_;
  for (const Failure& failure : options_.failures) {
    const bool any = failure.call == "*";
    if ((any || failure.call == call) && (failure.n == 0 || failure.n == (any ? n_all : n))) {
      throw Status(failure.code, "by ROCMFORGE_EMU_FAIL");
    }
  }
  if (lost_ != nullptr) throw Status(lost_->code, lost_->text);
}

std::shared_ptr<const Driver::Lost> Driver::lost() const {
  const std::lock_guard lock(lost_mutex_);
  return lost_;
}

void Driver::lose(std::exception_ptr why) {
  auto lost = std::make_shared<Lost>(Lost{kLaunchFailure, ""});
  try {
    std::rethrow_exception(std::move(why));
  } catch (const Fault& fault) {
    *lost = {code_of(fault.kind()), fault.what()};
  } catch (const std::exception& e) {
    lost->text = e.what();
  }
  if (!options_.log.empty()) {
    std::FILE* file = options_.log == "-" ? stderr : std::fopen(options_.log.c_str(), "a");
    if (file != nullptr) {
      std::fprintf(file, "%s\n", lost->text.c_str());
      if (file != stderr) std::fclose(file);
    }
  }
  const std::lock_guard lock(lost_mutex_);
  lost_ = std::move(lost);
}

void Driver::finish(Lock& lock, const CommandPtr& goal) {
  lock.unlock();
  queue_.finish(goal);
  lock.lock();
  if (const auto end = lost()) throw Status(end->code, end->text);
}

bool Driver::ask(Lock& lock, const CommandPtr& goal) {
  lock.unlock();
  const bool done = queue_.ask(goal);
  lock.lock();
  if (const auto end = lost()) throw Status(end->code, end->text);
  return done;
}

// --- memory

void* Driver::allocate(std::size_t bytes) {
  forbid_in_capture();
  if (bytes == 0) return nullptr;
  const std::uint64_t address = memory_.allocate(bytes);
  if (address == 0) {
    throw Status(kOutOfMemory, std::to_string(bytes) + " bytes where " +
                                   std::to_string(memory_.free_bytes()) + " of " +
                                   std::to_string(memory_.total_bytes()) + " are free");
  }
  allocations_.emplace(address, bytes);
  return reinterpret_cast<void*>(address);
}

void Driver::release(Lock& lock, void* address) {
  forbid_in_capture();
  if (address != nullptr && !allocations_.contains(number_of(address))) {
    throw Status(kInvalidDevicePointer, "no live allocation starts there");
  }
  finish(lock, nullptr);
  if (address == nullptr) return;
  if (allocations_.erase(number_of(address)) == 0) {
    throw Status(kInvalidDevicePointer, "freed by another thread meanwhile");
  }
  memory_.release(number_of(address));
}

void* Driver::allocate_pinned(std::size_t bytes) {
  forbid_in_capture();
  if (bytes == 0) return nullptr;
  if (bytes > SIZE_MAX - kPage) throw Status(kOutOfMemory, "more than there are addresses");
  const std::size_t mapped = (bytes + kPage - 1) / kPage * kPage;
  void* address =
      ::mmap(nullptr, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (address == MAP_FAILED) throw Status(kOutOfMemory, "the host has no more");
  std::memset(address, kPoison, std::min(bytes, kPoisoned));
  hosts_.emplace(number_of(address), Host{mapped, true});
  memory_.admit(number_of(address), bytes, true);
  return address;
}

void Driver::release_pinned(Lock& lock, void* address) {
  forbid_in_capture();
  const auto owned = [&] {
    const auto found = hosts_.find(number_of(address));
    return found != hosts_.end() && found->second.owned;
  };
  if (address == nullptr) return;
  if (!owned()) throw Status(kInvalidValue, "no pinned memory starts there");
  finish(lock, nullptr);
  if (!owned()) throw Status(kInvalidValue, "freed by another thread meanwhile");
  memory_.dismiss(number_of(address));
  ::munmap(address, hosts_.at(number_of(address)).bytes);
  hosts_.erase(number_of(address));
}

void Driver::register_host(void* address, std::size_t bytes, bool writable) {
  if (address == nullptr || bytes == 0) throw Status(kInvalidValue, "there is nothing there");
  if (place_of(address, 1) != Place::kPageable) {
    throw Status(kHostMemoryAlreadyRegistered, "or it is memory of the card");
  }
  hosts_.emplace(number_of(address), Host{bytes, false});
  memory_.admit(number_of(address), bytes, writable);
}

void Driver::unregister_host(Lock& lock, void* address) {
  const auto found = hosts_.find(number_of(address));
  if (found == hosts_.end() || found->second.owned) {
    throw Status(kHostMemoryNotRegistered, "nothing registered starts there");
  }
  finish(lock, nullptr);
  if (hosts_.erase(number_of(address)) > 0) memory_.dismiss(number_of(address));
}

Driver::Place Driver::place_of(const void* address, std::size_t bytes) const {
  const auto around = [&](const auto& all, auto size_of) -> int {  // 0: out, 1: in, 2: beyond it
    auto next = all.upper_bound(number_of(address));
    if (next == all.begin()) return 0;
    --next;
    const std::size_t offset = number_of(address) - next->first, size = size_of(next->second);
    return offset >= size ? 0 : bytes <= size - offset ? 1 : 2;
  };
  const int device = around(allocations_, [](std::size_t size) { return size; });
  const int host = around(hosts_, [](const Host& it) { return it.bytes; });
  if (device == 2 || host == 2) {
    throw Status(kInvalidValue, std::to_string(bytes) +
                                    " bytes go beyond the end of what was "
                                    "allocated there");
  }
  return device == 1 ? Place::kDevice : host == 1 ? Place::kPinned : Place::kPageable;
}

bool Driver::is_device(const void* address) const {
  return place_of(address, 1) == Place::kDevice;
}

bool Driver::is_pinned(const void* address, std::size_t bytes) const {
  return place_of(address, bytes) == Place::kPinned;
}

// --- streams

std::shared_ptr<Stream> Driver::stream(void* handle) {
  const std::uintptr_t number = number_of(handle);
  if (number == 0 || number == kStreamLegacy) return {std::shared_ptr<Stream>(), &null_stream_};
  if (number != kStreamPerThread) return streams.at(handle);
  std::shared_ptr<Stream>& own = per_thread_[std::this_thread::get_id()];
  if (own == nullptr) {
    own = std::make_shared<Stream>();
    own->blocking = true;
    own->lane = number_of(next_handle());
  }
  return own;
}

void* Driver::add_stream(bool blocking) {
  auto made = std::make_shared<Stream>();
  made->blocking = blocking;
  void* handle = streams.add(made);
  made->lane = number_of(handle);
  return handle;
}

void Driver::destroy_stream(Lock& lock, void* handle) {
  const std::shared_ptr<Stream> gone = streams.take(handle);
  if (gone->capture != nullptr) {
    gone->capture->broken = true;
    leave_capture(*gone);
  }
  finish(lock, *gone);
}

std::vector<CommandPtr> Driver::before_next(Stream& stream) {
  std::vector<CommandPtr> out = {stream.last};
  const auto add = [&](const Stream& other) {
    if (other.blocking && &other != &stream) out.push_back(other.last);
  };
  if (&stream == &null_stream_) {
    for (const auto& [handle, other] : streams.all()) add(*other);
    for (const auto& [thread, other] : per_thread_) add(*other);
  } else if (stream.blocking) {
    out.push_back(null_stream_.last);
  }
  return out;
}

void Driver::enqueue(Stream& stream, Task work, const CommandPtr& also) {
  if (stream.capture != nullptr) {
    stream.capture->graph.nodes.push_back({std::move(work), stream.captured_after});
    stream.captured_after = {stream.capture->graph.nodes.size() - 1};
    return;
  }
  if (&stream == &null_stream_) {
    for (const auto& [handle, other] : streams.all()) {
      if (other->blocking && other->capture != nullptr) {
        other->capture->broken = true;
        throw Status(kCaptureImplicit, "");
      }
    }
  }
  std::vector<CommandPtr> after = before_next(stream);
  after.push_back(also);
  stream.last = queue_.add(std::move(work), after, stream.lane);
}

void Driver::finish(Lock& lock, Stream& stream) {
  if (&stream != &null_stream_) {
    if (stream.last != nullptr) finish(lock, stream.last);
    return;
  }
  for (const CommandPtr& goal : before_next(stream)) {
    if (goal != nullptr) finish(lock, goal);
  }
}

bool Driver::ask(Lock& lock, Stream& stream) {
  if (&stream != &null_stream_) return ask(lock, stream.last);
  for (const CommandPtr& goal : before_next(stream)) {
    if (!ask(lock, goal)) return false;
  }
  return true;
}

void Driver::limit_pending(Lock& lock) {
  if (*staged_bytes_ > kMostStaged || queue_.n_pending() > kMostPending) finish(lock, nullptr);
}

void Driver::copy(Lock& lock, const Copy& copy, Stream& stream) {
  if (copy.bytes == 0) return;
  if (copy.to == nullptr || copy.from == nullptr) throw Status(kInvalidValue, "a null pointer");
  if (copy.kind < 0 || copy.kind > 4) throw Status(kInvalidMemcpyDirection, "");
  const Place to = place_of(copy.to, copy.bytes), from = place_of(copy.from, copy.bytes);
  const bool to_device = copy.kind == 1 || copy.kind == 3;
  const bool from_device = copy.kind == 2 || copy.kind == 3;
  if ((to_device && to == Place::kPageable) || (from_device && from == Place::kPageable)) {
    throw Status(kInvalidValue, std::string(to_device && to == Place::kPageable ? "to" : "from") +
                                    " an address that is none of the card's memory");
  }
  const bool waits = to == Place::kPageable, stages = from == Place::kPageable;
  if (stream.capture != nullptr && (waits || stages)) {
    break_captures(stream);
    throw Status(kCaptureUnsupported, "a copy of memory that is not pinned");
  }
  Task work;
  if (stages && !waits) {
    limit_pending(lock);
    const auto* bytes = static_cast<const std::byte*>(copy.from);
    *staged_bytes_ += copy.bytes;
    const std::shared_ptr<std::vector<std::byte>> staged(
        new std::vector<std::byte>(bytes, bytes + copy.bytes),
        [counter = staged_bytes_](std::vector<std::byte>* gone) {
          *counter -= gone->size();
          delete gone;
        });
    work.run = [to_at = copy.to, staged] { std::memcpy(to_at, staged->data(), staged->size()); };
  } else {
    work.run = [copy] { std::memmove(copy.to, copy.from, copy.bytes); };
  }
  enqueue(stream, std::move(work));
  if (waits) finish(lock, stream.last);
}

void Driver::fill(Lock& lock, const Fill& fill, Stream& stream) {
  if (fill.count == 0) return;
  const std::size_t bytes = fill.count * static_cast<std::size_t>(fill.width);
  if (fill.at == nullptr || place_of(fill.at, bytes) == Place::kPageable) {
    throw Status(kInvalidValue, "an address that is none of the card's memory");
  }
  limit_pending(lock);
  enqueue(stream, {.run =
                       [fill] {
                         auto* at = static_cast<std::byte*>(fill.at);
                         const auto width = static_cast<std::size_t>(fill.width);
                         for (std::size_t i = 0; i < fill.count; ++i) {
                           std::memcpy(at + i * width, &fill.value, width);  // little-endian
                         }
                       },
                   .module = nullptr});
}

void Driver::call_host(void (*call)(void*), void* data, Stream& stream) {
  enqueue(stream, {.run = [call, data] { call(data); }, .module = nullptr});
}

void Driver::record(Event& event, Stream& stream) {
  if (stream.capture != nullptr) {
    event.capture = stream.capture;
    event.captured_after = stream.captured_after;
    return;
  }
  enqueue(stream, {});
  event.capture = nullptr;
  event.marker = stream.last;
}

}  // namespace rocmforge::emu
