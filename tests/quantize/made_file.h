// Files of random weights to quantize.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/mapped_file.h"
#include "gguf/reader.h"
#include "gguf/writer.h"
#include "tensor/dtype.h"
#include "tensor/shape.h"

namespace rocmforge::quantize {

// Normally distributed, of a deviation of 0.02, in `type`.
std::vector<std::byte> normal_weights(DType type, std::int64_t n, std::uint64_t seed);

void add_weights(gguf::Writer& writer, std::string_view name, const Shape& shape,
                 DType type = DType::kF32);

// Keys of an architecture with the shape that the mixtures look at.
struct Outline {
  std::string architecture = "llama";
  std::uint32_t n_layers = 2, n_heads = 8, n_kv_heads = 8, n_experts = 0;
};
gguf::Writer writer_of(const Outline& outline);

// A parsed file, from the disk or from a writer.
struct Parsed {
  explicit Parsed(const std::string& path);
  explicit Parsed(const gguf::Writer& writer);

  std::vector<std::byte> bytes;
  Counters counters;
  gguf::File file;
};

std::vector<float> values_of(const gguf::File& file, std::string_view tensor);

}  // namespace rocmforge::quantize
