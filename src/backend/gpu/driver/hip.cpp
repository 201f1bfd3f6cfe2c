// AMD, through HIP's runtime. Signatures, flags and numbers: ROCm/HIP
// include/hip/hip_runtime_api.h, the same in tags rocm-5.0.0 to rocm-6.2.2 (hipDeviceAttribute_t
// was renumbered in 5.0) and in ROCm/rocm-systems projects/hip of 2026.
#include <array>
#include <cstring>

#include "backend/gpu/driver/driver_api.h"
#include "backend/gpu/driver/kfd.h"
#include "base/error.h"

namespace rocmforge::gpu {
namespace {

// hipDeviceAttribute_t
constexpr int kClockRate = 5;  // kHz
constexpr int kL2CacheSize = 19;
constexpr int kMemoryBusWidth = 59;
constexpr int kMemoryClockRate = 60;  // kHz
constexpr int kMultiprocessorCount = 63;
constexpr int kPciBusId = 67;
constexpr int kPciDeviceId = 68;
constexpr int kPciDomainId = 69;
constexpr int kMaxSharedMemoryPerBlock = 74;
constexpr int kWarpSize = 87;

// hipMemcpyKind
constexpr int kHostToDevice = 1;
constexpr int kDeviceToHost = 2;

// HIP_VERSION is major * 10^7 + minor * 10^5 + patch.
constexpr int kOldestVersion = 50'000'000;

// Bytes of hipDeviceProp_t where gcnArchName[256] starts: in the layout of ROCm 6
// (hipGetDevicePropertiesR0600, 1472 bytes), and in that of ROCm 5 (hipGetDeviceProperties, 792
// bytes), which libraries of ROCm 6 and 7 still fill under the old name.
constexpr std::size_t kArchNameR0600 = 1160;
constexpr std::size_t kArchNameR0000 = 396;
constexpr std::size_t kPropertiesRoom = 4096;

std::string version_text(int version) {
  return "HIP " + std::to_string(version / 10'000'000) + "." +
         std::to_string(version / 100'000 % 100) + "." + std::to_string(version % 100'000);
}

class HipApi final : public DriverApi {
 public:
  explicit HipApi(const OpenOptions& options);

  Vendor vendor() const override { return Vendor::kAmd; }
  std::string version() const override { return version_text(version_); }
  std::string report() override {
    const char* text = report_ != nullptr ? report_() : nullptr;
    return text != nullptr ? text : "";
  }
  DeviceProperties properties(std::int32_t device) override;
  void set_device(std::int32_t device) override { run(set_device_, device); }

  void copy_to_device(DeviceAddress to, const void* from, std::int64_t bytes,
                      StreamHandle stream) override;
  void copy_to_host(void* to, DeviceAddress from, std::int64_t bytes, StreamHandle stream) override;
  void fill_zero(DeviceAddress at, std::int64_t bytes, StreamHandle stream) override;
  ModuleHandle load_module(std::span<const std::byte> image) override;
  // hipFuncSetAttribute takes host functions alone, and a launch may use all the LDS anyway
  // (ROCm/clr hipamd/src/hip_module.cpp).
  void allow_shared(FunctionHandle, std::int64_t) override {}

 private:
  std::string describe(int status) const override;
  std::string target(std::int32_t device) const;
  std::string arch_name(void* function, std::size_t offset, std::int32_t device) const;

