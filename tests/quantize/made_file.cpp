#include "quantize/made_file.h"

#include <random>

#include "support/temp_dir.h"

namespace rocmforge::quantize {
namespace {

std::vector<std::byte> bytes_at(const std::string& path) {
  const MappedFile mapped(path);
  return {mapped.bytes().begin(), mapped.bytes().end()};
}

}  // namespace

std::vector<std::byte> normal_weights(DType type, std::int64_t n, std::uint64_t seed) {
  // Sums of uniform draws, which every library makes alike: normal enough.
  std::mt19937_64 random(seed);
  std::vector<float> values(static_cast<std::size_t>(n));
  for (float& x : values) {
    double sum = 0;
    for (int i = 0; i < 12; ++i) sum += static_cast<double>(random() >> 11) * 0x1p-53;
    x = static_cast<float>(0.02 * (sum - 6));
  }
  std::vector<std::byte> out(static_cast<std::size_t>(bytes_of(type, n)));
  info(type).encode(values.data(), out.data(), n);
  return out;
}

void add_weights(gguf::Writer& writer, std::string_view name, const Shape& shape, DType type) {
  std::uint64_t seed = 0;
  for (const char c : name) seed = 31 * seed + static_cast<unsigned char>(c);
  writer.add_tensor(name, type, shape, normal_weights(type, shape.n_elems(), seed));
}

gguf::Writer writer_of(const Outline& o) {
  gguf::Writer out;
  out.add_string("general.architecture", o.architecture);
  out.add_u32(o.architecture + ".block_count", o.n_layers);
  out.add_u32(o.architecture + ".attention.head_count", o.n_heads);
  out.add_u32(o.architecture + ".attention.head_count_kv", o.n_kv_heads);
  if (o.n_experts > 0) out.add_u32(o.architecture + ".expert_count", o.n_experts);
  return out;
}

Parsed::Parsed(const std::string& path)
    : bytes(bytes_at(path)), file(gguf::parse(bytes, path, counters)) {}

Parsed::Parsed(const gguf::Writer& writer)
    : bytes(writer.bytes()),
      file(gguf::parse_head(bytes, writer.file_bytes(), "made.gguf", counters)) {}

std::vector<float> values_of(const gguf::File& file, std::string_view tensor) {
  const gguf::TensorInfo& t = *file.find_tensor(tensor);
  std::vector<float> out(static_cast<std::size_t>(t.shape.n_elems()));
  info(t.dtype).decode(file.data(t).data(), out.data(), t.shape.n_elems());
  return out;
}

}  // namespace rocmforge::quantize
