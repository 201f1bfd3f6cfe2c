// A whole file mapped read-only, which can be read without touching the mapping too.
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

  // Reads [offset, offset + to.size()) of the file, past the mapping: no page of it is touched. Any
  // number of threads may. Error{kIo} naming path and offset when the system refuses, and when the
  // file ends before.
  void read_at(std::size_t offset, std::span<std::byte> to) const;

  // Asks the kernel to read ahead / to drop the pages of [offset, offset + size); both are hints.
  void will_need(std::size_t offset, std::size_t size) const;
  void not_needed(std::size_t offset, std::size_t size) const;

 private:
  std::string path_;
  int descriptor_ = -1;
  const std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace rocmforge
