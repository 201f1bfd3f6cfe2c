// The fake driver under HIP's names.
#include <algorithm>
#include <cstring>

#include "gpu_driver/fake_core.h"

using namespace rocmforge::test;
using namespace rocmforge::test::fake;

namespace {

thread_local int current_device = 0;

const char* target() {
  return control().target[0] != 0 ? control().target : "gfx1100";
}

int attribute(int which) {
  switch (which) {  // hipDeviceAttribute_t
    case 5:
      return 2'400'000;
    case 19:
      return 6 << 20;
    case 59:
      return 320;
    case 60:
      return 1'250'000;
    case 63:
      return 42;
    case 67:
      return control().pci_bus;
    case 68:
      return control().pci_device;
    case 69:
      return 0;
    case 74:
      return 65536;
    case 87:
      return 32;
    default:
      return -1;
  }
}

void write_name(void* properties, std::size_t offset) {
  std::memcpy(static_cast<char*>(properties) + offset, target(), std::strlen(target()) + 1);
}

}  // namespace

FAKE_EXPORT int hipInit(unsigned) {
  const Locked locked;
  return enter("hipInit");
}
FAKE_EXPORT int hipRuntimeGetVersion(int* out) {
  const Locked locked;
  *out = control().version != 0 ? control().version : 60'200'004;
  return enter("hipRuntimeGetVersion");
}
FAKE_EXPORT int hipGetDeviceCount(int* out) {
  const Locked locked;
  if (const int status = enter("hipGetDeviceCount")) return status;
  *out = control().n_devices;
  return *out == 0 ? kNoDevice : kDone;
}
FAKE_EXPORT int hipGetDevice(int* out) {
  const Locked locked;
  *out = current_device;
  return enter("hipGetDevice");
}
FAKE_EXPORT int hipSetDevice(int device) {
  const Locked locked;
  if (const int status = enter("hipSetDevice")) return status;
  if (check_device(device) == kDone) current_device = device;
  return check_device(device);
}
FAKE_EXPORT int hipDeviceGetName(char* out, int room, int device) {
  const Locked locked;
  if (const int status = enter("hipDeviceGetName")) return status;
  std::strncpy(out, "Fake GPU", static_cast<std::size_t>(room));
  return check_device(device);
}
FAKE_EXPORT int hipDeviceGetAttribute(int* out, int which, int device) {
  const Locked locked;
  if (const int status = enter("hipDeviceGetAttribute")) return status;
  *out = attribute(which);
  return *out < 0 ? kInvalidValue : check_device(device);
}
FAKE_EXPORT int hipGetDeviceProperties(void* out, int device) {
  const Locked locked;
  if (const int status = enter("hipGetDeviceProperties")) return status;
  write_name(out, 396);
  return check_device(device);
}
#ifndef FAKE_HIP_5
FAKE_EXPORT int hipGetDevicePropertiesR0600(void* out, int device) {
  const Locked locked;
  if (const int status = enter("hipGetDevicePropertiesR0600")) return status;
  if (!control().empty_properties) write_name(out, 1160);
  return check_device(device);
}
#endif
FAKE_EXPORT int hipFree(DeviceAddress address) {
  const Locked locked;
  const int status = enter("hipFree", true);
  return std::max(status, release(address));
}
FAKE_EXPORT int hipMalloc(DeviceAddress* out, std::size_t bytes) {
  const Locked locked;
  if (const int status = enter("hipMalloc")) return status;
  return allocate(out, bytes);
}
FAKE_EXPORT int hipHostMalloc(void** out, std::size_t bytes, unsigned flags) {
  const Locked locked;
  if (const int status = enter("hipHostMalloc")) return status;
  return flags == 1 ? allocate_pinned(out, bytes) : kInvalidValue;
}
FAKE_EXPORT int hipMemcpyAsync(void* to, const void* from, std::size_t bytes, int kind,
                               StreamHandle stream) {
  const Locked locked;
  if (const int status = enter("hipMemcpyAsync")) return status;
  return kind == 1 || kind == 2 ? copy(stream, to, from, bytes) : kInvalidValue;
}
FAKE_EXPORT int hipMemsetAsync(void* at, int value, std::size_t bytes, StreamHandle stream) {
  const Locked locked;
  if (const int status = enter("hipMemsetAsync")) return status;
  return fill(stream, at, value, bytes);
}
FAKE_EXPORT int hipModuleLoadData(ModuleHandle* out, const void* image) {
  const Locked locked;
  if (const int status = enter("hipModuleLoadData")) return status;
  return module_load(out, image);
}
FAKE_EXPORT const char* hipGetErrorName(int status) {
  const Locked locked;
  return error_name(status);
}
FAKE_EXPORT const char* hipGetErrorString(int status) {
  const Locked locked;
  return error_string(status);
}
FAKE_EXPORT int hipMemGetInfo(std::size_t* free, std::size_t* total) {
  const Locked locked;
  if (const int status = enter("hipMemGetInfo")) return status;
  return memory_info(free, total);
}
FAKE_EXPORT int hipHostFree(void* address) {
  const Locked locked;
  const int status = enter("hipHostFree", true);
  return std::max(status, release_pinned(address));
}
FAKE_EXPORT int hipStreamCreateWithFlags(StreamHandle* out, unsigned flags) {
  const Locked locked;
  if (const int status = enter("hipStreamCreateWithFlags")) return status;
  return flags == 1 ? stream_create(out) : kInvalidValue;
}
FAKE_EXPORT int hipStreamDestroy(StreamHandle stream) {
  const Locked locked;
  const int status = enter("hipStreamDestroy", true);
  return std::max(status, stream_destroy(stream));
}
FAKE_EXPORT int hipStreamQuery(StreamHandle stream) {
  const Locked locked;
  if (const int status = enter("hipStreamQuery")) return status;
  return stream_query(stream);
}
FAKE_EXPORT int hipStreamWaitEvent(StreamHandle stream, EventHandle event, unsigned) {
  const Locked locked;
  if (const int status = enter("hipStreamWaitEvent")) return status;
  return stream_wait_event(stream, event);
}
FAKE_EXPORT int hipEventCreateWithFlags(EventHandle* out, unsigned) {
  const Locked locked;
  if (const int status = enter("hipEventCreateWithFlags")) return status;
  return event_create(out);
}
FAKE_EXPORT int hipEventDestroy(EventHandle event) {
  const Locked locked;
  const int status = enter("hipEventDestroy", true);
  return std::max(status, event_destroy(event));
}
FAKE_EXPORT int hipEventRecord(EventHandle event, StreamHandle stream) {
  const Locked locked;
  if (const int status = enter("hipEventRecord")) return status;
  return event_record(event, stream);
}
FAKE_EXPORT int hipEventQuery(EventHandle event) {
  const Locked locked;
  if (const int status = enter("hipEventQuery")) return status;
  return event_query(event);
}
FAKE_EXPORT int hipEventElapsedTime(float* out, EventHandle from, EventHandle to) {
  const Locked locked;
  if (const int status = enter("hipEventElapsedTime")) return status;
  return event_elapsed(out, from, to);
}
FAKE_EXPORT int hipModuleUnload(ModuleHandle module) {
  const Locked locked;
  const int status = enter("hipModuleUnload", true);
  return std::max(status, module_unload(module));
}
FAKE_EXPORT int hipModuleGetFunction(FunctionHandle* out, ModuleHandle module, const char* name) {
  const Locked locked;
  if (const int status = enter("hipModuleGetFunction")) return status;
  return module_function(out, module, name);
}
FAKE_EXPORT int hipModuleLaunchKernel(FunctionHandle function, unsigned gx, unsigned gy,
                                      unsigned gz, unsigned bx, unsigned by, unsigned bz,
                                      unsigned shared, StreamHandle stream, void** args, void**) {
  const Locked locked;
  if (const int status = enter("hipModuleLaunchKernel")) return status;
  return launch(function, {{gx, gy, gz}, {bx, by, bz}, shared, 65536}, stream, args);
}
FAKE_EXPORT int hipStreamBeginCapture(StreamHandle stream, int mode) {
  const Locked locked;
  if (const int status = enter("hipStreamBeginCapture")) return status;
  return capture_begin(stream, mode);
}
FAKE_EXPORT int hipStreamEndCapture(StreamHandle stream, GraphHandle* out) {
  const Locked locked;
  if (const int status = enter("hipStreamEndCapture")) return status;
  return capture_end(stream, out);
}
FAKE_EXPORT int hipGraphDestroy(GraphHandle graph) {
  const Locked locked;
  const int status = enter("hipGraphDestroy", true);
  return std::max(status, graph_destroy(graph));
}
FAKE_EXPORT int hipGraphInstantiateWithFlags(GraphExecHandle* out, GraphHandle graph,
                                             unsigned long long) {
  const Locked locked;
  if (const int status = enter("hipGraphInstantiateWithFlags")) return status;
  return graph_instantiate(out, graph);
}
FAKE_EXPORT int hipGraphExecDestroy(GraphExecHandle graph) {
  const Locked locked;
  const int status = enter("hipGraphExecDestroy", true);
  return std::max(status, graph_exec_destroy(graph));
}
#ifndef FAKE_LACKING
FAKE_EXPORT int hipGraphLaunch(GraphExecHandle graph, StreamHandle stream) {
  const Locked locked;
  if (const int status = enter("hipGraphLaunch")) return status;
  return graph_launch(graph, stream);
}
#endif
