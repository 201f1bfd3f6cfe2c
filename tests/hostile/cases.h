// Model files that must be refused, family by family: how each is made, and what is said of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "gguf/raw_file.h"
#include "gguf/writer.h"
#include "support/tiny_model.h"

namespace rocmforge::test {

using Bytes = std::vector<std::byte>;
using gguf::test::RawFile;

struct Case {
  std::string name;
  std::function<Bytes()> make;
  std::string message;  // after "error: ", "@" for the file's path
};
using Cases = std::vector<Case>;

Cases header_cases();
Cases key_cases();
Cases tensor_cases();
Cases parameter_cases();
Cases vocabulary_cases();
Cases weight_cases();

// The small model that the others are made from: valid, one layer of 32 dimensions.
gguf::Writer valid_model();
Bytes valid_bytes();

// The valid model without some keys and tensors, and with what `then` adds.
std::function<Bytes()> changed(std::vector<std::string> left_out,
                               std::function<void(gguf::Writer&)> then = {});
// With another value for a key; a null `add` leaves it out.
std::function<Bytes()> with_u32(const std::string& key, std::uint32_t value);
std::function<Bytes()> with_f32(const std::string& key, float value);
std::function<Bytes()> with_string(const std::string& key, const std::string& value);

// With bytes more at some place before the data, all of which moves up: nothing else is at fault.
Bytes with_inserted(const Bytes& bytes, std::size_t at, const Bytes& more);
// With these bytes as the first key, before those that are there.
std::function<Bytes()> with_raw_key(RawFile key);

// With the table's entry of a tensor changed: `at` is the byte behind its name, where the number of
// dimensions is; behind it stand dimensions (8 bytes each), type (4), offset (8).
template <class T>
std::function<Bytes()> with_entry(const std::string& tensor, std::size_t at, T value);

// Writes a number over the bytes from `at` on.
template <class T>
void poke(Bytes& bytes, std::size_t at, T value) {
  std::memcpy(bytes.data() + at, &value, sizeof value);
}
std::size_t entry_of(const Bytes& bytes, std::string_view tensor);  // the byte behind its name

template <class T>
std::function<Bytes()> with_entry(const std::string& tensor, std::size_t at, T value) {
  return [=] {
    Bytes bytes = valid_bytes();
    poke(bytes, entry_of(bytes, tensor) + at, value);
    return bytes;
  };
}

// A matrix has two dimensions.
inline constexpr std::size_t kRankAt = 0, kDimAt = 4, kTypeAt = 20, kOffsetAt = 24;

}  // namespace rocmforge::test
