// A GGUF file's contents: metadata and tensor table, as the format stores them.
// Format: ggml's docs/gguf.md, versions 2 and 3, little-endian.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "gguf/names.h"
#include "gguf/override.h"
#include "tensor/dtype.h"
#include "tensor/shape.h"

namespace rocmforge::gguf {

// A file with tensors of our own types (is_private_gguf_id) must have this key: u32, the version of
// their layouts.
inline constexpr std::string_view kMxTypesKey = "rocmforge.mx_types";
inline constexpr std::uint32_t kMxTypesVersion = 1;

// Numbers of the format's value types.
enum class ValueType : std::uint32_t {
  kU8,
  kI8,
  kU16,
  kI16,
  kU32,
  kI32,
  kF32,
  kBool,
  kString,
  kArray,
  kU64,
  kI64,
  kF64
};
std::string_view to_string(ValueType type);

// An array of one element type (no arrays of arrays). Numbers and booleans stay raw, packed and
// unaligned, as in the file, which must outlive the Array; strings are views into it.
struct Array {
  ValueType type = ValueType::kU8;
  std::uint64_t size = 0;
  std::span<const std::byte> raw;         // empty for strings
  std::vector<std::string_view> strings;  // only for strings
};

// Integers widened by sign.
using Value = std::variant<std::uint64_t, std::int64_t, double, bool, std::string_view, Array>;

struct KeyValue {
  std::string_view key;
  ValueType type;
  Value value;
};

struct TensorInfo {
  std::string_view name;
  DType dtype = DType::kF32;
  Shape shape;               // outermost first: GGUF's ne reversed
  std::uint64_t offset = 0;  // of the first byte, from the start of the file
  std::uint32_t part = 0;    // which file, of a model in several
  std::uint64_t n_bytes = 0;
};

// Metadata and tensor table of one parsed file. Views point into the bytes it was parsed from.
class File {
 public:
  File(std::string path, std::uint32_t version, std::uint64_t alignment,
       std::vector<KeyValue> metadata, std::vector<TensorInfo> tensors,
       std::span<const std::byte> bytes);
  // Of a model in several files, the bytes of each.
  File(std::string path, std::uint32_t version, std::uint64_t alignment,
       std::vector<KeyValue> metadata, std::vector<TensorInfo> tensors,
       std::vector<std::span<const std::byte>> parts);

  const std::string& path() const { return path_; }
  std::uint32_t version() const { return version_; }
  std::uint64_t alignment() const { return alignment_; }  // of every tensor's offset; at least 8
  const std::vector<KeyValue>& metadata() const { return metadata_; }  // in the file's order
  const std::vector<TensorInfo>& tensors() const { return tensors_; }  // in the file's order

  // Puts each in the place of the key's value, or behind the others where there is no such key. The
  // overrides must outlive the File.
  void set(std::span<const Override> overrides);

  const KeyValue* find(std::string_view key) const;            // null when absent
  const TensorInfo* find_tensor(std::string_view name) const;  // null when absent
  // False where the File was made of a beginning of the file that ends before (parse_head).
  bool has_data(const TensorInfo& tensor) const;
  std::span<const std::byte> data(const TensorInfo& tensor) const;  // has_data (checked)

  // Typed look-ups. nullopt when the key is absent; Error{kFormat} naming file, key and both types
  // when the value has another type or does not fit. get_u64 takes any non-negative integer;
  // get_f64 any number; get_ints widens arrays of any integers; get_floats takes F32 and F64.
  std::optional<std::uint64_t> get_u64(std::string_view key) const;
  std::optional<double> get_f64(std::string_view key) const;
  std::optional<bool> get_bool(std::string_view key) const;
  std::optional<std::string_view> get_string(std::string_view key) const;
  std::optional<std::vector<std::string_view>> get_strings(std::string_view key) const;
  std::optional<std::vector<std::int64_t>> get_ints(std::string_view key) const;
  std::optional<std::vector<float>> get_floats(std::string_view key) const;

 private:
  std::string path_;
  std::uint32_t version_;
  std::uint64_t alignment_;
  std::vector<KeyValue> metadata_;
  std::vector<TensorInfo> tensors_;
  std::vector<std::span<const std::byte>> parts_;
  NameIndex keys_, tensor_names_;
};

}  // namespace rocmforge::gguf
