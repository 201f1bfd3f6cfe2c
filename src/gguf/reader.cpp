#include "gguf/reader.h"

#include <algorithm>
#include <array>
#include <limits>
#include <optional>
#include <utility>

#include "base/check.h"
#include "gguf/cursor.h"
#include "gguf/listing.h"
#include "gguf/names.h"
#include "gguf/other_formats.h"

namespace rocmforge::gguf {
namespace {

// The least that a key and a tensor take in the file: counts are held against what is left.
constexpr std::uint64_t kMinKeyBytes = 8 + 1 + 4 + 1;  // name, type, value
constexpr std::uint64_t kMinTensorBytes =
    8 + 1 + 4 + 8 + 4 + 8;  // name, rank, extent, type, offset
constexpr std::uint64_t kDefaultAlignment = 32;
constexpr std::uint64_t kMinAlignment = 8;  // the format wants a multiple of 8

// Reserves no more than this before elements have really been read.
constexpr std::uint64_t kMaxReserve = 4096;

// In the order of ValueType; strings and arrays have no fixed size.
constexpr std::array<std::uint64_t, 13> kValueBytes = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};

std::uint64_t value_bytes(ValueType type) {
  return kValueBytes.at(static_cast<std::size_t>(type));
}

std::string quoted(std::string_view name) {
  std::string text = printable(name);
  text.insert(text.begin(), '\'');
  text += '\'';
  return text;
}

class Parser {
 public:
  Parser(std::span<const std::byte> bytes, std::uint64_t file_bytes, const std::string& path)
      : bytes_(bytes), file_bytes_(file_bytes), path_(path), in_(bytes, path) {}

  File run() {
    read_header();
    read_keys();
    read_alignment();
    read_mx_types();
    read_tensors();
    place_tensors();
    return file();
  }
  Listing run_list() {
    read_header();
    read_keys();
    read_alignment();
    std::vector<Listed> tensors;
    for (std::uint64_t i = 0; i < n_tensors_; ++i) tensors.push_back(read_listed(i));
    place_listed(tensors);
    return {file(), std::move(tensors)};
  }
  File run_keys() {
    read_header();
    read_keys();
    read_alignment();
    return file();
  }

 private:
  File file() {
    return File(path_, version_, alignment_, std::move(keys_), std::move(tensors_), bytes_);
  }
  void read_header();
  void read_magic();
  void read_version();
  void read_keys();
  KeyValue read_key(std::uint64_t index);
  ValueType read_type(std::string_view what);
  Value read_value(ValueType type);
  Array read_array();
  void read_alignment();
  void read_mx_types();
  void read_tensors();
  TensorInfo read_tensor(std::uint64_t index);
  TensorInfo read_name_and_shape(std::uint64_t index);
  Listed read_listed(std::uint64_t index);
  void place_listed(std::vector<Listed>& tensors) const;
  Shape read_shape();
  DType read_dtype();
  void place_tensors();
  void place(TensorInfo& tensor, std::uint64_t data_start);
  void refuse_duplicates(const std::vector<std::string_view>& names, std::string_view what);
  void refuse_overlaps();

  // Where a view into the file starts.
  std::uint64_t offset_of(std::string_view text) const {
    return static_cast<std::uint64_t>(reinterpret_cast<const std::byte*>(text.data()) -
                                      bytes_.data());
  }
  [[noreturn]] void fail(const std::string& why) { in_.fail(ErrorCode::kFormat, why); }

