#include "gguf/cursor.h"

namespace rocmforge::gguf {

std::span<const std::byte> Cursor::take(std::uint64_t n_bytes, std::string_view what) {
  if (n_bytes > remaining()) {
    fail(ErrorCode::kFormat, "the file ends within the " + std::string(what) + ": " +
                                 std::to_string(n_bytes) + " bytes wanted, " +
                                 std::to_string(remaining()) + " left");
  }
  const auto taken = bytes_.subspan(offset_, n_bytes);
  offset_ += n_bytes;
  return taken;
}

std::string_view Cursor::string(std::string_view what) {
  const auto length = number<std::uint64_t>(what);
  const auto text = take(length, what);
  return {reinterpret_cast<const char*>(text.data()), text.size()};
}

void Cursor::fail(ErrorCode code, const std::string& why) const {
  fail_at(offset_, code, why);
}

void Cursor::fail_at(std::uint64_t offset, ErrorCode code, const std::string& why) const {
  throw Error(
      code, "[gguf] " + path_ + ": " + culprit_ + ": byte " + std::to_string(offset) + ": " + why);
}

}  // namespace rocmforge::gguf
