// What HIP and the CUDA driver API share: HIP follows CUDA's calls, codes and flags so closely that
// one table of functions with the same C signatures serves both. Each vendor's file names them.
//
// Sources: "HIP Runtime API Reference" (ROCm/HIP include/hip/hip_runtime_api.h, tags rocm-5.0.0 to
// rocm-6.2.2, and ROCm/rocm-systems projects/hip), "CUDA Driver API" (docs.nvidia.com).
#pragma once

#include <atomic>
#include <cstddef>
#include <string>
#include <type_traits>

#include "backend/gpu/driver/api.h"
#include "backend/gpu/driver/library.h"
#include "backend/gpu/driver/open.h"

namespace rocmforge::gpu {

static_assert(sizeof(void*) == sizeof(DeviceAddress),
              "HIP's addresses are pointers, CUDA's integers");

// Status codes with one meaning on both sides.
inline constexpr int kStatusDone = 0;
inline constexpr int kStatusOutOfMemory = 2;
inline constexpr int kStatusNoDevice = 100;
inline constexpr int kStatusNotReady = 600;

struct CommonCalls {
  Call<unsigned> init;
  Call<int*> device_count;
  Call<char*, int, int> device_name;      // text, its room, device
  Call<int*, int, int> device_attribute;  // value, attribute, device
  Call<std::size_t*, std::size_t*> memory_info;

  Call<DeviceAddress*, std::size_t> allocate;
  Call<DeviceAddress> free;
  Call<void**, std::size_t, unsigned> allocate_pinned;
  Call<void*> free_pinned;

  Call<StreamHandle*, unsigned> stream_create;
  Call<StreamHandle> stream_destroy;
  Call<StreamHandle> stream_query;
  Call<StreamHandle, EventHandle, unsigned> stream_wait_event;

  Call<EventHandle*, unsigned> event_create;
  Call<EventHandle> event_destroy;
  Call<EventHandle, StreamHandle> event_record;
  Call<EventHandle> event_query;
  Call<float*, EventHandle, EventHandle> event_elapsed;

  Call<ModuleHandle> module_unload;
  Call<FunctionHandle*, ModuleHandle, const char*> module_function;
  // Grid, block, dynamic shared memory, stream, one pointer a parameter, null.
  Call<FunctionHandle, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned,
       StreamHandle, void**, void**>
      launch;

  Call<StreamHandle, int> capture_begin;
  Call<StreamHandle, GraphHandle*> capture_end;
  Call<GraphHandle> graph_destroy;
  Call<GraphExecHandle*, GraphHandle, unsigned long long> graph_instantiate;
  Call<GraphExecHandle> graph_exec_destroy;
  Call<GraphExecHandle, StreamHandle> graph_launch;
};

class DriverApi : public Api {
 public:
  const std::string& library() const override { return library_.path(); }
  std::int32_t n_devices() override;
  void memory_info(std::int64_t& free, std::int64_t& total) override;

  DeviceAddress allocate(std::int64_t bytes) override;
  void release(DeviceAddress address) noexcept override;
  void* allocate_pinned(std::int64_t bytes) override;
  void release_pinned(void* address) noexcept override;

  StreamHandle make_stream() override;
  void release(StreamHandle stream) noexcept override;
  void wait(StreamHandle stream) override;

  EventHandle make_event() override;
  void release(EventHandle event) noexcept override;
  void record(EventHandle event, StreamHandle stream) override;
  void wait(EventHandle event) override;
  bool is_done(EventHandle event) override;
  void wait(StreamHandle stream, EventHandle event) override;
  float milliseconds(EventHandle from, EventHandle to) override;

  void release(ModuleHandle module) noexcept override;
  FunctionHandle function(ModuleHandle module, const std::string& name) override;
  void launch(FunctionHandle function, const LaunchShape& shape, std::span<const std::byte> args,
              StreamHandle stream) override;

  void begin_capture(StreamHandle stream) override;
  GraphHandle end_capture(StreamHandle stream) override;
  void release(GraphHandle graph) noexcept override;
  GraphExecHandle instantiate(GraphHandle graph) override;
  void release(GraphExecHandle graph) noexcept override;
  void launch(GraphExecHandle graph, StreamHandle stream) override;

 protected:
  explicit DriverApi(const OpenOptions& options);

  // "out of memory (hipErrorOutOfMemory, 2)".
  virtual std::string describe(int status) const = 0;
  // Before a release, on a thread that may never have set a device.
  virtual void enter_any_device() noexcept {}

  template <class... Args>
  void run(const Call<Args...>& call, std::type_identity_t<Args>... args) const {
    ensure_not_given_up();
    if (const int status = call.function(args...); status != kStatusDone) fail(call.name, status);
  }
  template <class... Args>
  void run_release(const Call<Args...>& call, std::type_identity_t<Args>... args) noexcept {
    if (given_up_) return;
    enter_any_device();
    call.function(args...);  // what a destructor could say nobody would hear
  }
  // `more`: further words, "" or of a log.
  [[noreturn]] void fail(const char* call, int status, const std::string& more = "") const;
  bool given_up() const { return given_up_; }
  void ensure_not_given_up() const;

  std::int32_t attribute(int which, std::int32_t device) const;
  std::int32_t attribute_or_zero(int which, std::int32_t device) const;
  std::string device_name(std::int32_t device) const;

  Library library_;
  CommonCalls calls_;

 private:
  // Polls until the call says that it is done; the library's own waits cannot be interrupted.
  template <class Handle>
  void poll(const Call<Handle>& query, Handle handle, const char* what);

  double timeout_seconds_;
  std::atomic<bool> given_up_ = false;
};

}  // namespace rocmforge::gpu
