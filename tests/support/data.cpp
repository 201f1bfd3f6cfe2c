#include "support/data.h"

#include <cstdlib>
#include <filesystem>

namespace rocmforge::test {
namespace fs = std::filesystem;

std::string data_dir() {
  if (const char* dir = std::getenv("ROCMFORGE_TEST_DATA")) return dir;
  const fs::path beside = fs::path(ROCMFORGE_SOURCE_DIR) / ".." / "shared";
  std::error_code ignored;
  return fs::is_directory(beside / "golden", ignored) ? beside.lexically_normal().string() : "";
}

std::string data_file(const std::string& relative) {
  const std::string dir = data_dir();
  if (dir.empty()) return "";
  const fs::path path = fs::path(dir) / relative;
  std::error_code ignored;
  return fs::exists(path, ignored) ? path.string() : "";
}

std::string smollm2_file() {
  fs::path cache;
  if (const char* xdg = std::getenv("XDG_CACHE_HOME"); xdg != nullptr && *xdg != '\0') {
    cache = xdg;
  } else if (const char* home = std::getenv("HOME")) {
    cache = fs::path(home) / ".cache";
  }
  const fs::path path = cache / "rocmforge/models/SmolLM2-135M-Instruct.Q4_1.gguf";
  std::error_code ignored;
  return fs::exists(path, ignored) ? path.string() : "";
}

}  // namespace rocmforge::test
