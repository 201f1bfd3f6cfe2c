// A new file that bears another name until it is whole.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace rocmforge {

// The file that a PartialFile for `path` ends as: symbolic links resolved, also one whose target is
// not there yet. Error{kIo} when it is there and no regular file, or its ".partial" is.
std::string output_target(const std::string& path);

class PartialFile {
 public:
  // Makes path + ".partial" (of output_target's path), with room for `n_bytes` where the file
  // system can give it at once: a full disk is found now. This and all below: Error{kIo} naming
  // `path` and the system's reason.
  PartialFile(const std::string& path, std::uint64_t n_bytes);
  // Removes it unless finish() has returned.
  ~PartialFile();
  PartialFile(const PartialFile&) = delete;
  PartialFile& operator=(const PartialFile&) = delete;

  static std::string partial_name(const std::string& path) { return path + ".partial"; }

  // Any number of threads may, each in a range of its own.
  void write(std::uint64_t offset, std::span<const std::byte> bytes) const;
  // It becomes `path`, in place of what bore that name.
  void finish();

 private:
  void reserve(std::uint64_t n_bytes) const;
  void remove() const;

  std::string path_, partial_;
  int file_;
  bool is_whole_ = false;
};

}  // namespace rocmforge