  std::span<const std::byte> bytes_;
  std::uint64_t file_bytes_;  // at least bytes_.size()
  const std::string& path_;
  Cursor in_;
  std::uint32_t version_ = 0;
  std::uint64_t n_tensors_ = 0;
  std::uint64_t n_keys_ = 0;
  std::uint64_t alignment_ = kDefaultAlignment;
  bool has_mx_types_ = false;  // whether the file announces our own types
  std::vector<KeyValue> keys_;
  std::vector<TensorInfo> tensors_;
};

void Parser::read_header() {
  read_magic();
  read_version();
  const std::uint64_t counts = in_.offset();
  n_tensors_ = in_.number<std::uint64_t>("number of tensors");
  n_keys_ = in_.number<std::uint64_t>("number of keys");
  const std::uint64_t left = in_.remaining();
  const std::string room = ", more than the " + std::to_string(left) + " bytes left can hold";
  if (n_tensors_ > left / kMinTensorBytes) {
    in_.fail_at(counts, ErrorCode::kFormat, std::to_string(n_tensors_) + " tensors claimed" + room);
  }
  if (n_keys_ > (left - n_tensors_ * kMinTensorBytes) / kMinKeyBytes) {
    in_.fail_at(counts + 8, ErrorCode::kFormat, std::to_string(n_keys_) + " keys claimed" + room);
  }
}

void Parser::read_magic() {
  if (bytes_.empty()) fail("the file is empty");
  const auto magic = in_.take(4, "magic number");
  const std::string_view text(reinterpret_cast<const char*>(magic.data()), 4);
  if (text == "GGUF") return;
  const std::string_view other = other_format(bytes_);
  in_.fail_at(0, ErrorCode::kFormat,
              other.empty() ? "not a GGUF file: it starts with " + quoted(text)
                            : "not a GGUF file but " + std::string(other));
}

void Parser::read_version() {
  const std::uint64_t at = in_.offset();
  version_ = in_.number<std::uint32_t>("version");
  if (version_ == 2 || version_ == 3) return;
  if (version_ == 0) in_.fail_at(at, ErrorCode::kFormat, "GGUF version 0 does not exist");
  // A small number stored big-endian has nothing in its lower half when read as little-endian.
  if ((version_ & 0xffffu) == 0) {
    in_.fail_at(at, ErrorCode::kUnsupported,
                "the file is big-endian (its version reads " + std::to_string(version_) +
                    "); only little-endian GGUF is read");
  }
  in_.fail_at(at, ErrorCode::kUnsupported,
              "GGUF version " + std::to_string(version_) + "; versions 2 and 3 are read");
}

void Parser::read_keys() {
  keys_.reserve(std::min(n_keys_, kMaxReserve));
  for (std::uint64_t i = 0; i < n_keys_; ++i) keys_.push_back(read_key(i));
  std::vector<std::string_view> names;
  names.reserve(keys_.size());
  for (const KeyValue& entry : keys_) names.push_back(entry.key);
  refuse_duplicates(names, "key");
}

KeyValue Parser::read_key(std::uint64_t index) {
  in_.blame("key " + std::to_string(index + 1) + " of " + std::to_string(n_keys_));
  const std::uint64_t at = in_.offset();
  const std::string_view key = in_.string("key's name");
  if (const auto fault = fault_of_name(key, kMaxKeyBytes); !fault.empty()) {
    in_.fail_at(at, ErrorCode::kFormat, "its name " + quoted(key) + " " + std::string(fault));
  }
  in_.blame(printable(key));
  const ValueType type = read_type("value's type");
  return {key, type, read_value(type)};
}

ValueType Parser::read_type(std::string_view what) {
  const std::uint64_t at = in_.offset();
  const auto type = in_.number<std::uint32_t>(what);
  if (type > static_cast<std::uint32_t>(ValueType::kF64)) {
    in_.fail_at(at, ErrorCode::kFormat,
                "the " + std::string(what) + " is " + std::to_string(type) + ", which is none");
  }
  return static_cast<ValueType>(type);
}

Value Parser::read_value(ValueType type) {
  constexpr std::string_view kWhat = "value";
  switch (type) {
    case ValueType::kU8:
      return std::uint64_t{in_.number<std::uint8_t>(kWhat)};
    case ValueType::kI8:
      return std::int64_t{in_.number<std::int8_t>(kWhat)};
    case ValueType::kU16:
      return std::uint64_t{in_.number<std::uint16_t>(kWhat)};
    case ValueType::kI16:
      return std::int64_t{in_.number<std::int16_t>(kWhat)};
    case ValueType::kU32:
      return std::uint64_t{in_.number<std::uint32_t>(kWhat)};
    case ValueType::kI32:
      return std::int64_t{in_.number<std::int32_t>(kWhat)};
    case ValueType::kU64:
      return in_.number<std::uint64_t>(kWhat);
    case ValueType::kI64:
      return in_.number<std::int64_t>(kWhat);
    case ValueType::kF32:
      return double{in_.number<float>(kWhat)};
    case ValueType::kF64:
      return in_.number<double>(kWhat);
    case ValueType::kBool: {
      const auto byte = in_.number<std::uint8_t>(kWhat);
      if (byte > 1) {
        in_.fail_at(in_.offset() - 1, ErrorCode::kFormat,
                    "is a bool of value " + std::to_string(byte) + ", neither 0 nor 1");
      }
      return byte == 1;
    }
    case ValueType::kString:
      return in_.string("string");
    case ValueType::kArray:
      return read_array();
  }
  fail("unknown value type");
}

Array Parser::read_array() {
  Array array;
  const std::uint64_t at = in_.offset();
  array.type = read_type("array's element type");
  if (array.type == ValueType::kArray) {
    in_.fail_at(at, ErrorCode::kUnsupported, "is an array of arrays, which is not read");
  }
  array.size = in_.number<std::uint64_t>("array's length");
  const bool strings = array.type == ValueType::kString;
  const std::uint64_t least = strings ? 8 : value_bytes(array.type);
  if (array.size > in_.remaining() / least) {
    in_.fail_at(at + 4, ErrorCode::kFormat,
                "an array of " + std::to_string(array.size) + " " +
                    std::string(to_string(array.type)) + " is claimed, more than the " +
                    std::to_string(in_.remaining()) + " bytes left can hold");
  }
  if (!strings) {
    array.raw = in_.take(array.size * least, "array");
    if (array.type == ValueType::kBool &&
        std::any_of(array.raw.begin(), array.raw.end(),
                    [](std::byte b) { return b > std::byte{1}; })) {
      in_.fail_at(at + 12, ErrorCode::kFormat, "is an array of bools, but not all are 0 or 1");
    }
    return array;
  }
  array.strings.reserve(std::min(array.size, kMaxReserve));
  for (std::uint64_t i = 0; i < array.size; ++i) {
    array.strings.push_back(in_.string("array's strings"));
  }
  return array;
}

void Parser::read_alignment() {
  constexpr std::string_view kKey = "general.alignment";
  in_.blame(std::string(kKey));
  for (const KeyValue& entry : keys_) {
    if (entry.key != kKey) continue;
    const std::uint64_t at = offset_of(entry.key);
    if (entry.type != ValueType::kU32) {
      in_.fail_at(at, ErrorCode::kFormat,
                  "is of type " + std::string(to_string(entry.type)) + ", not u32");
    }
    alignment_ = std::get<std::uint64_t>(entry.value);
    if (alignment_ < kMinAlignment || (alignment_ & (alignment_ - 1)) != 0) {
      in_.fail_at(at, ErrorCode::kFormat,
                  "is " + std::to_string(alignment_) + ", not a power of two of at least 8");
    }
  }
}

void Parser::read_mx_types() {
  for (const KeyValue& entry : keys_) {
    if (entry.key != kMxTypesKey || entry.type != ValueType::kU32) continue;
    has_mx_types_ = std::get<std::uint64_t>(entry.value) == kMxTypesVersion;
  }
}

void Parser::read_tensors() {
  tensors_.reserve(std::min(n_tensors_, kMaxReserve));
  for (std::uint64_t i = 0; i < n_tensors_; ++i) tensors_.push_back(read_tensor(i));
  std::vector<std::string_view> names;
  names.reserve(tensors_.size());
  for (const TensorInfo& tensor : tensors_) names.push_back(tensor.name);
  refuse_duplicates(names, "tensor");
}

TensorInfo Parser::read_name_and_shape(std::uint64_t index) {
  in_.blame("tensor " + std::to_string(index + 1) + " of " + std::to_string(n_tensors_));
  const std::uint64_t at = in_.offset();
  TensorInfo tensor;
  tensor.name = in_.string("tensor's name");
  if (const auto fault = fault_of_name(tensor.name, kMaxTensorNameBytes); !fault.empty()) {
    in_.fail_at(at, ErrorCode::kFormat,
                "its name " + quoted(tensor.name) + " " + std::string(fault));
  }
  in_.blame(printable(tensor.name));
  tensor.shape = read_shape();
  return tensor;
}

Listed Parser::read_listed(std::uint64_t index) {
  const TensorInfo head = read_name_and_shape(index);
  Listed out{.name = head.name, .type = "", .shape = head.shape};
  out.type_id = in_.number<std::uint32_t>("tensor's type");
  out.offset = in_.number<std::uint64_t>("tensor's offset");
  out.type = gguf_type_name(out.type_id);
  if (const auto dtype = dtype_from_gguf(out.type_id)) {
    const DTypeInfo& type = info(*dtype);
    out.type = type.name;
    std::int64_t n_bytes = 0;
    const bool fits = head.shape[-1] % type.block_elems == 0 &&
                      !__builtin_mul_overflow(head.shape.n_elems() / type.block_elems,
                                              type.block_bytes, &n_bytes);
    if (fits) out.n_bytes = static_cast<std::uint64_t>(n_bytes);
  }
  if (out.type.empty()) out.type = "type " + std::to_string(out.type_id);
  return out;
}

// From offsets within the data to those within the file, and sizes that are not known by type.
void Parser::place_listed(std::vector<Listed>& tensors) const {
  const std::uint64_t data_start = (in_.offset() + alignment_ - 1) / alignment_ * alignment_;
  std::vector<std::uint64_t> starts = {file_bytes_};
  for (Listed& t : tensors) {
    if (__builtin_add_overflow(t.offset, data_start, &t.offset)) t.offset = file_bytes_;
    starts.push_back(t.offset);
  }
  std::sort(starts.begin(), starts.end());
  for (Listed& t : tensors) {
    if (t.n_bytes > 0) continue;
    const auto next = std::upper_bound(starts.begin(), starts.end(), t.offset);
    t.n_bytes = next != starts.end() ? *next - t.offset : 0;
  }
}

TensorInfo Parser::read_tensor(std::uint64_t index) {
  TensorInfo tensor = read_name_and_shape(index);
  tensor.dtype = read_dtype();
  const DTypeInfo& type = info(tensor.dtype);
  if (tensor.shape[-1] % type.block_elems != 0) {
    fail("its rows have " + std::to_string(tensor.shape[-1]) + " elements, not whole blocks of " +
         std::to_string(type.block_elems) + " (" + std::string(type.name) + ")");
  }
  std::int64_t n_bytes = 0;
  if (__builtin_mul_overflow(tensor.shape.n_elems() / type.block_elems, type.block_bytes,
                             &n_bytes)) {
    fail("its size " + to_string(tensor.shape) + " " + std::string(type.name) + " overflows");
  }
  tensor.n_bytes = static_cast<std::uint64_t>(n_bytes);
  tensor.offset = in_.number<std::uint64_t>("tensor's offset");
  return tensor;
}

Shape Parser::read_shape() {
  const std::uint64_t at = in_.offset();
  const auto rank = in_.number<std::uint32_t>("number of dimensions");
  if (rank < 1 || rank > Shape::kMaxRank) {
    in_.fail_at(at, ErrorCode::kFormat,
                "has " + std::to_string(rank) + " dimensions; 1 to 4 are allowed");
  }
  std::array<std::int64_t, Shape::kMaxRank> extents{};
  std::int64_t n_elems = 1;
  for (std::uint32_t i = 0; i < rank; ++i) {
    const std::uint64_t here = in_.offset();
    const auto extent = in_.number<std::int64_t>("extents");
    if (extent < 1) {
      in_.fail_at(
          here, ErrorCode::kFormat,
          "extent " + std::to_string(i) + " is " + std::to_string(extent) + ", not positive");
    }
    if (__builtin_mul_overflow(n_elems, extent, &n_elems)) {
      in_.fail_at(here, ErrorCode::kFormat, "its number of elements overflows 63 bits");
    }
    extents[rank - 1 - i] = extent;  // the file lists the innermost first
  }
  return Shape(std::span<const std::int64_t>(extents.data(), rank));
}

DType Parser::read_dtype() {
  const std::uint64_t at = in_.offset();
  const auto id = in_.number<std::uint32_t>("tensor's type");
  const std::optional<DType> type = dtype_from_gguf(id);
  const std::string_view name = gguf_type_name(id);
  if (is_private_gguf_id(id) && !(type && has_mx_types_)) {
    in_.fail_at(at, ErrorCode::kUnsupported,
                "its type " + std::string(name.empty() ? "" : std::string(name) + " ") + "(" +
                    std::to_string(id) + ") is one of ROCmForge's own, which are read only where " +
                    std::string(kMxTypesKey) + " is " + std::to_string(kMxTypesVersion) + " (u32)" +
                    (type ? "" : ", and this version does not know it"));
  }
  if (type) return *type;
  if (name.empty()) {
    in_.fail_at(at, ErrorCode::kFormat, "its type " + std::to_string(id) + " is none of ggml's");
  }
  in_.fail_at(
      at, ErrorCode::kUnsupported,
      "its type " + std::string(name) + " (" + std::to_string(id) +
          (is_removed_gguf_type(id) ? ") is one that ggml has removed; convert the model again"
                                    : ") is not supported"));
}

void Parser::place_tensors() {
  if (tensors_.empty()) return;
  // Cannot overflow: the offset is within the file, the alignment below 2^32.
  const std::uint64_t data_start = (in_.offset() + alignment_ - 1) / alignment_ * alignment_;
  for (TensorInfo& tensor : tensors_) place(tensor, data_start);
  refuse_overlaps();
}

// From the offset within the data to that within the file.
void Parser::place(TensorInfo& tensor, std::uint64_t data_start) {
  in_.blame(printable(tensor.name));
  const std::uint64_t at = offset_of(tensor.name);
  const std::uint64_t relative = tensor.offset;
  if (relative % alignment_ != 0) {
    in_.fail_at(at, ErrorCode::kFormat,
                "its offset " + std::to_string(relative) + " is no multiple of the alignment, " +
                    std::to_string(alignment_));
  }
  std::uint64_t end = 0;
  if (__builtin_add_overflow(data_start, relative, &tensor.offset) ||
      __builtin_add_overflow(tensor.offset, tensor.n_bytes, &end)) {
    in_.fail_at(at, ErrorCode::kFormat,
                "its " + std::to_string(tensor.n_bytes) + " bytes at offset " +
                    std::to_string(relative) + " end past 64 bits");
  }
  if (end > file_bytes_) {
    in_.fail_at(at, ErrorCode::kFormat,
                "its data, bytes " + std::to_string(tensor.offset) + " to " + std::to_string(end) +
                    ", end past the end of the file (" + std::to_string(file_bytes_) +
                    " bytes, data from byte " + std::to_string(data_start) + ", alignment " +
                    std::to_string(alignment_) + ")");
  }
}

void Parser::refuse_duplicates(const std::vector<std::string_view>& names, std::string_view what) {
  const auto twice = NameIndex(names).duplicate();
  if (!twice) return;
  in_.blame(printable(names[twice->second]));
  in_.fail_at(offset_of(names[twice->second]), ErrorCode::kFormat,
              "the " + std::string(what) + " occurs twice, first at byte " +
                  std::to_string(offset_of(names[twice->first])));
}

void Parser::refuse_overlaps() {
  std::vector<const TensorInfo*> order;
  order.reserve(tensors_.size());
  for (const TensorInfo& tensor : tensors_) order.push_back(&tensor);
  std::sort(order.begin(), order.end(),
            [](const TensorInfo* a, const TensorInfo* b) { return a->offset < b->offset; });
  for (std::size_t i = 1; i < order.size(); ++i) {
    const TensorInfo& before = *order[i - 1];
    if (before.offset + before.n_bytes <= order[i]->offset) continue;
    in_.blame(printable(order[i]->name));
    in_.fail_at(offset_of(order[i]->name), ErrorCode::kFormat,
                "its data, from byte " + std::to_string(order[i]->offset) + ", overlaps that of " +
                    quoted(before.name) + ", which ends at byte " +
                    std::to_string(before.offset + before.n_bytes));
  }
}

}  // namespace

File parse(std::span<const std::byte> bytes, const std::string& path, Counters& counters) {
  ++counters.file_parses;
  return Parser(bytes, bytes.size(), path).run();
}

File parse_head(std::span<const std::byte> head, std::uint64_t file_bytes, const std::string& path,
                Counters& counters) {
  check(file_bytes >= head.size(), "parse_head: a beginning is no longer than the file");
  ++counters.file_parses;
  return Parser(head, file_bytes, path).run();
}

Listing list(std::span<const std::byte> bytes, const std::string& path) {
  return Parser(bytes, bytes.size(), path).run_list();
}

File parse_keys(std::span<const std::byte> bytes, const std::string& path) {
  return Parser(bytes, bytes.size(), path).run_keys();
}

}  // namespace rocmforge::gguf
