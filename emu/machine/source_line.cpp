#include "machine/source_line.h"

#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string_view>

#include "machine/fault.h"

namespace rocmforge::emu {
namespace {

// A temporary file with the object in it.
class ObjectFile {
 public:
  explicit ObjectFile(const CodeObject& object) {
    std::error_code error;
    const std::filesystem::path folder = std::filesystem::temp_directory_path(error);
    if (error) return;
    path_ = (folder / "rocmforge-object-XXXXXX").string();
    const int descriptor = mkstemp(path_.data());
    if (descriptor < 0) {
      path_.clear();
      return;
    }
    const std::byte* at = object.image.data();
    const std::byte* const end = at + object.image.size();
    while (at < end) {
      const ssize_t n = write(descriptor, at, static_cast<std::size_t>(end - at));
      if (n <= 0) break;
      at += n;
    }
    whole_ = close(descriptor) == 0 && at == end;
  }
  ~ObjectFile() {
    if (!path_.empty()) unlink(path_.c_str());
  }
  ObjectFile(const ObjectFile&) = delete;
  ObjectFile& operator=(const ObjectFile&) = delete;

  bool whole() const { return whole_; }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
  bool whole_ = false;
};

std::string output_of(const std::string& command) {
  struct Close {
    void operator()(FILE* file) const { pclose(file); }
  };
  const std::unique_ptr<FILE, Close> pipe(popen(command.c_str(), "r"));
  if (!pipe) return {};
  std::string output;
  std::array<char, 512> piece{};
  while (std::fgets(piece.data(), static_cast<int>(piece.size()), pipe.get()) != nullptr) {
    output += piece.data();
  }
  return output;
}

// The folder of temporary files may have any name: the shell must not take it apart.
std::string shell_quoted(const std::string& text) {
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

}  // namespace

std::string source_line(const CodeObject& object, std::uint64_t address) {
  const std::string_view image(reinterpret_cast<const char*>(object.image.data()),
                               object.image.size());
  if (image.find(".debug_line") == std::string_view::npos) return {};
  const ObjectFile file(object);
  if (!file.whole()) return {};
  // "FILE:LINE:COLUMN", and "??:0:0" where it does not know.
  for (const char* program : {"llvm-symbolizer-19", "llvm-symbolizer"}) {
    const std::string answer =
        output_of(std::string(program) + " --no-inlines --functions=none --basenames --obj=" +
                  shell_quoted(file.path()) + " " + hex(address) + " 2>/dev/null");
    std::string line = answer.substr(0, answer.find('\n'));
    const std::size_t column = line.rfind(':');
    if (column == std::string::npos) continue;
    if (line.starts_with("??")) return {};
    line.resize(column);
    if (line.ends_with(":0")) line.resize(line.size() - 2);  // what the compiler made of many lines
    return line;
  }
  return {};
}

}  // namespace rocmforge::emu