  std::string kfd_nodes_;
  int version_ = 0;
  Call<int*> runtime_version_;
  Call<int> set_device_;
  Call<int*> get_device_;
  Call<void*, const void*, std::size_t, int, StreamHandle> memcpy_;
  Call<void*, int, std::size_t, StreamHandle> memset_;
  Call<ModuleHandle*, const void*> load_module_;
  const char* (*error_name_)(int) = nullptr;
  const char* (*error_string_)(int) = nullptr;
  const char* (*report_)() = nullptr;  // of our emulator alone
};

HipApi::HipApi(const OpenOptions& options) : DriverApi(options), kfd_nodes_(options.kfd_nodes) {
  Library& lib = library_;
  lib.load(calls_.init, "hipInit");
  lib.load(calls_.device_count, "hipGetDeviceCount");
  lib.load(calls_.device_name, "hipDeviceGetName");
  lib.load(calls_.device_attribute, "hipDeviceGetAttribute");
  lib.load(calls_.memory_info, "hipMemGetInfo");
  lib.load(calls_.allocate, "hipMalloc");
  lib.load(calls_.free, "hipFree");
  lib.load(calls_.allocate_pinned, "hipHostMalloc");
  lib.load(calls_.free_pinned, "hipHostFree");
  lib.load(calls_.stream_create, "hipStreamCreateWithFlags");
  lib.load(calls_.stream_destroy, "hipStreamDestroy");
  lib.load(calls_.stream_query, "hipStreamQuery");
  lib.load(calls_.stream_wait_event, "hipStreamWaitEvent");
  lib.load(calls_.event_create, "hipEventCreateWithFlags");
  lib.load(calls_.event_destroy, "hipEventDestroy");
  lib.load(calls_.event_record, "hipEventRecord");
  lib.load(calls_.event_query, "hipEventQuery");
  lib.load(calls_.event_elapsed, "hipEventElapsedTime");
  lib.load(calls_.module_unload, "hipModuleUnload");
  lib.load(calls_.module_function, "hipModuleGetFunction");
  lib.load(calls_.launch, "hipModuleLaunchKernel");
  lib.load(calls_.capture_begin, "hipStreamBeginCapture");
  lib.load(calls_.capture_end, "hipStreamEndCapture");
  lib.load(calls_.graph_destroy, "hipGraphDestroy");
  lib.load(calls_.graph_instantiate, "hipGraphInstantiateWithFlags");
  lib.load(calls_.graph_exec_destroy, "hipGraphExecDestroy");
  lib.load(calls_.graph_launch, "hipGraphLaunch");
  lib.load(runtime_version_, "hipRuntimeGetVersion");
  lib.load(set_device_, "hipSetDevice");
  lib.load(get_device_, "hipGetDevice");
  lib.load(memcpy_, "hipMemcpyAsync");
  lib.load(memset_, "hipMemsetAsync");
  lib.load(load_module_, "hipModuleLoadData");
  error_name_ = reinterpret_cast<const char* (*)(int)>(lib.find("hipGetErrorName"));
  error_string_ = reinterpret_cast<const char* (*)(int)>(lib.find("hipGetErrorString"));
  report_ = reinterpret_cast<const char* (*)()>(lib.find("rocmforgeEmuReport"));
  lib.require_all();

  library_.keep();
  run(runtime_version_, &version_);
  if (version_ < kOldestVersion) {
    throw Error(ErrorCode::kDevice, "[gpu] " + library() + ": is " + version() +
                                        "; ROCm 5.0 is the oldest that will do");
  }
  const int status = calls_.init.function(0);
  if (status != kStatusDone && status != kStatusNoDevice) fail(calls_.init.name, status);
}

std::string HipApi::describe(int status) const {
  const char* name = error_name_ != nullptr ? error_name_(status) : nullptr;
  const char* words = error_string_ != nullptr ? error_string_(status) : nullptr;
  const std::string number = std::to_string(status);
  return (words != nullptr ? words : "failed") + std::string(" (") +
         (name != nullptr ? name + (", " + number) : number) + ")";
}

// "gfx1100", or nothing. ROCm writes features behind it: "gfx90a:sramecc+:xnack-".
std::string HipApi::arch_name(void* function, std::size_t offset, std::int32_t device) const {
  const auto get = reinterpret_cast<int (*)(void*, int)>(function);
  alignas(16) std::array<char, kPropertiesRoom> room{};
  if (get == nullptr || get(room.data(), device) != kStatusDone) return "";
  const char* text = room.data() + offset;
  const std::string name(text, ::strnlen(text, 256));
  return name.starts_with("gfx") ? name.substr(0, name.find(':')) : "";
}

std::string HipApi::target(std::int32_t device) const {
  std::string name =
      arch_name(library_.find("hipGetDevicePropertiesR0600"), kArchNameR0600, device);
  if (name.empty()) {
    name = arch_name(library_.find("hipGetDeviceProperties"), kArchNameR0000, device);
  }
  if (!name.empty()) return name;
  return kfd_target(kfd_nodes_, {.domain = attribute_or_zero(kPciDomainId, device),
                                 .bus = attribute_or_zero(kPciBusId, device),
                                 .device = attribute_or_zero(kPciDeviceId, device)});
}

DeviceProperties HipApi::properties(std::int32_t device) {
  DeviceProperties out;
  out.ordinal = device;
  out.name = device_name(device);
  out.target = target(device);
  out.wave = attribute(kWarpSize, device);
  out.n_units = attribute(kMultiprocessorCount, device);
  out.shared_bytes = attribute(kMaxSharedMemoryPerBlock, device);
  out.l2_bytes = attribute_or_zero(kL2CacheSize, device);
  out.clock_mhz = attribute_or_zero(kClockRate, device) / 1000;
  out.memory_clock_mhz = attribute_or_zero(kMemoryClockRate, device) / 1000;
  out.bus_bits = attribute_or_zero(kMemoryBusWidth, device);
  int before = 0;
  run(get_device_, &before);
  run(set_device_, device);
  memory_info(out.memory_free, out.memory_total);
  run(set_device_, before);
  return out;
}

void HipApi::copy_to_device(DeviceAddress to, const void* from, std::int64_t bytes,
                            StreamHandle stream) {
  if (bytes == 0) return;
  run(memcpy_, reinterpret_cast<void*>(to), from, static_cast<std::size_t>(bytes), kHostToDevice,
      stream);
}

void HipApi::copy_to_host(void* to, DeviceAddress from, std::int64_t bytes, StreamHandle stream) {
  if (bytes == 0) return;
  run(memcpy_, to, reinterpret_cast<const void*>(from), static_cast<std::size_t>(bytes),
      kDeviceToHost, stream);
}

void HipApi::fill_zero(DeviceAddress at, std::int64_t bytes, StreamHandle stream) {
  if (bytes == 0) return;
  run(memset_, reinterpret_cast<void*>(at), 0, static_cast<std::size_t>(bytes), stream);
}

ModuleHandle HipApi::load_module(std::span<const std::byte> image) {
  ModuleHandle module = nullptr;
  run(load_module_, &module, image.data());
  return module;
}

}  // namespace

std::unique_ptr<Api> open_hip(const OpenOptions& options) {
  return std::make_unique<HipApi>(options);
}

}  // namespace rocmforge::gpu
