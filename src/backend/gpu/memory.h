// Buffers and streams on a GPU, as the engine sees them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "backend/device.h"
#include "backend/gpu/context.h"

namespace rocmforge::gpu {

class DeviceBuffer final : public backend::Buffer {
 public:
  DeviceBuffer(ContextPtr context, std::int64_t bytes);

  std::int64_t size() const override { return size_; }
  std::byte* host() override { return nullptr; }
  DeviceAddress address() const { return memory_.address(); }

 private:
  ContextPtr context_;
  DeviceMemory memory_;
  std::int64_t size_;
};

class DeviceStream final : public backend::Stream {
 public:
  explicit DeviceStream(ContextPtr context);
  // Waits for what is under way, which may use memory that goes after the stream.
  ~DeviceStream() override;

  void read(const backend::Buffer& from, std::int64_t offset, std::span<std::byte> to) override;
  void write(backend::Buffer& to, std::int64_t offset, std::span<const std::byte> from) override;
  void wait() override;
  backend::Mark mark() override;
  void wait(backend::Mark mark) override;
  StreamHandle handle() const { return stream_.get(); }

 private:
  ContextPtr context_;
  gpu::Stream stream_;
  // Of the last marks, mark m in place m % kMarks; one that was written over stands for a later
  // point.
  static constexpr std::size_t kMarks = 8;
  Event marks_[kMarks];
  backend::Mark n_marks_ = 0;
};

class PinnedHostMemory final : public backend::HostMemory {
 public:
  PinnedHostMemory(ContextPtr context, std::int64_t bytes);
  std::span<std::byte> bytes() override { return memory_.bytes(); }

 private:
  ContextPtr context_;
  PinnedMemory memory_;
};

// The address of a buffer that the device made; checked.
DeviceAddress address_of(const backend::Buffer& buffer);

}  // namespace rocmforge::gpu
