// Keys and tensor names: what is allowed, how to show them, finding one among many.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rocmforge::gguf {

inline constexpr std::size_t kMaxKeyBytes = 65535;      // by the format
inline constexpr std::size_t kMaxTensorNameBytes = 63;  // ggml's buffer holds 64 with the final NUL

// What is wrong with a name ("is empty"), or empty when nothing is. Names are 1 to max_bytes bytes
// of UTF-8 without NUL.
std::string_view fault_of_name(std::string_view name, std::size_t max_bytes);

bool is_utf8(std::string_view text);

// A name for a message: control characters and bytes above 126 as \xNN, cut after 100 bytes.
std::string printable(std::string_view name);

// Names sorted with their positions. Sorting, unlike a hash table, has no bad case that a file
// could be made for. The views must outlive it.
class NameIndex {
 public:
  NameIndex() = default;
  explicit NameIndex(const std::vector<std::string_view>& names);

  std::optional<std::size_t> find(std::string_view name) const;
  // Positions of two equal names, the first such pair in the order of the second's position.
  std::optional<std::pair<std::size_t, std::size_t>> duplicate() const;

 private:
  std::vector<std::pair<std::string_view, std::size_t>> sorted_;
};

}  // namespace rocmforge::gguf
