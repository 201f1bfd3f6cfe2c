#include "hostile/cases.h"

#include <algorithm>

#include "gguf/reader.h"

namespace rocmforge::test {

gguf::Writer valid_model() {
  return tiny_model({.n_layers = 1, .dim = 32, .n_heads = 2, .n_kv_heads = 1, .n_ff = 64});
}

Bytes valid_bytes() {
  return valid_model().bytes();
}

std::function<Bytes()> changed(std::vector<std::string> left_out,
                               std::function<void(gguf::Writer&)> then) {
  return [left_out = std::move(left_out), then = std::move(then)] {
    return edited(valid_model(), left_out, then).bytes();
  };
}

std::function<Bytes()> with_u32(const std::string& key, std::uint32_t value) {
  return changed({key}, [=](gguf::Writer& w) { w.add_u32(key, value); });
}

std::function<Bytes()> with_f32(const std::string& key, float value) {
  return changed({key}, [=](gguf::Writer& w) { w.add_f32(key, value); });
}

std::function<Bytes()> with_string(const std::string& key, const std::string& value) {
  return changed({key}, [=](gguf::Writer& w) { w.add_string(key, value); });
}

std::size_t entry_of(const Bytes& bytes, std::string_view tensor) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  return text.find(tensor) + tensor.size();
}

Bytes with_inserted(const Bytes& bytes, std::size_t at, const Bytes& more) {
  Counters ignored;
  const gguf::File file = gguf::parse(bytes, "valid", ignored);
  std::uint64_t data = bytes.size();
  for (const gguf::TensorInfo& t : file.tensors()) data = std::min(data, t.offset);
  const gguf::TensorInfo& last = file.tensors().back();
  const auto end_of = [&](std::string_view text) {
    const auto* end = reinterpret_cast<const std::byte*>(text.data() + text.size());
    return static_cast<std::size_t>(end - bytes.data());
  };
  const std::size_t table_end =
      end_of(last.name) + 4 + static_cast<std::size_t>(last.shape.rank()) * 8 + 4 + 8;
  const auto part = [&](std::size_t from, std::size_t to) {
    return std::span(bytes).subspan(from, to - from);
  };
  Bytes out;
  for (const std::span<const std::byte> s :
       {part(0, at), std::span<const std::byte>(more), part(at, table_end)}) {
    out.insert(out.end(), s.begin(), s.end());
  }
  out.resize((out.size() + 31) / 32 * 32);
  const auto rest = part(data, bytes.size());
  out.insert(out.end(), rest.begin(), rest.end());
  return out;
}

std::function<Bytes()> with_raw_key(RawFile key) {
  return [key = key.bytes()] {
    constexpr std::size_t kHeader = 24, kKeyCount = 16;
    Bytes bytes = with_inserted(valid_bytes(), kHeader, key);
    std::uint64_t n_keys = 0;
    std::memcpy(&n_keys, bytes.data() + kKeyCount, sizeof n_keys);
    poke(bytes, kKeyCount, n_keys + 1);
    return bytes;
  };
}

}  // namespace rocmforge::test
