#include "backend/gpu/driver/driver_api.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <thread>

#include "base/check.h"
#include "base/error.h"

namespace rocmforge::gpu {
namespace {

// hipHostMallocPortable, CU_MEMHOSTALLOC_PORTABLE: pinned for every device, not only the current.
constexpr unsigned kPinnedPortable = 1;
// hipStreamNonBlocking, CU_STREAM_NON_BLOCKING: no waiting for the null stream, which nobody uses.
constexpr unsigned kStreamNonBlocking = 1;
constexpr unsigned kEventDefault = 0;  // with timing
// hipStreamCaptureModeThreadLocal, CU_STREAM_CAPTURE_MODE_THREAD_LOCAL: other threads may allocate.
constexpr int kCaptureThreadLocal = 1;

// A wait polls without a pause for kSpin, then with pauses of 1/64 of the time gone by, so that a
// wait ends at most about 2 % late (and never more than kLongestPause).
constexpr std::chrono::microseconds kSpin(2000);
constexpr std::chrono::nanoseconds kLongestPause(1'000'000);

std::string seconds_text(double seconds) {
  std::string text = std::to_string(seconds);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.ends_with('.')) text.pop_back();
  return text;
}

}  // namespace

DriverApi::DriverApi(const OpenOptions& options)
    : library_(options.library), timeout_seconds_(options.timeout_seconds) {}

void DriverApi::fail(const char* call, int status, const std::string& more) const {
  throw Error(status == kStatusOutOfMemory ? ErrorCode::kOutOfMemory : ErrorCode::kDevice,
              "[gpu] " + library() + ": " + call + ": " + describe(status) + more);
}

void DriverApi::ensure_not_given_up() const {
  if (given_up_) {
    throw Error(ErrorCode::kDevice, "[gpu] " + library() + ": given up after a kernel that hung");
  }
}

// --- devices

std::int32_t DriverApi::n_devices() {
  ensure_not_given_up();
  int n = 0;
  const int status = calls_.device_count.function(&n);
  if (status == kStatusNoDevice) return 0;
  if (status != kStatusDone) fail(calls_.device_count.name, status);
  return n;
}

void DriverApi::memory_info(std::int64_t& free, std::int64_t& total) {
  std::size_t n_free = 0, n_total = 0;
  run(calls_.memory_info, &n_free, &n_total);
  free = static_cast<std::int64_t>(n_free);
  total = static_cast<std::int64_t>(n_total);
}

std::int32_t DriverApi::attribute(int which, std::int32_t device) const {
  int value = 0;
  run(calls_.device_attribute, &value, which, device);
  return value;
}

std::int32_t DriverApi::attribute_or_zero(int which, std::int32_t device) const {
  int value = 0;
  return calls_.device_attribute.function(&value, which, device) == kStatusDone ? value : 0;
}

std::string DriverApi::device_name(std::int32_t device) const {
  std::array<char, 256> text{};
  run(calls_.device_name, text.data(), static_cast<int>(text.size()) - 1, device);
  return text.data();
}

// --- memory

DeviceAddress DriverApi::allocate(std::int64_t bytes) {
  check(bytes > 0, "an allocation needs a size");
  DeviceAddress address = 0;
  run(calls_.allocate, &address, static_cast<std::size_t>(bytes));
  return address;
}

void DriverApi::release(DeviceAddress address) noexcept {
  if (address != 0) run_release(calls_.free, address);
}

void* DriverApi::allocate_pinned(std::int64_t bytes) {
  check(bytes > 0, "an allocation needs a size");
  void* address = nullptr;
  run(calls_.allocate_pinned, &address, static_cast<std::size_t>(bytes), kPinnedPortable);
  return address;
}

void DriverApi::release_pinned(void* address) noexcept {
  if (address != nullptr) run_release(calls_.free_pinned, address);
}

// --- streams and events

StreamHandle DriverApi::make_stream() {
  StreamHandle stream = nullptr;
  run(calls_.stream_create, &stream, kStreamNonBlocking);
  return stream;
}

void DriverApi::release(StreamHandle stream) noexcept {
  if (stream != nullptr) run_release(calls_.stream_destroy, stream);
}

