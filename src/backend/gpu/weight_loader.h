// Brings weights to the device. Threads read the file into pinned staging buffers; this thread
// alone speaks to the driver: it gives each filled buffer to one of a few streams, which copy it
// into staging of their own on the device and repack it from there into planes. So reading, copies
// and repacking overlap, and in a stream the order of things is all the synchronisation there is.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "backend/executor.h"
#include "backend/gpu/context.h"
#include "backend/gpu/ops/launch.h"
#include "backend/gpu/weight_batches.h"
#include "base/function_ref.h"

namespace rocmforge::gpu {

// Of a staging buffer. A bus of 25 GB/s (PCIe 4, 16 lanes) takes 0.3 ms for it: beside that the
// some 20 us that the calls for one buffer take are little.
inline constexpr std::int64_t kStagingBytes = 8 << 20;
// Threads that read: one copies 3 to 8 GB/s out of the page cache, so this many keep up with PCIe
// 5; and as many reads on their way are what a fast disk wants.
inline constexpr int kMaxReaders = 8;
// Streams: while one copies, one repacks, and the next copy waits already. Each has kStagingBytes
// on the device.
inline constexpr int kLanes = 3;
// Pinned buffers: each thread fills one while each stream copies one; one more is on its way to a
// thread. At most 12 of 8 MiB: that is the host's peak, however large the file.
inline constexpr int max_staging_buffers(int n_readers) {
  return n_readers + kLanes + 1;
}

struct WeightLoad {
  std::span<const WeightItem> items;
  std::span<const MappedFile> files = {};  // as in backend::WeightSource, progress too
  FunctionRef<bool(std::int64_t done, std::int64_t total)> progress = {};
  FunctionRef<FunctionHandle(const std::string& kernel)> find = {};
  int n_readers = 0;                           // 0: by the machine
  std::int64_t staging_bytes = kStagingBytes;  // of a buffer
};

// Fills the planes of all items, and waits; what is around the planes' content is zero already.
// Errors: a read's, the device's, kCancelled. Whatever happens, it leaves no thread, and of device
// and pinned memory nothing.
void load_weights(const Context& context, const ArchInfo& arch, const WeightLoad& load);

}  // namespace rocmforge::gpu
