#include "base/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <utility>

#include "base/error.h"

namespace rocmforge {
namespace {

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }
  int release() { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

[[noreturn]] void fail(const std::string& path, const char* doing) {
  const int error = errno;
  const ErrorCode code =
      error == ENOENT || error == ENOTDIR ? ErrorCode::kNotFound : ErrorCode::kIo;
  throw Error(code, "[file] " + path + ": cannot " + doing + ": " + std::strerror(error));
}

// madvise wants whole pages: rounds the range inwards (drop) or outwards (read ahead).
void advise(const std::byte* data, std::size_t file_size, std::size_t offset, std::size_t size,
            int advice, bool inwards) {
  if (size == 0 || offset >= file_size) return;
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  std::size_t begin = offset, end = std::min(file_size, offset + size);
  begin = inwards ? (begin + page - 1) / page * page : begin / page * page;
  if (inwards && end != file_size) end = end / page * page;
  if (end <= begin) return;
  ::madvise(const_cast<std::byte*>(data) + begin, end - begin, advice);
}

}  // namespace

MappedFile::MappedFile(const std::string& path) : path_(path) {
  Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.get() < 0) fail(path, "open");
  struct stat status{};
  if (::fstat(file.get(), &status) != 0) fail(path, "read the size");
  if (S_ISDIR(status.st_mode)) {
    throw Error(ErrorCode::kFormat, "[file] " + path + ": is a directory, not a file");
  }
  if (!S_ISREG(status.st_mode)) {
    throw Error(ErrorCode::kFormat, "[file] " + path + ": is not a regular file");
  }
  if (status.st_size == 0) throw Error(ErrorCode::kFormat, "[file] " + path + ": is empty");
  size_ = static_cast<std::size_t>(status.st_size);
  void* address = ::mmap(nullptr, size_, PROT_READ, MAP_SHARED, file.get(), 0);
  if (address == MAP_FAILED) fail(path, "map into memory");
  data_ = static_cast<const std::byte*>(address);
  descriptor_ = file.release();
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) ::munmap(const_cast<std::byte*>(data_), size_);
  if (descriptor_ >= 0) ::close(descriptor_);
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : path_(std::move(other.path_)),
      descriptor_(std::exchange(other.descriptor_, -1)),
      data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)) {}

void MappedFile::read_at(std::size_t offset, std::span<std::byte> to) const {
  const auto where = [&] {
    return "[file] " + path_ + ": offset " + std::to_string(offset) + ": ";
  };
  while (!to.empty()) {
    const ssize_t n = ::pread(descriptor_, to.data(), to.size(), static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw Error(ErrorCode::kIo, where() + "cannot read: " + std::strerror(errno));
    if (n == 0) {
      throw Error(ErrorCode::kIo, where() + "the file ends here, " + std::to_string(to.size()) +
                                      " bytes early: was it cut short?");
    }
    to = to.subspan(static_cast<std::size_t>(n));
    offset += static_cast<std::size_t>(n);
  }
}

void MappedFile::will_need(std::size_t offset, std::size_t size) const {
  advise(data_, size_, offset, size, MADV_WILLNEED, false);
}

void MappedFile::not_needed(std::size_t offset, std::size_t size) const {
  advise(data_, size_, offset, size, MADV_DONTNEED, true);
}

}  // namespace rocmforge
