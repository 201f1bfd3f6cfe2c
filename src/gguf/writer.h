// Writes GGUF version 3 (or 2, for tests).
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gguf/file.h"
#include "tensor/dtype.h"
#include "tensor/shape.h"

namespace rocmforge::gguf {

// Collects keys and tensors, then writes them in order. Owns copies of everything handed in.
// Names that the reader would refuse, or that occur twice, throw Error{kInvalidArgument}.
class Writer {
 public:
  explicit Writer(std::uint32_t version = 3) : version_(version) {}

  void add_u32(std::string_view key, std::uint32_t value);
  void add_u64(std::string_view key, std::uint64_t value);
  void add_i32(std::string_view key, std::int32_t value);
  void add_f32(std::string_view key, float value);
  void add_bool(std::string_view key, bool value);
  void add_string(std::string_view key, std::string_view value);
  void add_strings(std::string_view key, const std::vector<std::string>& values);
  void add_i32s(std::string_view key, const std::vector<std::int32_t>& values);
  void add_f32s(std::string_view key, const std::vector<float>& values);
  // Copies a key of another file, whatever its type; general.alignment as by set_alignment, and not
  // kMxTypesKey, which is written when a tensor wants it.
  void add(const KeyValue& kv);
  // Written into general.alignment (after the other keys), and used; a power of two from 8 on, else
  // Error{kInvalidArgument}. By default 32, and no key.
  void set_alignment(std::uint32_t alignment);
  // `data` holds bytes_of(dtype, shape.n_elems()) bytes, rows of whole blocks (both checked).
  void add_tensor(std::string_view name, DType dtype, const Shape& shape,
                  std::vector<std::byte> data);
  // A tensor whose data the caller makes up or writes: only behind those that have theirs
  // (checked).
  void declare_tensor(std::string_view name, DType dtype, const Shape& shape);

  // The file up to the first declared tensor's data: all of it when none was declared.
  std::vector<std::byte> bytes() const;
  // Of the whole file, the declared tensors' data included.
  std::uint64_t file_bytes() const;
  // Writes path + ".partial" and renames it when whole; Error{kIo} naming path. Not with declared
  // tensors (checked).
  void write(const std::string& path) const;

 private:
  struct Tensor {
    std::string name;
    DType dtype;
    Shape shape;
    bool is_declared = false;  // `data` is empty
    std::vector<std::byte> data;

    std::uint64_t n_bytes() const {
      return static_cast<std::uint64_t>(bytes_of(dtype, shape.n_elems()));
    }
  };
  void add(Tensor tensor);
  void begin_key(std::string_view key, ValueType type);
  // All before the first tensor's data, padded to the alignment.
  std::vector<std::byte> header() const;
  std::uint64_t padding(std::uint64_t n_bytes) const;

  std::uint32_t version_;
  std::uint32_t alignment_ = 32;
  bool writes_alignment_ = false;
  std::uint64_t n_keys_ = 0;
  std::vector<std::byte> keys_;  // encoded key-value pairs
  std::set<std::string, std::less<>> key_names_, tensor_names_;
  std::vector<Tensor> tensors_;
};

}  // namespace rocmforge::gguf
