#include "backend/gpu/memory.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace rocmforge::gpu {
namespace {

void check_range(const backend::Buffer& buffer, std::int64_t offset, std::size_t bytes) {
  check(offset >= 0 && offset <= buffer.size() &&
            static_cast<std::int64_t>(bytes) <= buffer.size() - offset,
        "[gpu] a copy passes the end of its buffer");
}

}  // namespace

DeviceBuffer::DeviceBuffer(ContextPtr context, std::int64_t bytes)
    : context_(std::move(context)), size_(bytes) {
  check(bytes >= 0, "[gpu] a buffer of negative size");
  memory_ = allocate(*context_, bytes, "a buffer");
  if (bytes == 0) return;
  Api& api = *context_->api;
  api.fill_zero(memory_.address(), bytes, context_->setup.get());
  api.wait(context_->setup.get());
}

DeviceStream::DeviceStream(ContextPtr context)
    : context_(std::move(context)), stream_(gpu::make_stream(context_->enter())) {
  for (Event& event : marks_) event = make_event(*context_->api);
}

DeviceStream::~DeviceStream() {
  try {
    wait();
  } catch (...) {  // a lost or hung device was told of where it was found
  }
}

void DeviceStream::read(const backend::Buffer& from, std::int64_t offset, std::span<std::byte> to) {
  check_range(from, offset, to.size());
  const DeviceAddress at = address_of(from) + static_cast<DeviceAddress>(offset);
  context_->enter().copy_to_host(to.data(), at, std::ssize(to), stream_.get());
}

void DeviceStream::write(backend::Buffer& to, std::int64_t offset,
                         std::span<const std::byte> from) {
  check_range(to, offset, from.size());
  const DeviceAddress at = address_of(to) + static_cast<DeviceAddress>(offset);
  context_->enter().copy_to_device(at, from.data(), std::ssize(from), stream_.get());
}

void DeviceStream::wait() {
  context_->enter().wait(stream_.get());
}

backend::Mark DeviceStream::mark() {
  context_->enter().record(marks_[n_marks_ % kMarks].get(), stream_.get());
  return n_marks_++;
}

void DeviceStream::wait(backend::Mark mark) {
  check(mark < n_marks_, "[gpu] a mark that was never made");
  context_->enter().wait(marks_[mark % kMarks].get());
}

PinnedHostMemory::PinnedHostMemory(ContextPtr context, std::int64_t bytes)
    : context_(std::move(context)), memory_(context_->enter(), std::max<std::int64_t>(bytes, 1)) {
  std::fill(memory_.bytes().begin(), memory_.bytes().end(), std::byte{0});
}

DeviceAddress address_of(const backend::Buffer& buffer) {
  const auto* own = dynamic_cast<const DeviceBuffer*>(&buffer);
  check(own != nullptr, "[gpu] a buffer of another device");
  return own->address();
}

}  // namespace rocmforge::gpu
