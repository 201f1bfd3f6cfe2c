// Writes a model of made-up weights: each piece is made and written by one thread.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>
#include <vector>

#include "base/error.h"
#include "model/random_model.h"
#include "tensor/random.h"

namespace rocmforge::model {
namespace {

constexpr std::int64_t kPieceBytes = 4 << 20;
constexpr int kMostLinks = 40;  // as Linux

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

Error cannot_write(const std::string& path, const std::string& why) {
  return {ErrorCode::kIo, "[model] " + path + ": cannot write it: " + why};
}

// `link_too`: a symbolic link is refused as well.
void refuse_special(const std::string& path, bool link_too) {
  namespace fs = std::filesystem;
  std::error_code failed;
  const fs::file_status s = link_too ? fs::symlink_status(path, failed) : fs::status(path, failed);
  if (!fs::exists(s) || fs::is_regular_file(s)) return;  // what else is wrong shows in opening it
  throw cannot_write(path, fs::is_directory(s) ? "it is a folder" : "it is no regular file");
}

// A file under another name until it is whole.
class PartialFile {
 public:
  PartialFile(const std::string& path, std::uint64_t n_bytes)
      : path_(path),
        partial_(path + ".partial"),
        file_(::open(partial_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666)) {
    if (file_ < 0) throw fault();
    try {
      reserve(static_cast<off_t>(n_bytes));
    } catch (...) {
      remove();
      throw;
    }
  }
  ~PartialFile() {
    if (!is_whole_) remove();
  }
  PartialFile(const PartialFile&) = delete;
  PartialFile& operator=(const PartialFile&) = delete;

  void write(std::uint64_t offset, std::span<const std::byte> bytes) const {
    while (!bytes.empty()) {
      const ::ssize_t n = ::pwrite(file_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) throw fault();
      offset += static_cast<std::uint64_t>(n);
      bytes = bytes.subspan(static_cast<std::size_t>(n));
    }
  }
  void finish() {
    if (::close(std::exchange(file_, -1)) != 0) throw fault();
    if (std::rename(partial_.c_str(), path_.c_str()) != 0) throw fault();
    is_whole_ = true;
  }

 private:
  // All its room at once, where the file system can: a full disk is found now.
  void reserve(off_t size) const {
    if (::fallocate(file_, 0, 0, size) == 0) return;
    if (errno == ENOSPC || errno == EFBIG || errno == EDQUOT) throw fault();
    if (::ftruncate(file_, size) != 0) throw fault();
  }
  void remove() const {
    if (file_ >= 0) ::close(file_);
    ::unlink(partial_.c_str());
  }
  // Of the call that just failed.
  Error fault() const { return cannot_write(path_, std::system_category().message(errno)); }

  std::string path_, partial_;
  int file_ = -1;
  bool is_whole_ = false;
};

}  // namespace

std::string save_target(const std::string& path) {
  namespace fs = std::filesystem;
  fs::path target = path;
  std::error_code failed;
  for (int n = 0; fs::is_symlink(target, failed); ++n) {
    if (n == kMostLinks) throw cannot_write(path, "too many symbolic links");
    const fs::path next = fs::read_symlink(target, failed);
    if (failed) throw cannot_write(path, failed.message());
    target = target.parent_path() / next;  // an absolute one replaces it
  }
  refuse_special(target.string(), false);
  refuse_special(target.string() + ".partial", true);
  return target.string();
}

void save_random(const RandomModel& model, const std::string& path, ThreadPool& pool) {
  const std::vector<Piece> pieces = pieces_of(model.gguf());
  PartialFile file(save_target(path), model.file_bytes());
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
