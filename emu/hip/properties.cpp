#include "hip/properties.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>

namespace rocmforge::emu {
namespace {

constexpr int kWave = 32;
constexpr int kRegisters = 65536;  // 32-bit ones that HIP tells for a work group
constexpr int kWavesPerUnit = 64;  // RDNA3: 16 a SIMD, two SIMDs a compute unit; HIP counts a WGP

int to_int(std::uint64_t value) {
  return static_cast<int>(std::min<std::uint64_t>(value, 0x7fffffff));
}

// "gfx1151": 11, 5; HIP tells them as the compute capability.
int major_of(const Card& card) {
  return std::stoi(card.target.substr(3, card.target.size() - 5));
}
int minor_of(const Card& card) {
  return card.target[card.target.size() - 2] - '0';
}

// hipDeviceProp_t of ROCm 6, in order: ROCm/HIP include/hip/hip_runtime_api.h.
struct Properties {
  char name[256];
  char uuid[16];
  char luid[8];
  unsigned luid_device_node_mask;
  std::size_t total_global_mem;
  std::size_t shared_mem_per_block;
  int regs_per_block;
  int warp_size;
  std::size_t mem_pitch;
  int max_threads_per_block;
  int max_threads_dim[3];
  int max_grid_size[3];
  int clock_rate;
  std::size_t total_const_mem;
  int major;
  int minor;
  std::size_t texture_alignment;
  std::size_t texture_pitch_alignment;
  int device_overlap;
  int multi_processor_count;
  int kernel_exec_timeout_enabled;
  int integrated;
  int can_map_host_memory;
  int compute_mode;
  int textures_and_surfaces[40];  // maxTexture1D to maxSurfaceCubemapLayered
  std::size_t surface_alignment;
  int concurrent_kernels;
  int ecc_enabled;
  int pci_bus_id;
  int pci_device_id;
  int pci_domain_id;
  int tcc_driver;
  int async_engine_count;
  int unified_addressing;
  int memory_clock_rate;
  int memory_bus_width;
  int l2_cache_size;
  int persisting_l2_cache_max_size;
  int max_threads_per_multi_processor;
  int stream_priorities_supported;
  int global_l1_cache_supported;
  int local_l1_cache_supported;
  std::size_t shared_mem_per_multiprocessor;
  int regs_per_multiprocessor;
  int managed_memory;
  int is_multi_gpu_board;
  int multi_gpu_board_group_id;
  int host_native_atomic_supported;
  int single_to_double_precision_perf_ratio;
  int pageable_memory_access;
  int concurrent_managed_access;
  int compute_preemption_supported;
  int can_use_host_pointer_for_registered_mem;
  int cooperative_launch;
  int cooperative_multi_device_launch;
  std::size_t shared_mem_per_block_optin;
  int pageable_memory_access_uses_host_page_tables;
  int direct_managed_mem_access_from_host;
  int max_blocks_per_multi_processor;
  int access_policy_max_window_size;
  std::size_t reserved_shared_mem_per_block;
  int host_register_supported;
  int sparse_hip_array_supported;
  int host_register_read_only_supported;
  int timeline_semaphore_interop_supported;
  int memory_pools_supported;
  int gpu_direct_rdma_supported;
  unsigned gpu_direct_rdma_flush_writes_options;
  int gpu_direct_rdma_writes_ordering;
  unsigned memory_pool_supported_handle_types;
  int deferred_mapping_hip_array_supported;
  int ipc_event_supported;
  int cluster_launch;
  int unified_function_pointers;
  int reserved[63];
  int hip_reserved[32];
  char gcn_arch_name[256];
  std::size_t max_shared_memory_per_multi_processor;
  int clock_instruction_rate;
  unsigned arch;
  void* hdp_mem_flush_cntl;
  void* hdp_reg_flush_cntl;
  int cooperative_unmatched[4];
  int is_large_bar;
  int asic_revision;
};
static_assert(offsetof(Properties, gcn_arch_name) == 1160 && sizeof(Properties) == 1472);

constexpr std::size_t kOldBytes = 792, kOldArchName = 396;

void copy_text(char* to, const std::string& text, std::size_t room) {
  std::memcpy(to, text.c_str(), std::min(text.size() + 1, room));
  to[room - 1] = 0;
}

}  // namespace

std::optional<int> attribute(const Card& card, int which) {
  switch (which) {  // hipDeviceAttribute_t
    case 0:         // EccEnabled
    case 6:         // ComputeMode: the default one
    case 10:        // CooperativeLaunch: not modelled
    case 11:        // CooperativeMultiDeviceLaunch
    case 16:        // Integrated
    case 17:        // IsMultiGpuBoard
    case 18:        // KernelExecTimeout
    case 24:        // ManagedMemory: not modelled
    case 65:        // PageableMemoryAccess
    case 67:        // PciBusId
    case 68:        // PciDeviceId
    case 69:        // PciDomainID
    case 80:        // TccDriver
    case 88:        // MemoryPoolsSupported: not modelled
    case 89:        // VirtualMemoryManagementSupported: not modelled
      return 0;
    case 3:      // CanMapHostMemory
    case 4:      // CanUseHostPointerForRegisteredMem
    case 8:      // ConcurrentKernels
    case 12:     // DeviceOverlap
    case 85:     // UnifiedAddressing
    case 90:     // HostRegisterSupported
    case 10011:  // IsLargeBar
      return 1;
    case 2:  // AsyncEngineCount
      return 2;
    case 5:  // ClockRate
      return to_int(card.clock_mhz * 1000ULL);
    case 19:  // L2CacheSize
      return to_int(card.l2_bytes);
    case 23:  // ComputeCapabilityMajor
      return major_of(card);
    case 61:  // ComputeCapabilityMinor
      return minor_of(card);
    case 26:  // MaxBlockDimX, Y, Z
    case 27:
    case 28:
    case 55:  // MaxThreadsDim
    case 56:  // MaxThreadsPerBlock
      return to_int(card.max_group);
    case 29:  // MaxGridDimX, Y, Z
      return 0x7fffffff;
    case 30:
    case 31:
      return 65536;
    case 57:  // MaxThreadsPerMultiProcessor
      return kWave * kWavesPerUnit;
    case 59:
      return to_int(card.bus_bits);
    case 60:  // MemoryClockRate
      return to_int(card.memory_clock_mhz * 1000ULL);
    case 63:  // MultiprocessorCount: WGPs
      return to_int(card.units / 2);
    case 10015:  // PhysicalMultiProcessorCount
      return to_int(card.units);
    case 71:  // MaxRegistersPerBlock
    case 72:  // MaxRegistersPerMultiprocessor
      return kRegisters;
    case 74:  // MaxSharedMemoryPerBlock
    case 75:  // SharedMemPerBlockOptin
    case 76:  // SharedMemPerMultiprocessor
    case 10002:
      return to_int(card.lds_bytes);
    case 83:  // TotalConstantMemory
    case 84:  // TotalGlobalMem
      return to_int(card.memory_bytes);
    case 87:
      return kWave;
    default:
      return std::nullopt;
  }
}

void write_properties(const Card& card, void* out) {
  Properties p{};
  copy_text(p.name, card.name, sizeof(p.name));
  copy_text(p.gcn_arch_name, card.target, sizeof(p.gcn_arch_name));
  const auto told = [&](int which) { return attribute(card, which).value_or(0); };
  p.total_global_mem = card.memory_bytes;
  p.total_const_mem = card.memory_bytes;
  p.shared_mem_per_block = p.shared_mem_per_block_optin = card.lds_bytes;
  p.shared_mem_per_multiprocessor = p.max_shared_memory_per_multi_processor = card.lds_bytes;
  p.regs_per_block = p.regs_per_multiprocessor = kRegisters;
  p.warp_size = kWave;
  p.mem_pitch = 0x7fffffff;
  p.max_threads_per_block = told(56);
  for (int i = 0; i < 3; ++i) {
    p.max_threads_dim[i] = told(26 + i);
    p.max_grid_size[i] = told(29 + i);
  }
  p.clock_rate = told(5);
  p.major = major_of(card);
  p.minor = minor_of(card);
  p.texture_alignment = p.texture_pitch_alignment = 256;
  p.device_overlap = p.can_map_host_memory = p.concurrent_kernels = p.unified_addressing = 1;
  p.can_use_host_pointer_for_registered_mem = p.host_register_supported = p.is_large_bar = 1;
  p.multi_processor_count = told(63);
  p.async_engine_count = told(2);
  p.memory_clock_rate = told(60);
  p.memory_bus_width = told(59);
  p.l2_cache_size = told(19);
  p.max_threads_per_multi_processor = told(57);
  std::memcpy(out, &p, sizeof(p));
}

void write_old_properties(const Card& card, void* out) {
  std::memset(out, 0, kOldBytes);
  copy_text(static_cast<char*>(out), card.name, 256);
  copy_text(static_cast<char*>(out) + kOldArchName, card.target, 256);
}

}  // namespace rocmforge::emu
