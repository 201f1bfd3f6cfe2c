#include "gguf/writer.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <type_traits>

#include "base/check.h"
#include "base/error.h"
#include "gguf/names.h"

namespace rocmforge::gguf {
namespace {

constexpr std::string_view kAlignmentKey = "general.alignment";

void put_bytes(std::vector<std::byte>& out, const void* bytes, std::size_t n_bytes) {
  if (n_bytes == 0) return;
  const std::size_t at = out.size();
  out.resize(at + n_bytes);
  std::memcpy(out.data() + at, bytes, n_bytes);
}

template <class T>
void put(std::vector<std::byte>& out, T value) {
  static_assert(std::is_arithmetic_v<T> || std::is_enum_v<T>);
  put_bytes(out, &value, sizeof(T));
}

void put_string(std::vector<std::byte>& out, std::string_view text) {
  put(out, std::uint64_t{text.size()});
  put_bytes(out, text.data(), text.size());
}

void put_key(std::vector<std::byte>& out, std::string_view key, ValueType type) {
  put_string(out, key);
  put(out, type);
}

template <class T>
void put_array(std::vector<std::byte>& out, ValueType type, const std::vector<T>& values) {
  put(out, type);
  put(out, std::uint64_t{values.size()});
  for (const T& value : values) put(out, value);
}

void put_array(std::vector<std::byte>& out, const Array& array) {
  put(out, array.type);
  put(out, array.size);
  put_bytes(out, array.raw.data(), array.raw.size());
  for (const std::string_view text : array.strings) put_string(out, text);
}

// A value as `type` stores it: the reader widened it, so it fits.
void put_value(std::vector<std::byte>& out, ValueType type, const Value& value) {
  switch (type) {
    case ValueType::kU8:
      return put(out, static_cast<std::uint8_t>(std::get<std::uint64_t>(value)));
    case ValueType::kI8:
      return put(out, static_cast<std::int8_t>(std::get<std::int64_t>(value)));
    case ValueType::kU16:
      return put(out, static_cast<std::uint16_t>(std::get<std::uint64_t>(value)));
    case ValueType::kI16:
      return put(out, static_cast<std::int16_t>(std::get<std::int64_t>(value)));
    case ValueType::kU32:
      return put(out, static_cast<std::uint32_t>(std::get<std::uint64_t>(value)));
    case ValueType::kI32:
      return put(out, static_cast<std::int32_t>(std::get<std::int64_t>(value)));
    case ValueType::kU64:
      return put(out, std::get<std::uint64_t>(value));
    case ValueType::kI64:
      return put(out, std::get<std::int64_t>(value));
    case ValueType::kF32:
      return put(out, static_cast<float>(std::get<double>(value)));
    case ValueType::kF64:
      return put(out, std::get<double>(value));
    case ValueType::kBool:
      return put(out, std::uint8_t{std::get<bool>(value)});
    case ValueType::kString:
      return put_string(out, std::get<std::string_view>(value));
    case ValueType::kArray:
      return put_array(out, std::get<Array>(value));
  }
  check(false, "Writer: unknown value type");
}

[[noreturn]] void refuse(std::string_view name, std::string_view why) {
  throw Error(ErrorCode::kInvalidArgument,
              "[gguf] writer: '" + printable(name) + "' " + std::string(why));
}

void register_name(std::set<std::string, std::less<>>& names, std::string_view name,
                   std::size_t max_bytes) {
  if (const auto fault = fault_of_name(name, max_bytes); !fault.empty()) refuse(name, fault);
  if (!names.emplace(name).second) refuse(name, "occurs twice");
}

}  // namespace

void Writer::begin_key(std::string_view key, ValueType type) {
  if (key == kAlignmentKey) refuse(key, "is set by set_alignment");
  if (key == kMxTypesKey) refuse(key, "is written with the tensors that want it");
  register_name(key_names_, key, kMaxKeyBytes);
  put_key(keys_, key, type);
  ++n_keys_;
}

void Writer::add_u32(std::string_view key, std::uint32_t value) {
  begin_key(key, ValueType::kU32);
  put(keys_, value);
}

void Writer::add_u64(std::string_view key, std::uint64_t value) {
  begin_key(key, ValueType::kU64);
  put(keys_, value);
}

void Writer::add_i32(std::string_view key, std::int32_t value) {
  begin_key(key, ValueType::kI32);
  put(keys_, value);
}

void Writer::add_f32(std::string_view key, float value) {
  begin_key(key, ValueType::kF32);
  put(keys_, value);
}

void Writer::add_bool(std::string_view key, bool value) {
  begin_key(key, ValueType::kBool);
  put(keys_, std::uint8_t{value});
}

void Writer::add_string(std::string_view key, std::string_view value) {
  begin_key(key, ValueType::kString);
  put_string(keys_, value);
}

void Writer::add_strings(std::string_view key, const std::vector<std::string>& values) {
  begin_key(key, ValueType::kArray);
  put(keys_, ValueType::kString);
  put(keys_, std::uint64_t{values.size()});
  for (const std::string& value : values) put_string(keys_, value);
}

void Writer::add_i32s(std::string_view key, const std::vector<std::int32_t>& values) {
  begin_key(key, ValueType::kArray);
  put_array(keys_, ValueType::kI32, values);
}

void Writer::add_f32s(std::string_view key, const std::vector<float>& values) {
  begin_key(key, ValueType::kArray);
  put_array(keys_, ValueType::kF32, values);
}

void Writer::add(const KeyValue& kv) {
  if (kv.key == kAlignmentKey) {
    check(kv.type == ValueType::kU32, "Writer: general.alignment is a u32");
    set_alignment(static_cast<std::uint32_t>(std::get<std::uint64_t>(kv.value)));
    return;
  }
  if (kv.key == kMxTypesKey) return;
  begin_key(kv.key, kv.type);
  put_value(keys_, kv.type, kv.value);
}

void Writer::set_alignment(std::uint32_t alignment) {
  if (alignment < 8 || (alignment & (alignment - 1)) != 0) {
    refuse(kAlignmentKey, "must be a power of two of at least 8, not " + std::to_string(alignment));
  }
  alignment_ = alignment;
  writes_alignment_ = true;
}

void Writer::add_tensor(std::string_view name, DType dtype, const Shape& shape,
                        std::vector<std::byte> data) {
  check(tensors_.empty() || !tensors_.back().is_declared,
        "Writer: tensors with data stand before those without");
  add({.name = std::string(name), .dtype = dtype, .shape = shape, .data = std::move(data)});
  check(tensors_.back().data.size() == tensors_.back().n_bytes(),
        "Writer: data of another size than the tensor's");
}

void Writer::declare_tensor(std::string_view name, DType dtype, const Shape& shape) {
  add({.name = std::string(name), .dtype = dtype, .shape = shape, .is_declared = true, .data = {}});
}

void Writer::add(Tensor tensor) {
  check(tensor.shape.rank() > 0, "Writer: a tensor needs a dimension");
  check(tensor.shape[-1] % info(tensor.dtype).block_elems == 0,
        "Writer: rows of whole blocks only");
  register_name(tensor_names_, tensor.name, kMaxTensorNameBytes);
  tensors_.push_back(std::move(tensor));
}

std::uint64_t Writer::padding(std::uint64_t n_bytes) const {
  return (alignment_ - n_bytes % alignment_) % alignment_;
}

std::vector<std::byte> Writer::header() const {
  std::vector<std::byte> out;
  put_bytes(out, "GGUF", 4);
  put(out, version_);
  put(out, std::uint64_t{tensors_.size()});
  const bool has_private_types = std::any_of(tensors_.begin(), tensors_.end(), [](const Tensor& t) {
    return is_private_gguf_id(info(t.dtype).gguf_id);
  });
  put(out, n_keys_ + (writes_alignment_ ? 1 : 0) + (has_private_types ? 1 : 0));
  put_bytes(out, keys_.data(), keys_.size());
  if (writes_alignment_) {
    put_key(out, kAlignmentKey, ValueType::kU32);
    put(out, alignment_);
  }
  if (has_private_types) {
    put_key(out, kMxTypesKey, ValueType::kU32);
    put(out, kMxTypesVersion);
  }
  std::uint64_t offset = 0;
  for (const Tensor& tensor : tensors_) {
    put_string(out, tensor.name);
    put(out, static_cast<std::uint32_t>(tensor.shape.rank()));
    for (int i = 1; i <= tensor.shape.rank(); ++i) put(out, tensor.shape[-i]);
    put(out, info(tensor.dtype).gguf_id);
    put(out, offset);
    offset += tensor.n_bytes() + padding(tensor.n_bytes());
  }
  out.resize(out.size() + padding(out.size()));
  return out;
}

std::vector<std::byte> Writer::bytes() const {
  std::vector<std::byte> out = header();
  for (const Tensor& tensor : tensors_) {
    if (tensor.is_declared) break;
    put_bytes(out, tensor.data.data(), tensor.data.size());
    out.resize(out.size() + padding(tensor.data.size()));
  }
  return out;
}

std::uint64_t Writer::file_bytes() const {
  std::uint64_t out = header().size();
  for (const Tensor& tensor : tensors_) out += tensor.n_bytes() + padding(tensor.n_bytes());
  return out;
}

void Writer::write(const std::string& path) const {
  check(tensors_.empty() || !tensors_.back().is_declared, "Writer: a tensor without data");
  const std::string partial = path + ".partial";
  std::ofstream file(partial, std::ios::binary | std::ios::trunc);
  const auto append = [&](const std::vector<std::byte>& bytes) {
    file.write(reinterpret_cast<const char*>(bytes.data()),
               static_cast<std::streamsize>(bytes.size()));
  };
  append(header());
  for (const Tensor& tensor : tensors_) {
    append(tensor.data);
    append(std::vector<std::byte>(padding(tensor.data.size())));
  }
  file.close();
  if (!file || std::rename(partial.c_str(), path.c_str()) != 0) {
    std::remove(partial.c_str());
    throw Error(ErrorCode::kIo, "[gguf] " + path + ": cannot write it");
  }
}

}  // namespace rocmforge::gguf
