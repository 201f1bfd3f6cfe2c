// NVIDIA, through the CUDA driver API. Signatures, flags and numbers: "CUDA Driver API" at
// docs.nvidia.com. A function whose arguments once changed carries _v2; these exist from CUDA 11.4
// on (cuGraphInstantiateWithFlags is the youngest).
#include <array>
#include <cstring>
#include <mutex>
#include <string_view>
#include <vector>

#include "backend/gpu/driver/driver_api.h"
#include "base/check.h"
#include "base/error.h"

namespace rocmforge::gpu {
namespace {

using ContextHandle = void*;  // CUcontext

// CUdevice_attribute
constexpr int kMaxSharedMemoryPerBlock = 8;
constexpr int kWarpSize = 10;
constexpr int kClockRate = 13;  // kHz
constexpr int kMultiprocessorCount = 16;
constexpr int kMemoryClockRate = 36;  // kHz
constexpr int kGlobalMemoryBusWidth = 37;
constexpr int kL2CacheSize = 38;
constexpr int kComputeCapabilityMajor = 75;
constexpr int kComputeCapabilityMinor = 76;
constexpr int kMaxSharedMemoryPerBlockOptin = 97;

constexpr int kMaxDynamicSharedSizeBytes = 8;  // CUfunction_attribute

// CUjit_option
constexpr int kJitErrorLogBuffer = 5;
constexpr int kJitErrorLogBufferSizeBytes = 6;

class CudaApi final : public DriverApi {
 public:
  explicit CudaApi(const OpenOptions& options);
  ~CudaApi() override;

  Vendor vendor() const override { return Vendor::kNvidia; }
  std::string version() const override;
  DeviceProperties properties(std::int32_t device) override;
  void set_device(std::int32_t device) override;

  void copy_to_device(DeviceAddress to, const void* from, std::int64_t bytes,
                      StreamHandle stream) override;
  void copy_to_host(void* to, DeviceAddress from, std::int64_t bytes, StreamHandle stream) override;
  void fill_zero(DeviceAddress at, std::int64_t bytes, StreamHandle stream) override;
  ModuleHandle load_module(std::span<const std::byte> image) override;
  void allow_shared(FunctionHandle function, std::int64_t bytes) override;

 private:
  // A device's primary context, which all users in the process share.
  struct Context {
    int device = 0;  // CUdevice
    ContextHandle handle = nullptr;
  };

  std::string describe(int status) const override;
  void enter_any_device() noexcept override;
  void read_memory(int handle, DeviceProperties& out);

  int version_ = 0;
  std::mutex mutex_;               // guards what follows
  std::vector<Context> contexts_;  // of the devices set so far; released with this object

