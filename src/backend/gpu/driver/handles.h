// Owners of what an Api hands out: move-only, freed when they go. The Api outlives them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>

#include "backend/gpu/driver/api.h"

namespace rocmforge::gpu {

template <class Handle>
class Owned {
 public:
  Owned() = default;
  Owned(Api& api, Handle handle) : api_(&api), handle_(handle) {}
  Owned(Owned&& other) noexcept
      : api_(other.api_), handle_(std::exchange(other.handle_, Handle{})) {}
  Owned& operator=(Owned&& other) noexcept {
    std::swap(api_, other.api_);
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~Owned() {
    if (api_ != nullptr) api_->release(handle_);
  }

  Handle get() const { return handle_; }
  Api& api() const { return *api_; }
  explicit operator bool() const { return handle_ != Handle{}; }

 private:
  Api* api_ = nullptr;
  Handle handle_{};
};

using Stream = Owned<StreamHandle>;
using Event = Owned<EventHandle>;
using Module = Owned<ModuleHandle>;
using Graph = Owned<GraphHandle>;
using GraphExec = Owned<GraphExecHandle>;

inline Stream make_stream(Api& api) {
  return {api, api.make_stream()};
}
inline Event make_event(Api& api) {
  return {api, api.make_event()};
}
inline Module load_module(Api& api, std::span<const std::byte> image) {
  return {api, api.load_module(image)};
}
inline GraphExec instantiate(const Graph& graph) {
  return {graph.api(), graph.api().instantiate(graph.get())};
}

class DeviceMemory {
 public:
  DeviceMemory() = default;
  DeviceMemory(Api& api, std::int64_t bytes) : memory_(api, api.allocate(bytes)), bytes_(bytes) {}

  DeviceAddress address() const { return memory_.get(); }
  std::int64_t bytes() const { return memory_ ? bytes_ : 0; }

 private:
  Owned<DeviceAddress> memory_;
  std::int64_t bytes_ = 0;
};

// Host memory that devices copy from and to without staging.
class PinnedMemory {
 public:
  PinnedMemory() = default;
  PinnedMemory(Api& api, std::int64_t bytes)
      : api_(&api), data_(api.allocate_pinned(bytes)), bytes_(bytes) {}
  PinnedMemory(PinnedMemory&& other) noexcept
      : api_(other.api_),
        data_(std::exchange(other.data_, nullptr)),
        bytes_(std::exchange(other.bytes_, 0)) {}
  PinnedMemory& operator=(PinnedMemory&& other) noexcept {
    std::swap(api_, other.api_);
    std::swap(data_, other.data_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~PinnedMemory() {
    if (api_ != nullptr) api_->release_pinned(data_);
  }

  std::span<std::byte> bytes() const {
    return {static_cast<std::byte*>(data_), static_cast<std::size_t>(bytes_)};
  }
  template <class T>
  T* as() const {
    return static_cast<T*>(data_);
  }

 private:
  Api* api_ = nullptr;
  void* data_ = nullptr;
  std::int64_t bytes_ = 0;
};

// A recording; one that is not ended is thrown away, and the stream is usable again.
class Capture {
 public:
  Capture(Api& api, StreamHandle stream) : api_(api), stream_(stream) { api.begin_capture(stream); }
  Capture(const Capture&) = delete;
  Capture& operator=(const Capture&) = delete;
  ~Capture() {
    if (stream_ == nullptr) return;
    try {
      end();
    } catch (...) {  // the recording is broken: nothing to free
    }
  }

  Graph end() {
    Graph graph(api_, api_.end_capture(stream_));
    stream_ = nullptr;
    return graph;
  }

 private:
  Api& api_;
  StreamHandle stream_;
};

}  // namespace rocmforge::gpu
