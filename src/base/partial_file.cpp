#include "base/partial_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>
#include <utility>

#include "base/error.h"

namespace rocmforge {
namespace {

constexpr int kMostLinks = 40;  // as Linux

Error cannot_write(const std::string& path, const std::string& why) {
  return {ErrorCode::kIo, "[file] " + path + ": cannot write it: " + why};
}

// Of the system call that just failed.
Error fault(const std::string& path) {
  return cannot_write(path, std::system_category().message(errno));
}

// `link_too`: a symbolic link is refused as well.
void refuse_special(const std::string& path, bool link_too) {
  namespace fs = std::filesystem;
  std::error_code failed;
  const fs::file_status s = link_too ? fs::symlink_status(path, failed) : fs::status(path, failed);
  if (!fs::exists(s) || fs::is_regular_file(s)) return;  // what else is wrong shows in opening it
  throw cannot_write(path, fs::is_directory(s) ? "it is a folder" : "it is no regular file");
}

}  // namespace

std::string output_target(const std::string& path) {
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
  refuse_special(PartialFile::partial_name(target.string()), true);
  return target.string();
}

PartialFile::PartialFile(const std::string& path, std::uint64_t n_bytes)
    : path_(path),
      partial_(partial_name(path)),
      file_(::open(partial_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666)) {
  if (file_ < 0) throw fault(path_);
  try {
    reserve(n_bytes);
  } catch (...) {
    remove();
    throw;
  }
}

PartialFile::~PartialFile() {
  if (!is_whole_) remove();
}

void PartialFile::write(std::uint64_t offset, std::span<const std::byte> bytes) const {
  while (!bytes.empty()) {
    const ::ssize_t n = ::pwrite(file_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw fault(path_);
    offset += static_cast<std::uint64_t>(n);
    bytes = bytes.subspan(static_cast<std::size_t>(n));
  }
}

void PartialFile::finish() {
  if (::close(std::exchange(file_, -1)) != 0) throw fault(path_);
  if (std::rename(partial_.c_str(), path_.c_str()) != 0) throw fault(path_);
  is_whole_ = true;
}

void PartialFile::reserve(std::uint64_t n_bytes) const {
  const auto size = static_cast<off_t>(n_bytes);
  if (::fallocate(file_, 0, 0, size) == 0) return;
  if (errno == ENOSPC || errno == EFBIG || errno == EDQUOT) throw fault(path_);
  if (::ftruncate(file_, size) != 0) throw fault(path_);
}

void PartialFile::remove() const {
  if (file_ >= 0) ::close(file_);
  ::unlink(partial_.c_str());
}

}  // namespace rocmforge
