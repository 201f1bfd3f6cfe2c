// The KV cache's memory on one device, for its own layers. Which blocks are free is the same on
// every device, and known to the runner's BlockPool.
#pragma once

#include <cstdint>
#include <memory>

#include "backend/device.h"
#include "backend/executor.h"

namespace rocmforge::engine {

class KvStore {
 public:
  // Error{kOutOfMemory} with the bytes wanted and what to change.
  KvStore(backend::Device& device, const backend::KvLayout& layout);

  backend::Buffer& buffer() { return *buffer_; }
  const backend::KvLayout& layout() const { return layout_; }

 private:
  backend::KvLayout layout_;
  std::unique_ptr<backend::Buffer> buffer_;
};

}  // namespace rocmforge::engine
