#include "backend/gpu/upload.h"

#include <algorithm>
#include <cstring>

namespace rocmforge::gpu {
namespace {

// Long enough that the bus, not the calls, sets the pace.
constexpr std::int64_t kPieceBytes = 8 << 20;

}  // namespace

Upload::Upload(const Context& context, std::int64_t bytes)
    : api_(context.enter()),
      stream_(context.setup.get()),
      piece_bytes_(std::clamp<std::int64_t>(bytes, 1, kPieceBytes)) {
  for (Piece& piece : pieces_) {
    piece.memory = PinnedMemory(api_, piece_bytes_);
    piece.done = make_event(api_);
  }
}

void Upload::copy(DeviceAddress to, std::span<const std::byte> from) {
  while (!from.empty()) {
    Piece& piece = pieces_[next_];
    if (piece.used) api_.wait(piece.done.get());
    const auto part = from.first(std::min(from.size(), static_cast<std::size_t>(piece_bytes_)));
    std::memcpy(piece.memory.bytes().data(), part.data(), part.size());
    api_.copy_to_device(to, piece.memory.bytes().data(), std::ssize(part), stream_);
    api_.record(piece.done.get(), stream_);
    piece.used = true;
    next_ ^= 1;
    to += part.size();
    from = from.subspan(part.size());
  }
}

void Upload::finish() {
  api_.wait(stream_);
}

}  // namespace rocmforge::gpu
