// The fake driver's inside: devices, memory, streams and graphs over host memory, with the status
// codes that HIP and CUDA share. fake_hip.cpp and fake_cuda.cpp give it their names.
//
// Work is done when somebody asks whether it is done, one command a question: who reads a result
// before the wait reads the old one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>

#include "backend/gpu/driver/api.h"
#include "gpu_driver/fake_control.h"

#define FAKE_EXPORT extern "C" __attribute__((visibility("default")))

namespace rocmforge::test::fake {

using gpu::DeviceAddress;
using gpu::EventHandle;
using gpu::FunctionHandle;
using gpu::GraphExecHandle;
using gpu::GraphHandle;
using gpu::ModuleHandle;
using gpu::StreamHandle;

inline constexpr int kDone = 0, kInvalidValue = 1, kOutOfMemory = 2, kNoDevice = 100,
                     kInvalidDevice = 101, kInvalidContext = 201, kInvalidImage = 209,
                     kInvalidHandle = 400, kNotFound = 500, kNotReady = 600, kNotInCapture = 900,
                     kIllegalState = 401;

FakeControl& control();

// Held by every call: threads may load modules at once.
class Locked {
 public:
  Locked();

 private:
  std::lock_guard<std::mutex> lock_;
};

// Counts a call; the status with which it fails, or kDone.
int enter(const char* call, bool releases = false);

// True when a range lies in no allocation's gap: host memory is not checked.
bool is_sound(const void* range, std::size_t bytes);
int check_device(int device);
int memory_info(std::size_t* free, std::size_t* total);
int allocate(DeviceAddress* out, std::size_t bytes);
int release(DeviceAddress address);
int allocate_pinned(void** out, std::size_t bytes);
int release_pinned(void* address);

int stream_create(StreamHandle* out);
int stream_destroy(StreamHandle stream);
int stream_query(StreamHandle stream);
int stream_wait_event(StreamHandle stream, EventHandle event);
int copy(StreamHandle stream, void* to, const void* from, std::size_t bytes);
int fill(StreamHandle stream, void* at, int value, std::size_t bytes);

int event_create(EventHandle* out);
int event_destroy(EventHandle event);
int event_record(EventHandle event, StreamHandle stream);
int event_query(EventHandle event);
int event_elapsed(float* out, EventHandle from, EventHandle to);

int module_load(ModuleHandle* out, const void* image);
int module_unload(ModuleHandle module);
int module_function(FunctionHandle* out, ModuleHandle module, const char* name);
int allow_shared(FunctionHandle function, int bytes);
struct Launch {
  unsigned grid[3], block[3], shared_bytes, shared_limit;  // shared_limit: without allow_shared()
};
int launch(FunctionHandle function, const Launch& shape, StreamHandle stream, void** args);

int capture_begin(StreamHandle stream, int mode);
int capture_end(StreamHandle stream, GraphHandle* out);
int graph_destroy(GraphHandle graph);
int graph_instantiate(GraphExecHandle* out, GraphHandle graph);
int graph_exec_destroy(GraphExecHandle graph);
int graph_launch(GraphExecHandle graph, StreamHandle stream);

const char* error_name(int status);
const char* error_string(int status);

}  // namespace rocmforge::test::fake