  Call<int*> driver_version_;
  Call<int*, int> device_get_;  // CUdevice, ordinal
  Call<ContextHandle*, int> context_retain_;
  Call<int> context_release_;
  Call<ContextHandle> context_set_;
  Call<ContextHandle*> context_get_;
  Call<DeviceAddress, const void*, std::size_t, StreamHandle> to_device_;
  Call<void*, DeviceAddress, std::size_t, StreamHandle> to_host_;
  Call<DeviceAddress, unsigned char, std::size_t, StreamHandle> memset_;
  Call<ModuleHandle*, const void*, unsigned, int*, void**> load_module_;
  Call<FunctionHandle, int, int> set_attribute_;
  Call<int, const char**> error_name_;
  Call<int, const char**> error_string_;
};

CudaApi::CudaApi(const OpenOptions& options) : DriverApi(options) {
  Library& lib = library_;
  lib.load(calls_.init, "cuInit");
  lib.load(calls_.device_count, "cuDeviceGetCount");
  lib.load(calls_.device_name, "cuDeviceGetName");
  lib.load(calls_.device_attribute, "cuDeviceGetAttribute");
  lib.load(calls_.memory_info, "cuMemGetInfo_v2");
  lib.load(calls_.allocate, "cuMemAlloc_v2");
  lib.load(calls_.free, "cuMemFree_v2");
  lib.load(calls_.allocate_pinned, "cuMemHostAlloc");
  lib.load(calls_.free_pinned, "cuMemFreeHost");
  lib.load(calls_.stream_create, "cuStreamCreate");
  lib.load(calls_.stream_destroy, "cuStreamDestroy_v2");
  lib.load(calls_.stream_query, "cuStreamQuery");
  lib.load(calls_.stream_wait_event, "cuStreamWaitEvent");
  lib.load(calls_.event_create, "cuEventCreate");
  lib.load(calls_.event_destroy, "cuEventDestroy_v2");
  lib.load(calls_.event_record, "cuEventRecord");
  lib.load(calls_.event_query, "cuEventQuery");
  lib.load(calls_.event_elapsed, "cuEventElapsedTime");
  lib.load(calls_.module_unload, "cuModuleUnload");
  lib.load(calls_.module_function, "cuModuleGetFunction");
  lib.load(calls_.launch, "cuLaunchKernel");
  lib.load(calls_.capture_begin, "cuStreamBeginCapture_v2");
  lib.load(calls_.capture_end, "cuStreamEndCapture");
  lib.load(calls_.graph_destroy, "cuGraphDestroy");
  lib.load(calls_.graph_instantiate, "cuGraphInstantiateWithFlags");
  lib.load(calls_.graph_exec_destroy, "cuGraphExecDestroy");
  lib.load(calls_.graph_launch, "cuGraphLaunch");
  lib.load(driver_version_, "cuDriverGetVersion");
  lib.load(device_get_, "cuDeviceGet");
  lib.load(context_retain_, "cuDevicePrimaryCtxRetain");
  lib.load(context_release_, "cuDevicePrimaryCtxRelease_v2");
  lib.load(context_set_, "cuCtxSetCurrent");
  lib.load(context_get_, "cuCtxGetCurrent");
  lib.load(to_device_, "cuMemcpyHtoDAsync_v2");
  lib.load(to_host_, "cuMemcpyDtoHAsync_v2");
  lib.load(memset_, "cuMemsetD8Async");
  lib.load(load_module_, "cuModuleLoadDataEx");
  lib.load(set_attribute_, "cuFuncSetAttribute");
  lib.load(error_name_, "cuGetErrorName");
  lib.load(error_string_, "cuGetErrorString");
  lib.require_all();

  library_.keep();
  const int status = calls_.init.function(0);
  if (status != kStatusDone && status != kStatusNoDevice) fail(calls_.init.name, status);
  run(driver_version_, &version_);
}

CudaApi::~CudaApi() {
  if (given_up()) return;  // to release a context would wait for its kernels
  for (const Context& context : contexts_) context_release_.function(context.device);
}

std::string CudaApi::version() const {  // major * 1000 + minor * 10
  return "CUDA " + std::to_string(version_ / 1000) + "." + std::to_string(version_ % 1000 / 10);
}

std::string CudaApi::describe(int status) const {
  const char* name = nullptr;
  const char* words = nullptr;
  const bool named = error_name_.function(status, &name) == kStatusDone && name != nullptr;
  const bool told = error_string_.function(status, &words) == kStatusDone && words != nullptr;
  return (told ? words : "failed") + std::string(" (") +
         (named ? name + (", " + std::to_string(status)) : std::to_string(status)) + ")";
}

// --- devices

DeviceProperties CudaApi::properties(std::int32_t device) {
  int handle = 0;
  run(device_get_, &handle, device);
  DeviceProperties out;
  out.ordinal = device;
  out.name = device_name(handle);
  out.target = "sm_" + std::to_string(attribute(kComputeCapabilityMajor, handle)) +
               std::to_string(attribute(kComputeCapabilityMinor, handle));
  out.wave = attribute(kWarpSize, handle);
  out.n_units = attribute(kMultiprocessorCount, handle);
  out.shared_bytes = attribute_or_zero(kMaxSharedMemoryPerBlockOptin, handle);
  if (out.shared_bytes == 0) out.shared_bytes = attribute(kMaxSharedMemoryPerBlock, handle);
  out.l2_bytes = attribute_or_zero(kL2CacheSize, handle);
  out.clock_mhz = attribute_or_zero(kClockRate, handle) / 1000;
  out.memory_clock_mhz = attribute_or_zero(kMemoryClockRate, handle) / 1000;
  out.bus_bits = attribute_or_zero(kGlobalMemoryBusWidth, handle);
  read_memory(handle, out);
  return out;
}

// Only a context tells what is free. It is released again, so that a device that is merely looked
// at keeps none of its memory.
void CudaApi::read_memory(int handle, DeviceProperties& out) {
  ContextHandle before = nullptr, context = nullptr;
  run(context_get_, &before);
  run(context_retain_, &context, handle);
  try {
    run(context_set_, context);
    memory_info(out.memory_free, out.memory_total);
  } catch (...) {
    context_set_.function(before);
    context_release_.function(handle);
    throw;
  }
  context_set_.function(before);
  context_release_.function(handle);
}

void CudaApi::set_device(std::int32_t device) {
  const std::lock_guard lock(mutex_);
  int handle = 0;
  run(device_get_, &handle, device);
  for (const Context& context : contexts_) {
    if (context.device == handle) return run(context_set_, context.handle);
  }
  contexts_.reserve(contexts_.size() + 1);
  ContextHandle context = nullptr;
  run(context_retain_, &context, handle);
  contexts_.push_back({.device = handle, .handle = context});
  run(context_set_, context);
}

void CudaApi::enter_any_device() noexcept {
  ContextHandle current = nullptr;
  if (context_get_.function(&current) == kStatusDone && current != nullptr) return;
  const std::lock_guard lock(mutex_);
  if (!contexts_.empty()) context_set_.function(contexts_.back().handle);
}

// --- copies

void CudaApi::copy_to_device(DeviceAddress to, const void* from, std::int64_t bytes,
                             StreamHandle stream) {
  if (bytes != 0) run(to_device_, to, from, static_cast<std::size_t>(bytes), stream);
}

void CudaApi::copy_to_host(void* to, DeviceAddress from, std::int64_t bytes, StreamHandle stream) {
  if (bytes != 0) run(to_host_, to, from, static_cast<std::size_t>(bytes), stream);
}

void CudaApi::fill_zero(DeviceAddress at, std::int64_t bytes, StreamHandle stream) {
  if (bytes != 0)
    run(memset_, at, static_cast<unsigned char>(0), static_cast<std::size_t>(bytes), stream);
}

// --- modules

ModuleHandle CudaApi::load_module(std::span<const std::byte> image) {
  const bool is_elf = image.size() > 4 && std::memcmp(image.data(),
                                                      "\x7f"
                                                      "ELF",
                                                      4) == 0;
  check(is_elf || (!image.empty() && image.back() == std::byte{0}), "PTX ends with a NUL");
  ensure_not_given_up();
  std::array<char, 8192> log{};
  std::array<int, 2> options = {kJitErrorLogBuffer, kJitErrorLogBufferSizeBytes};
  // Numbers among the values are passed as the pointer's bits.
  std::array<void*, 2> values = {log.data(), reinterpret_cast<void*>(log.size() - 1)};
  ModuleHandle module = nullptr;
  const int status = load_module_.function(
      &module, image.data(), static_cast<unsigned>(options.size()), options.data(), values.data());
  if (status != kStatusDone) {
    std::string words;  // the log's lines on one
    for (const char c : std::string_view(log.data())) {
      words += c == '\n' ? "; " : std::string(1, c);
    }
    while (words.ends_with("; ")) words.resize(words.size() - 2);
    fail(load_module_.name, status, words.empty() ? "" : ": " + words);
  }
  return module;
}

void CudaApi::allow_shared(FunctionHandle function, std::int64_t bytes) {
  run(set_attribute_, function, kMaxDynamicSharedSizeBytes, static_cast<int>(bytes));
}

}  // namespace

std::unique_ptr<Api> open_cuda(const OpenOptions& options) {
  return std::make_unique<CudaApi>(options);
}

}  // namespace rocmforge::gpu
