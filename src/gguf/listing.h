// What is in a file, also where it cannot be run: tensors of types that are not known here too.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gguf/file.h"

namespace rocmforge::gguf {

struct Listed {
  std::string_view name;
  std::uint32_t type_id = 0;
  std::string type;  // "Q4_0", "IQ2_XXS", "type 99"
  Shape shape;
  std::uint64_t offset = 0;  // from the start of the file
  // Where the type's size is not known: up to the next tensor, or the end of the file.
  std::uint64_t n_bytes = 0;
};

struct Listing {
  File keys;  // without tensors
  std::vector<Listed> tensors;
};

// Errors as parse's, but for types that are not run here, offsets and sizes, which are told as they
// are. Does not count as a parse.
Listing list(std::span<const std::byte> bytes, const std::string& path);

}  // namespace rocmforge::gguf
