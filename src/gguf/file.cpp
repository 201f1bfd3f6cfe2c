#include "gguf/file.h"

#include <array>
#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>
#include <utility>

#include "base/check.h"
#include "base/error.h"

namespace rocmforge::gguf {
namespace {

template <class Items, class Name>
NameIndex index_of(const Items& items, Name name) {
  std::vector<std::string_view> names;
  names.reserve(items.size());
  for (const auto& item : items) names.push_back(name(item));
  return NameIndex(names);
}

std::string type_of(const KeyValue& entry) {
  const auto* array = std::get_if<Array>(&entry.value);
  if (array == nullptr) return std::string(to_string(entry.type));
  return "array of " + std::string(to_string(array->type));
}

ValueType type_of(const Override& entry) {
  if (std::holds_alternative<std::string>(entry.value)) return ValueType::kString;
  if (std::holds_alternative<bool>(entry.value)) return ValueType::kBool;
  return std::holds_alternative<double>(entry.value) ? ValueType::kF64 : ValueType::kI64;
}

[[noreturn]] void refuse(const File& file, const KeyValue& entry, const std::string& why) {
  throw Error(ErrorCode::kFormat,
              "[gguf] " + file.path() + ": " + printable(entry.key) + ": " + why);
}

[[noreturn]] void refuse_type(const File& file, const KeyValue& entry, std::string_view wanted) {
  refuse(file, entry, "is of type " + type_of(entry) + ", " + std::string(wanted) + " is wanted");
}

// A scalar of T, nullopt when the key is absent.
template <class T>
std::optional<T> scalar(const File& file, std::string_view key, std::string_view wanted) {
  const KeyValue* entry = file.find(key);
  if (entry == nullptr) return std::nullopt;
  if (const T* value = std::get_if<T>(&entry->value)) return *value;
  refuse_type(file, *entry, wanted);
}

// The elements of `array`, stored as `Stored`, one by one.
template <class Stored, class F>
void each(const Array& array, F f) {
  for (std::uint64_t i = 0; i < array.size; ++i) {
    Stored value;
    std::memcpy(&value, array.raw.data() + i * sizeof(Stored), sizeof(Stored));
    f(value);
  }
}

}  // namespace

std::string_view to_string(ValueType type) {
  constexpr std::array<std::string_view, 13> kNames = {"u8",  "i8",  "u16",  "i16",    "u32",
                                                       "i32", "f32", "bool", "string", "array",
                                                       "u64", "i64", "f64"};
  const auto index = static_cast<std::size_t>(type);
  return index < kNames.size() ? kNames[index] : "unknown";
}

File::File(std::string path, std::uint32_t version, std::uint64_t alignment,
           std::vector<KeyValue> metadata, std::vector<TensorInfo> tensors,
           std::span<const std::byte> bytes)
    : File(std::move(path), version, alignment, std::move(metadata), std::move(tensors),
           std::vector{bytes}) {}

File::File(std::string path, std::uint32_t version, std::uint64_t alignment,
           std::vector<KeyValue> metadata, std::vector<TensorInfo> tensors,
           std::vector<std::span<const std::byte>> parts)
    : path_(std::move(path)),
      version_(version),
      alignment_(alignment),
      metadata_(std::move(metadata)),
      tensors_(std::move(tensors)),
      parts_(std::move(parts)),
      keys_(index_of(metadata_, [](const KeyValue& entry) { return entry.key; })),
      tensor_names_(index_of(tensors_, [](const TensorInfo& tensor) { return tensor.name; })) {}

void File::set(std::span<const Override> overrides) {
  for (const Override& from : overrides) {
    const auto at = keys_.find(from.key);
    if (!at) metadata_.push_back({.key = from.key, .type = ValueType::kString, .value = {}});
    KeyValue& entry = at ? metadata_[*at] : metadata_.back();
    entry.type = type_of(from);
    entry.value = std::visit(
        [](const auto& value) -> Value {
          if constexpr (std::is_same_v<std::decay_t<decltype(value)>, std::string>) {
            return std::string_view(value);
          } else {
            return value;
          }
        },
        from.value);
  }
  keys_ = index_of(metadata_, [](const KeyValue& entry) { return entry.key; });
}

const KeyValue* File::find(std::string_view key) const {
  const auto at = keys_.find(key);
  return at ? &metadata_[*at] : nullptr;
}

const TensorInfo* File::find_tensor(std::string_view name) const {
  const auto at = tensor_names_.find(name);
  return at ? &tensors_[*at] : nullptr;
}

bool File::has_data(const TensorInfo& tensor) const {
  check(tensor.part < parts_.size(), "File::has_data: a tensor of another file");
  const std::size_t n_bytes = parts_[tensor.part].size();
  return tensor.offset <= n_bytes && tensor.n_bytes <= n_bytes - tensor.offset;
}

std::span<const std::byte> File::data(const TensorInfo& tensor) const {
  check(has_data(tensor), "File::data: a tensor of another file, or one without data");
  return parts_[tensor.part].subspan(tensor.offset, tensor.n_bytes);
}

std::optional<std::uint64_t> File::get_u64(std::string_view key) const {
  const KeyValue* entry = find(key);
  if (entry == nullptr) return std::nullopt;
  if (const auto* value = std::get_if<std::uint64_t>(&entry->value)) return *value;
  if (const auto* value = std::get_if<std::int64_t>(&entry->value)) {
    if (*value >= 0) return static_cast<std::uint64_t>(*value);
    refuse(*this, *entry,
           "is " + std::to_string(*value) + " (" + type_of(*entry) +
               "), a non-negative integer is wanted");
  }
  refuse_type(*this, *entry, "a non-negative integer");
}

std::optional<double> File::get_f64(std::string_view key) const {
  const KeyValue* entry = find(key);
  if (entry == nullptr) return std::nullopt;
  if (const auto* value = std::get_if<double>(&entry->value)) return *value;
  if (const auto* value = std::get_if<std::uint64_t>(&entry->value)) {
    return static_cast<double>(*value);
  }
  if (const auto* value = std::get_if<std::int64_t>(&entry->value)) {
    return static_cast<double>(*value);
  }
  refuse_type(*this, *entry, "a number");
}

std::optional<bool> File::get_bool(std::string_view key) const {
  return scalar<bool>(*this, key, "a bool");
}

std::optional<std::string_view> File::get_string(std::string_view key) const {
  return scalar<std::string_view>(*this, key, "a string");
}

std::optional<std::vector<std::string_view>> File::get_strings(std::string_view key) const {
  const KeyValue* entry = find(key);
  if (entry == nullptr) return std::nullopt;
  const auto* array = std::get_if<Array>(&entry->value);
  if (array == nullptr || array->type != ValueType::kString) {
    refuse_type(*this, *entry, "an array of strings");
  }
  return array->strings;
}

std::optional<std::vector<std::int64_t>> File::get_ints(std::string_view key) const {
  const KeyValue* entry = find(key);
  if (entry == nullptr) return std::nullopt;
  constexpr std::string_view kWanted = "an array of integers";
  const auto* array = std::get_if<Array>(&entry->value);
  if (array == nullptr) refuse_type(*this, *entry, kWanted);
  std::vector<std::int64_t> values;
  values.reserve(array->size);
  const auto add = [&](auto value) {
    if (!std::in_range<std::int64_t>(value)) {
      refuse(*this, *entry, "holds " + std::to_string(value) + ", which does not fit 63 bits");
    }
    values.push_back(static_cast<std::int64_t>(value));
  };
  switch (array->type) {
    case ValueType::kU8:
      each<std::uint8_t>(*array, add);
      break;
    case ValueType::kI8:
      each<std::int8_t>(*array, add);
      break;
    case ValueType::kU16:
      each<std::uint16_t>(*array, add);
      break;
    case ValueType::kI16:
      each<std::int16_t>(*array, add);
      break;
    case ValueType::kU32:
      each<std::uint32_t>(*array, add);
      break;
    case ValueType::kI32:
      each<std::int32_t>(*array, add);
      break;
    case ValueType::kU64:
      each<std::uint64_t>(*array, add);
      break;
    case ValueType::kI64:
      each<std::int64_t>(*array, add);
      break;
    default:
      refuse_type(*this, *entry, kWanted);
  }
  return values;
}

std::optional<std::vector<float>> File::get_floats(std::string_view key) const {
  const KeyValue* entry = find(key);
  if (entry == nullptr) return std::nullopt;
  const auto* array = std::get_if<Array>(&entry->value);
  std::vector<float> values;
  if (array != nullptr && array->type == ValueType::kF32) {
    values.resize(array->size);
    if (!values.empty()) std::memcpy(values.data(), array->raw.data(), array->raw.size());
  } else if (array != nullptr && array->type == ValueType::kF64) {
    values.reserve(array->size);
    each<double>(*array, [&](double value) {
      if (std::isfinite(value) && std::fabs(value) > double{std::numeric_limits<float>::max()}) {
        refuse(*this, *entry, "holds " + std::to_string(value) + ", which does not fit a float");
      }
      values.push_back(static_cast<float>(value));
    });
  } else {
    refuse_type(*this, *entry, "an array of f32 or f64");
  }
  return values;
}

}  // namespace rocmforge::gguf
