// A whole file mapped read-only.
#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace rocmforge {

class MappedFile {
 public:
  // Throws Error{kNotFound} when there is no such file, kFormat when it is no regular file or
  // empty, kIo when the system refuses; each message names the path.
  explicit MappedFile(const std::string& path);
  ~MappedFile();
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&&) = delete;

  const std::string& path() const { return path_; }
  std::span<const std::byte> bytes() const { return {data_, size_}; }

  // Asks the kernel to read ahead / to drop the pages of [offset, offset + size); both are hints.
  void will_need(std::size_t offset, std::size_t size) const;
  void not_needed(std::size_t offset, std::size_t size) const;

 private:
  std::string path_;
  const std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace rocmforge
