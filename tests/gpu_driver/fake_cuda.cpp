// The fake driver under the names of CUDA's driver API.
#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "gpu_driver/fake_core.h"

using namespace rocmforge::test;
using namespace rocmforge::test::fake;

namespace {

struct Context {
  int n_users = 0;
};

Context contexts[8];
thread_local Context* current = nullptr;

int capability() {  // "sm_90"
  return control().target[0] != 0 ? std::atoi(control().target + 3) : 90;
}

int attribute(int which) {
  switch (which) {  // CUdevice_attribute
    case 8:
      return 49152;
    case 10:
      return 32;
    case 13:
      return 1'980'000;
    case 16:
      return 132;
    case 36:
      return 2'619'000;
    case 37:
      return 5120;
    case 38:
      return 50 << 20;
    case 75:
      return capability() / 10;
    case 76:
      return capability() % 10;
    case 97:
      return 232448;
    default:
      return -1;
  }
}

// Most calls act in the thread's context.
int enter_context(const char* call, bool releases = false) {
  if (const int status = enter(call, releases)) return status;
  return current != nullptr && current->n_users > 0 ? kDone : kInvalidContext;
}

}  // namespace

FAKE_EXPORT int cuInit(unsigned) {
  const Locked locked;
  if (const int status = enter("cuInit")) return status;
  return control().n_devices == 0 ? kNoDevice : kDone;
}
FAKE_EXPORT int cuDriverGetVersion(int* out) {
  const Locked locked;
  *out = control().version != 0 ? control().version : 12'040;
  return enter("cuDriverGetVersion");
}
FAKE_EXPORT int cuDeviceGetCount(int* out) {
  const Locked locked;
  *out = control().n_devices;
  return enter("cuDeviceGetCount");
}
FAKE_EXPORT int cuDeviceGet(int* out, int ordinal) {
  const Locked locked;
  if (const int status = enter("cuDeviceGet")) return status;
  *out = ordinal;
  return check_device(ordinal);
}
FAKE_EXPORT int cuDeviceGetName(char* out, int room, int device) {
  const Locked locked;
  if (const int status = enter("cuDeviceGetName")) return status;
  std::strncpy(out, "Fake GPU", static_cast<std::size_t>(room));
  return check_device(device);
}
FAKE_EXPORT int cuDeviceGetAttribute(int* out, int which, int device) {
  const Locked locked;
  if (const int status = enter("cuDeviceGetAttribute")) return status;
  *out = attribute(which);
  return *out < 0 ? kInvalidValue : check_device(device);
}
FAKE_EXPORT int cuDevicePrimaryCtxRetain(void** out, int device) {
  const Locked locked;
  if (const int status = enter("cuDevicePrimaryCtxRetain")) return status;
  if (const int status = check_device(device)) return status;
  *out = &contexts[device];
  ++contexts[device].n_users;
  ++control().live.contexts;
  return kDone;
}
FAKE_EXPORT int cuDevicePrimaryCtxRelease_v2(int device) {
  const Locked locked;
  const int status = enter("cuDevicePrimaryCtxRelease_v2", true);
  if (contexts[device].n_users == 0) return kInvalidContext;
  --contexts[device].n_users;
  --control().live.contexts;
  return status;
}
FAKE_EXPORT int cuCtxSetCurrent(void* context) {
  const Locked locked;
  if (const int status = enter("cuCtxSetCurrent")) return status;
  current = static_cast<Context*>(context);
  return kDone;
}
FAKE_EXPORT int cuCtxGetCurrent(void** out) {
  const Locked locked;
  if (const int status = enter("cuCtxGetCurrent")) return status;
  *out = current;
  return kDone;
}
FAKE_EXPORT int cuMemFree_v2(DeviceAddress address) {
  const Locked locked;
  const int status = enter_context("cuMemFree_v2", true);
  return status == kInvalidContext ? status : std::max(status, release(address));
}
FAKE_EXPORT int cuMemAlloc_v2(DeviceAddress* out, std::size_t bytes) {
  const Locked locked;
  if (const int status = enter_context("cuMemAlloc_v2")) return status;
  return allocate(out, bytes);
}
FAKE_EXPORT int cuMemHostAlloc(void** out, std::size_t bytes, unsigned flags) {
  const Locked locked;
  if (const int status = enter_context("cuMemHostAlloc")) return status;
  return flags == 1 ? allocate_pinned(out, bytes) : kInvalidValue;
}
FAKE_EXPORT int cuMemcpyHtoDAsync_v2(DeviceAddress to, const void* from, std::size_t bytes,
                                     StreamHandle stream) {
  const Locked locked;
  if (const int status = enter_context("cuMemcpyHtoDAsync_v2")) return status;
  return copy(stream, reinterpret_cast<void*>(to), from, bytes);
}
FAKE_EXPORT int cuMemcpyDtoHAsync_v2(void* to, DeviceAddress from, std::size_t bytes,
                                     StreamHandle stream) {
  const Locked locked;
  if (const int status = enter_context("cuMemcpyDtoHAsync_v2")) return status;
  return copy(stream, to, reinterpret_cast<const void*>(from), bytes);
}
FAKE_EXPORT int cuMemsetD8Async(DeviceAddress at, unsigned char value, std::size_t bytes,
                                StreamHandle stream) {
  const Locked locked;
  if (const int status = enter_context("cuMemsetD8Async")) return status;
  return fill(stream, reinterpret_cast<void*>(at), value, bytes);
}
FAKE_EXPORT int cuModuleLoadDataEx(ModuleHandle* out, const void* image, unsigned n_options,
                                   int* options, void** values) {
  const Locked locked;
  if (const int status = enter_context("cuModuleLoadDataEx")) return status;
  const int status = module_load(out, image);
  if (status != kDone && n_options == 2 && options[0] == 5 && options[1] == 6) {
    std::strncpy(static_cast<char*>(values[0]), "ptxas: line 1 is broken\n",
                 reinterpret_cast<std::size_t>(values[1]));
  }
  return status;
}
FAKE_EXPORT int cuFuncSetAttribute(FunctionHandle function, int which, int value) {
  const Locked locked;
  if (const int status = enter_context("cuFuncSetAttribute")) return status;
  return which == 8 && value <= attribute(97) ? allow_shared(function, value) : kInvalidValue;
}
FAKE_EXPORT int cuGetErrorName(int status, const char** out) {
  const Locked locked;
  *out = error_name(status);
  return kDone;
}
FAKE_EXPORT int cuGetErrorString(int status, const char** out) {
  const Locked locked;
  *out = error_string(status);
  return kDone;
}
FAKE_EXPORT int cuMemGetInfo_v2(std::size_t* free, std::size_t* total) {
  const Locked locked;
  if (const int status = enter_context("cuMemGetInfo_v2")) return status;
  return memory_info(free, total);
}
FAKE_EXPORT int cuMemFreeHost(void* address) {
  const Locked locked;
  const int status = enter_context("cuMemFreeHost", true);
  return status == kInvalidContext ? status : std::max(status, release_pinned(address));
}
FAKE_EXPORT int cuStreamCreate(StreamHandle* out, unsigned flags) {
  const Locked locked;
  if (const int status = enter_context("cuStreamCreate")) return status;
  return flags == 1 ? stream_create(out) : kInvalidValue;
}
FAKE_EXPORT int cuStreamDestroy_v2(StreamHandle stream) {
  const Locked locked;
  const int status = enter_context("cuStreamDestroy_v2", true);
  return status == kInvalidContext ? status : std::max(status, stream_destroy(stream));
}
FAKE_EXPORT int cuStreamQuery(StreamHandle stream) {
  const Locked locked;
  if (const int status = enter_context("cuStreamQuery")) return status;
  return stream_query(stream);
}
FAKE_EXPORT int cuStreamWaitEvent(StreamHandle stream, EventHandle event, unsigned) {
  const Locked locked;
  if (const int status = enter_context("cuStreamWaitEvent")) return status;
  return stream_wait_event(stream, event);
}
FAKE_EXPORT int cuEventCreate(EventHandle* out, unsigned) {
  const Locked locked;
  if (const int status = enter_context("cuEventCreate")) return status;
  return event_create(out);
}
FAKE_EXPORT int cuEventDestroy_v2(EventHandle event) {
  const Locked locked;
  const int status = enter_context("cuEventDestroy_v2", true);
  return status == kInvalidContext ? status : std::max(status, event_destroy(event));
}
FAKE_EXPORT int cuEventRecord(EventHandle event, StreamHandle stream) {
  const Locked locked;
  if (const int status = enter_context("cuEventRecord")) return status;
  return event_record(event, stream);
}
FAKE_EXPORT int cuEventQuery(EventHandle event) {
  const Locked locked;
  if (const int status = enter_context("cuEventQuery")) return status;
  return event_query(event);
}
FAKE_EXPORT int cuEventElapsedTime(float* out, EventHandle from, EventHandle to) {
  const Locked locked;
  if (const int status = enter_context("cuEventElapsedTime")) return status;
  return event_elapsed(out, from, to);
}
FAKE_EXPORT int cuModuleUnload(ModuleHandle module) {
  const Locked locked;
  const int status = enter_context("cuModuleUnload", true);
  return status == kInvalidContext ? status : std::max(status, module_unload(module));
}
FAKE_EXPORT int cuModuleGetFunction(FunctionHandle* out, ModuleHandle module, const char* name) {
  const Locked locked;
  if (const int status = enter_context("cuModuleGetFunction")) return status;
  return module_function(out, module, name);
}
FAKE_EXPORT int cuLaunchKernel(FunctionHandle function, unsigned gx, unsigned gy, unsigned gz,
                               unsigned bx, unsigned by, unsigned bz, unsigned shared,
                               StreamHandle stream, void** args, void**) {
  const Locked locked;
  if (const int status = enter_context("cuLaunchKernel")) return status;
  return launch(function, {{gx, gy, gz}, {bx, by, bz}, shared, 49152}, stream, args);
}
FAKE_EXPORT int cuStreamBeginCapture_v2(StreamHandle stream, int mode) {
  const Locked locked;
  if (const int status = enter_context("cuStreamBeginCapture_v2")) return status;
  return capture_begin(stream, mode);
}
FAKE_EXPORT int cuStreamEndCapture(StreamHandle stream, GraphHandle* out) {
  const Locked locked;
  if (const int status = enter_context("cuStreamEndCapture")) return status;
  return capture_end(stream, out);
}
FAKE_EXPORT int cuGraphDestroy(GraphHandle graph) {
  const Locked locked;
  const int status = enter_context("cuGraphDestroy", true);
  return status == kInvalidContext ? status : std::max(status, graph_destroy(graph));
}
FAKE_EXPORT int cuGraphInstantiateWithFlags(GraphExecHandle* out, GraphHandle graph,
                                            unsigned long long) {
  const Locked locked;
  if (const int status = enter_context("cuGraphInstantiateWithFlags")) return status;
  return graph_instantiate(out, graph);
}
FAKE_EXPORT int cuGraphExecDestroy(GraphExecHandle graph) {
  const Locked locked;
  const int status = enter_context("cuGraphExecDestroy", true);
  return status == kInvalidContext ? status : std::max(status, graph_exec_destroy(graph));
}
FAKE_EXPORT int cuGraphLaunch(GraphExecHandle graph, StreamHandle stream) {
  const Locked locked;
  if (const int status = enter_context("cuGraphLaunch")) return status;
  return graph_launch(graph, stream);
}
