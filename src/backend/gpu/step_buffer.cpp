#include "backend/gpu/step_buffer.h"

#include <cstring>
#include <string>
#include <utility>

#include "base/check.h"

namespace rocmforge::gpu {
namespace {

// A copy costs some microseconds whatever its size: gaps below this travel along.
constexpr std::int64_t kLeastGap = 16 * 1024;

void check_count(std::int32_t n, std::int32_t limit, const char* what) {
  check(n >= 0 && n <= limit, std::string("[gpu] step header: ") + std::to_string(n) + " " + what +
                                  ", its limit is " + std::to_string(limit));
}

}  // namespace

StepRanges used_ranges(const ir::StepLayout& layout, const ir::StepHeader& header) {
  const ir::StepLimits& l = layout.limits;
  check_count(header.n_rows, l.max_rows, "rows");
  check_count(header.n_head_rows, l.max_head_rows, "head rows");
  check_count(header.n_sequences, l.max_sequences, "sequences");
  check_count(header.n_work, l.max_work, "work items");
  check_count(header.n_partials, l.max_partials, "partials");
  check_count(header.n_edits, l.max_edits, "logit edits");
  check_count(header.n_masks, l.max_head_rows, "masks");
  StepRanges out;
  const auto use = [&out](std::int64_t begin, std::int64_t bytes) {
    if (bytes == 0) return;
    StepRange* last = out.n > 0 ? &out.ranges[out.n - 1] : nullptr;
    if (last != nullptr && begin - last->end < kLeastGap) {
      last->end = begin + bytes;
    } else {
      out.ranges[out.n++] = {begin, begin + bytes};
    }
  };
  const std::int64_t rows = header.n_rows, word = sizeof(std::int32_t);
  use(layout.header, sizeof(ir::StepHeader));
  use(layout.tokens, rows * word);
  use(layout.positions, rows * word);
  use(layout.sequences, rows * word);
  use(layout.kv_slots, rows * word);
  use(layout.rope_rows, rows * l.rope_dims * word);
  use(layout.head_rows, header.n_head_rows * word);
  use(layout.samples, header.n_head_rows * static_cast<std::int64_t>(sizeof(ir::SampleParams)));
  use(layout.block_tables, std::int64_t{header.n_sequences} * l.max_blocks * word);
  use(layout.work, header.n_work * static_cast<std::int64_t>(sizeof(ir::WorkItem)));
  use(layout.edits, header.n_edits * static_cast<std::int64_t>(sizeof(ir::LogitEdit)));
  use(layout.masks, std::int64_t{header.n_masks} * l.mask_words * word);
  return out;
}

StepBuffer::StepBuffer(ContextPtr context, const ir::StepLayout& layout)
    : context_(std::move(context)), layout_(layout) {
  memory_ = allocate(*context_, layout.bytes, "the step buffer");
  Api& api = *context_->api;
  api.fill_zero(memory_.address(), layout.bytes, context_->setup.get());
  api.wait(context_->setup.get());
  for (Staging& s : staging_) {
    s.memory = PinnedMemory(api, layout.bytes);
    s.copied = make_event(api);
    std::memset(s.memory.bytes().data(), 0, s.memory.bytes().size());  // gaps travel too
  }
}

// Body and head of a step are given the same bytes, one after the other, but for masks.
bool StepBuffer::holds(std::span<const std::byte> step, const StepRanges& used,
                       StreamHandle stream) const {
  if (held_ranges_.n == 0 || held_by_ != stream || !(held_ranges_ == used)) return false;
  const std::byte* at = staging_[held_].memory.bytes().data();
  for (std::size_t i = 0; i < used.n; ++i) {
    const auto [begin, end] = used.ranges[i];
    if (std::memcmp(at + begin, step.data() + begin, static_cast<std::size_t>(end - begin)) != 0) {
      return false;
    }
  }
  return true;
}

void StepBuffer::upload(std::span<const std::byte> step, StreamHandle stream) {
  check(std::ssize(step) >= layout_.bytes, "[gpu] the step buffer is smaller than its layout");
  ir::StepHeader header;
  std::memcpy(&header, step.data() + layout_.header, sizeof(header));
  const StepRanges used = used_ranges(layout_, header);
  Api& api = *context_->api;
  if (holds(step, used, stream)) return;
  held_ranges_ = {};
  Staging& staging = staging_[next_];
  if (staging.used) api.wait(staging.copied.get());
  std::byte* at = staging.memory.bytes().data();
  for (std::size_t i = 0; i < used.n; ++i) {
    const auto [begin, end] = used.ranges[i];
    std::memcpy(at + begin, step.data() + begin, static_cast<std::size_t>(end - begin));
    api.copy_to_device(memory_.address() + static_cast<DeviceAddress>(begin), at + begin,
                       end - begin, stream);
  }
  api.record(staging.copied.get(), stream);
  staging.used = true;
  held_ = next_;
  held_ranges_ = used;
  held_by_ = stream;
  next_ = (next_ + 1) % kStagings;
}

}  // namespace rocmforge::gpu
