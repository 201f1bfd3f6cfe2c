// The KV cache's memory, and which of its blocks are free.
#pragma once

#include <cstdint>
#include <memory>

#include "backend/device.h"
#include "backend/executor.h"
#include "kv/block_pool.h"

namespace rocmforge::engine {

class KvStore {
 public:
  // Room for n_tokens in whole blocks. Error{kOutOfMemory} with the bytes wanted and what to
  // change.
  KvStore(backend::Device& device, const backend::KvLayout& layout);

  backend::Buffer& buffer() { return *buffer_; }
  const backend::KvLayout& layout() const { return layout_; }
  kv::BlockPool& pool() { return pool_; }

 private:
  backend::KvLayout layout_;
  std::unique_ptr<backend::Buffer> buffer_;
  kv::BlockPool pool_;
};

}  // namespace rocmforge::engine
