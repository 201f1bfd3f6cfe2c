#include "cli/input.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include "base/error.h"
#include "text/utf8.h"

namespace rocmforge::cli {
namespace {

constexpr std::size_t kMostBytes = std::size_t{1} << 30;  // a text, not a device without an end

[[noreturn]] void fail(const std::string& name, const char* doing) {
  const int error = errno;
  throw Error(error == ENOENT || error == ENOTDIR ? ErrorCode::kNotFound : ErrorCode::kIo,
              "[file] " + name + ": cannot " + doing + ": " + std::strerror(error));
}

std::string read_all(std::FILE* file, const std::string& name) {
  std::string out;
  char part[1 << 16];
  while (true) {
    const std::size_t n = std::fread(part, 1, sizeof part, file);
    out.append(part, n);
    if (out.size() > kMostBytes) {
      throw Error(ErrorCode::kFormat, "[file] " + name + ": longer than 1 GiB");
    }
    if (n < sizeof part && std::ferror(file) != 0) fail(name, "read");
    if (n < sizeof part && std::feof(file) != 0) return out;
  }
}

}  // namespace

std::string read_text(const std::string& path) {
  std::string out;
  const std::string name = path == "-" ? "standard input" : path;
  if (path == "-") {
    out = read_all(stdin, name);
  } else {
    const auto close = [](std::FILE* f) { std::fclose(f); };
    const std::unique_ptr<std::FILE, decltype(close)> file(std::fopen(path.c_str(), "rb"));
    if (file == nullptr) fail(name, "open");
    out = read_all(file.get(), name);
  }
  check_utf8(out, name);
  return out;
}

void check_utf8(std::string_view text, const std::string& what) {
  const std::size_t bad = text::find_invalid_utf8(text);
  if (bad == std::string_view::npos) return;
  throw Error(ErrorCode::kFormat,
              "[text] " + what + ": not valid UTF-8 at byte offset " + std::to_string(bad));
}

}  // namespace rocmforge::cli
