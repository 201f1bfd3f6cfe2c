// Copies to the device through pinned staging, two pieces on their way at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "backend/gpu/context.h"

namespace rocmforge::gpu {

class Upload {
 public:
  // At most `bytes` in all: what the staging need not be larger than.
  Upload(const Context& context, std::int64_t bytes);

  // `from` may go when it returns.
  void copy(DeviceAddress to, std::span<const std::byte> from);
  void finish();  // all has arrived

 private:
  struct Piece {
    PinnedMemory memory;
    Event done;
    bool used = false;
  };

  Api& api_;
  StreamHandle stream_;
  std::int64_t piece_bytes_;
  Piece pieces_[2];
  int next_ = 0;
};

}  // namespace rocmforge::gpu
