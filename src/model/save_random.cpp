// Writes a model of made-up weights: each piece is made and written by one thread.
#include <algorithm>
#include <vector>

#include "base/partial_file.h"
#include "model/random_model.h"
#include "tensor/random.h"

namespace rocmforge::model {
namespace {

constexpr std::int64_t kPieceBytes = 4 << 20;

struct Piece {
  const gguf::TensorInfo* tensor;
  std::int64_t first_block, n_blocks;
};

std::vector<Piece> pieces_of(const gguf::File& file) {
  std::vector<Piece> out;
  for (const gguf::TensorInfo& tensor : file.tensors()) {
    if (file.has_data(tensor)) continue;
    const DTypeInfo& type = info(tensor.dtype);
    const std::int64_t n_blocks = tensor.shape.n_elems() / type.block_elems;
    const std::int64_t most = kPieceBytes / type.block_bytes;
    for (std::int64_t first = 0; first < n_blocks; first += most) {
      out.push_back({&tensor, first, std::min(most, n_blocks - first)});
    }
  }
  return out;
}

}  // namespace

void save_random(const RandomModel& model, const std::string& path, ThreadPool& pool) {
  const std::vector<Piece> pieces = pieces_of(model.gguf());
  PartialFile file(output_target(path), model.file_bytes());
  file.write(0, model.head());
  std::vector<std::vector<std::byte>> buffers(static_cast<std::size_t>(pool.n_threads()));
  pool.run(std::ssize(pieces), [&](std::int64_t task, int worker) {
    const Piece& piece = pieces[static_cast<std::size_t>(task)];
    const gguf::TensorInfo& tensor = *piece.tensor;
    const std::int64_t block_bytes = info(tensor.dtype).block_bytes;
    std::vector<std::byte>& buffer = buffers[static_cast<std::size_t>(worker)];
    buffer.resize(static_cast<std::size_t>(piece.n_blocks * block_bytes));
    fill_random(random_rule(tensor.dtype, tensor.shape[-1]), random_seed_of(tensor.name),
                piece.first_block, buffer);
    file.write(tensor.offset + static_cast<std::uint64_t>(piece.first_block * block_bytes), buffer);
  });
  file.finish();
}

}  // namespace rocmforge::model
