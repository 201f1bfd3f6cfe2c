// A folder of the test's own, removed with all that is in it.
#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace rocmforge::test {

class TempDir {
 public:
  TempDir();
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;

  const std::string& path() const { return path_; }
  std::string file(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

void write_file(const std::string& path, std::span<const std::byte> bytes);
std::string read_file(const std::string& path);

}  // namespace rocmforge::test
