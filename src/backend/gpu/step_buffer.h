// The step buffer on the device, and how a step of the host gets there.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "backend/gpu/context.h"
#include "ir/step.h"

namespace rocmforge::gpu {

// Bytes [begin, end) of a step buffer.
struct StepRange {
  std::int64_t begin = 0, end = 0;
  bool operator==(const StepRange&) const = default;
};

// What of a step is used, by its header: at most kMaxStepRanges, in order, parts that lie close
// together in one. Counts over the limits are Error{kInternal}. Pure.
inline constexpr std::size_t kMaxStepRanges = 12;
struct StepRanges {
  StepRange ranges[kMaxStepRanges];
  std::size_t n = 0;
};
StepRanges used_ranges(const ir::StepLayout& layout, const ir::StepHeader& header);

class StepBuffer {
 public:
  StepBuffer(ContextPtr context, const ir::StepLayout& layout);

  DeviceAddress address() const { return memory_.address(); }
  const ir::StepLayout& layout() const { return layout_; }
  // Gives the copies to the stream. Waits only for the step before the last one's copies.
  void upload(std::span<const std::byte> step, StreamHandle stream);

 private:
  struct Staging {
    PinnedMemory memory;
    Event copied;
    bool used = false;
  };

  ContextPtr context_;
  ir::StepLayout layout_;
  DeviceMemory memory_;
  Staging staging_[2];
  int next_ = 0;
};

}  // namespace rocmforge::gpu
