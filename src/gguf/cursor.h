// Reads forward through a file's bytes; every read is checked against what is left.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

#include "base/error.h"

namespace rocmforge::gguf {

static_assert(std::endian::native == std::endian::little, "numbers are read as they lie in files");

class Cursor {
 public:
  Cursor(std::span<const std::byte> bytes, const std::string& path) : bytes_(bytes), path_(path) {}

  std::uint64_t offset() const { return offset_; }
  std::uint64_t remaining() const { return bytes_.size() - offset_; }

  // Who is blamed in errors from here on: a key, a tensor's name, "header".
  void blame(std::string culprit) { culprit_ = std::move(culprit); }

  // `what` names the thing read, for the message when the file ends within it.
  std::span<const std::byte> take(std::uint64_t n_bytes, std::string_view what);

  template <class T>
  T number(std::string_view what) {
    T value;
    std::memcpy(&value, take(sizeof(T), what).data(), sizeof(T));
    return value;
  }

  // A u64 length and that many bytes, of any content.
  std::string_view string(std::string_view what);

  // Throws "[gguf] PATH: CULPRIT: byte OFFSET: WHY", the offset that of the cursor unless given.
  [[noreturn]] void fail(ErrorCode code, const std::string& why) const;
  [[noreturn]] void fail_at(std::uint64_t offset, ErrorCode code, const std::string& why) const;

 private:
  std::span<const std::byte> bytes_;
  const std::string& path_;
  std::uint64_t offset_ = 0;
  std::string culprit_ = "header";
};

}  // namespace rocmforge::gguf