template <class Handle>
void DriverApi::poll(const Call<Handle>& query, Handle handle, const char* what) {
  using Clock = std::chrono::steady_clock;
  ensure_not_given_up();
  const Clock::time_point start = Clock::now();
  while (true) {
    const int status = query.function(handle);
    if (status == kStatusDone) return;
    if (status != kStatusNotReady) fail(query.name, status);
    const std::chrono::nanoseconds waited = Clock::now() - start;
    if (timeout_seconds_ > 0 && std::chrono::duration<double>(waited).count() > timeout_seconds_) {
      given_up_ = true;
      throw Error(ErrorCode::kDevice,
                  "[gpu] " + library() + ": " + what + " has not finished after " +
                      seconds_text(timeout_seconds_) +
                      " s: hung kernel? (ROCMFORGE_GPU_TIMEOUT sets the limit)");
    }
    if (waited < kSpin) {
      std::this_thread::yield();
    } else {
      std::this_thread::sleep_for(std::min(waited / 64, kLongestPause));
    }
  }
}

void DriverApi::wait(StreamHandle stream) {
  poll(calls_.stream_query, stream, "the work on a stream");
}

EventHandle DriverApi::make_event() {
  EventHandle event = nullptr;
  run(calls_.event_create, &event, kEventDefault);
  return event;
}

void DriverApi::release(EventHandle event) noexcept {
  if (event != nullptr) run_release(calls_.event_destroy, event);
}

void DriverApi::record(EventHandle event, StreamHandle stream) {
  run(calls_.event_record, event, stream);
}

void DriverApi::wait(EventHandle event) {
  poll(calls_.event_query, event, "the work before an event");
}

bool DriverApi::is_done(EventHandle event) {
  ensure_not_given_up();
  const int status = calls_.event_query.function(event);
  if (status != kStatusDone && status != kStatusNotReady) fail(calls_.event_query.name, status);
  return status == kStatusDone;
}

void DriverApi::wait(StreamHandle stream, EventHandle event) {
  run(calls_.stream_wait_event, stream, event, 0U);
}

float DriverApi::milliseconds(EventHandle from, EventHandle to) {
  float out = 0;
  run(calls_.event_elapsed, &out, from, to);
  return out;
}

// --- modules and launches

void DriverApi::release(ModuleHandle module) noexcept {
  if (module != nullptr) run_release(calls_.module_unload, module);
}

FunctionHandle DriverApi::function(ModuleHandle module, const std::string& name) {
  ensure_not_given_up();
  FunctionHandle out = nullptr;
  const int status = calls_.module_function.function(&out, module, name.c_str());
  if (status != kStatusDone) fail(calls_.module_function.name, status, ": kernel " + name);
  return out;
}

void DriverApi::launch(FunctionHandle function, const LaunchShape& shape,
                       std::span<const std::byte> args, StreamHandle stream) {
  void* parameter = const_cast<std::byte*>(args.data());  // which the library only reads
  run(calls_.launch, function, shape.grid[0], shape.grid[1], shape.grid[2], shape.block[0],
      shape.block[1], shape.block[2], shape.shared_bytes, stream,
      args.empty() ? nullptr : &parameter, nullptr);
}

// --- graphs

void DriverApi::begin_capture(StreamHandle stream) {
  run(calls_.capture_begin, stream, kCaptureThreadLocal);
}

GraphHandle DriverApi::end_capture(StreamHandle stream) {
  GraphHandle graph = nullptr;
  run(calls_.capture_end, stream, &graph);
  return graph;
}

void DriverApi::release(GraphHandle graph) noexcept {
  if (graph != nullptr) run_release(calls_.graph_destroy, graph);
}

GraphExecHandle DriverApi::instantiate(GraphHandle graph) {
  GraphExecHandle exec = nullptr;
  run(calls_.graph_instantiate, &exec, graph, 0ULL);
  return exec;
}

void DriverApi::release(GraphExecHandle graph) noexcept {
  if (graph != nullptr) run_release(calls_.graph_exec_destroy, graph);
}

void DriverApi::launch(GraphExecHandle graph, StreamHandle stream) {
  run(calls_.graph_launch, graph, stream);
}

}  // namespace rocmforge::gpu
