// Files made byte by byte, well-formed or not.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "gguf/file.h"

namespace rocmforge::gguf::test {

inline constexpr std::uint32_t kU8 = 0, kI8 = 1, kU16 = 2, kI16 = 3, kU32 = 4, kI32 = 5, kF32 = 6,
                               kBool = 7, kString = 8, kArray = 9, kU64 = 10, kI64 = 11, kF64 = 12;

class RawFile {
 public:
  template <class T>
  RawFile& put(T value) {
    const std::size_t at = bytes_.size();
    bytes_.resize(at + sizeof(T));
    std::memcpy(bytes_.data() + at, &value, sizeof(T));
    return *this;
  }
  RawFile& u8(std::uint8_t v) { return put(v); }
  RawFile& u32(std::uint32_t v) { return put(v); }
  RawFile& u64(std::uint64_t v) { return put(v); }
  RawFile& text(std::string_view v);    // its bytes alone
  RawFile& string(std::string_view v);  // length and bytes

  // "GGUF", version and counts.
  static RawFile start(std::uint64_t n_tensors, std::uint64_t n_keys, std::uint32_t version = 3);
  RawFile& key(std::string_view name, std::uint32_t type) { return string(name).u32(type); }
  RawFile& key_u32(std::string_view name, std::uint32_t v) { return key(name, kU32).u32(v); }
  // `ne` innermost first, as in the file.
  RawFile& tensor(std::string_view name, std::initializer_list<std::int64_t> ne, std::uint32_t type,
                  std::uint64_t offset);
  // Pads to the alignment and appends n_bytes of data.
  RawFile& data(std::size_t n_bytes, std::size_t alignment = 32);

  const std::vector<std::byte>& bytes() const { return bytes_; }

 private:
  std::vector<std::byte> bytes_;
};

// A copy of the bytes in a block of their own, exactly as large, so that a sanitizer sees any read
// past the end; then parsed. Returns whether it parsed; anything thrown but Error fails the test.
struct Outcome {
  bool parsed = false;
  ErrorCode code = ErrorCode::kInternal;
  std::string message;
};
Outcome try_parse(std::span<const std::byte> bytes);

// Parsing must throw `code` with a message that holds the path and every one of `parts`.
void expect_refused(const RawFile& file, ErrorCode code,
                    std::initializer_list<std::string_view> parts);
void expect_parsed(const RawFile& file);

}  // namespace rocmforge::gguf::test
