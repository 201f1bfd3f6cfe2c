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
  bool operator==(const StepRanges&) const = default;
};
StepRanges used_ranges(const ir::StepLayout& layout, const ir::StepHeader& header);

class StepBuffer {
 public:
  StepBuffer(ContextPtr context, const ir::StepLayout& layout);

  DeviceAddress address() const { return memory_.address(); }
  const ir::StepLayout& layout() const { return layout_; }
  // Gives the copies to the stream; none where the device holds the same step already. Waits only
  // for the copies of the step kStagings before. `step` is the caller's again at once.
  void upload(std::span<const std::byte> step, StreamHandle stream);

 private:
  bool holds(std::span<const std::byte> step, const StepRanges& used, StreamHandle stream) const;
  struct Staging {
    PinnedMemory memory;
    Event copied;
    bool used = false;
  };

  ContextPtr context_;
  ir::StepLayout layout_;
  DeviceMemory memory_;
  static constexpr std::size_t kStagings = 4;
  Staging staging_[kStagings];
  std::size_t next_ = 0;
  // What the device holds, or will when the stream gets there: these ranges of that staging.
  std::size_t held_ = 0;
  StepRanges held_ranges_;  // empty: nothing that is known
  StreamHandle held_by_ = nullptr;
};

}  // namespace rocmforge::gpu
