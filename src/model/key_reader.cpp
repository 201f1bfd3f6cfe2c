#include "model/key_reader.h"

#include <array>
#include <cmath>
#include <cstdio>
#include <vector>

namespace rocmforge::model {
namespace {

[[noreturn]] void throw_error(const gguf::File& file, ErrorCode code, const std::string& key,
                              const std::string& why) {
  throw Error(code, "[model] " + file.path() + ": " + key + ": " + why);
}

}  // namespace

std::string to_text(double value) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.9g", value);
  return text.data();
}

KeyReader::KeyReader(const gguf::File& file) : file_(file) {
  const auto architecture = file.get_string("general.architecture");
  if (!architecture) {
    throw_error(file, ErrorCode::kFormat, "general.architecture", "is missing");
  }
  prefix_ = std::string(*architecture) + ".";
}

void KeyReader::fail(ErrorCode code, std::string_view suffix, const std::string& why) const {
  throw_error(file_, code, key(suffix), why);
}

std::int32_t KeyReader::extent(std::string_view suffix, std::uint64_t most) const {
  const auto value = scalar(suffix);
  if (!value) fail(ErrorCode::kFormat, suffix, "is missing");
  return checked(suffix, *value, most);
}

std::int32_t KeyReader::extent_or(std::string_view suffix, std::uint64_t most,
                                  std::int32_t other) const {
  const auto value = scalar(suffix);
  return value ? checked(suffix, *value, most) : other;
}

double KeyReader::positive_or(std::string_view suffix, double other) const {
  const double value = file_.get_f64(key(suffix)).value_or(other);
  if (!std::isfinite(value) || value <= 0) {
    fail(ErrorCode::kFormat, suffix, "is " + to_text(value) + ", must be a finite number above 0");
  }
  return value;
}

double KeyReader::positive(std::string_view suffix) const {
  if (!has(suffix)) fail(ErrorCode::kFormat, suffix, "is missing");
  return positive_or(suffix, 0);
}

std::optional<double> KeyReader::number(std::string_view suffix) const {
  const gguf::KeyValue* kv = file_.find(key(suffix));
  if (kv == nullptr || kv->type != gguf::ValueType::kArray) return file_.get_f64(key(suffix));
  const gguf::ValueType element = std::get<gguf::Array>(kv->value).type;
  if (element == gguf::ValueType::kF32 || element == gguf::ValueType::kF64) {
    const std::vector<float> values = *file_.get_floats(key(suffix));
    for (const float v : values) {
      if (v != 0) return static_cast<double>(v);
    }
  } else {
    const std::vector<std::int64_t> values = *file_.get_ints(key(suffix));
    for (const std::int64_t v : values) {
      if (v != 0) return static_cast<double>(v);
    }
  }
  return 0;
}

std::string KeyReader::text(std::string_view suffix) const {
  return std::string(file_.get_string(key(suffix)).value_or(""));
}

std::optional<std::uint64_t> KeyReader::scalar(std::string_view suffix) const {
  const gguf::KeyValue* kv = file_.find(key(suffix));
  if (kv == nullptr || kv->type != gguf::ValueType::kArray) return file_.get_u64(key(suffix));
  const auto values = *file_.get_ints(key(suffix));
  if (values.empty()) fail(ErrorCode::kFormat, suffix, "is an empty array");
  for (const std::int64_t v : values) {
    if (v != values.front()) {
      fail(ErrorCode::kUnsupported, suffix, "differs from layer to layer, which is not supported");
    }
  }
  if (values.front() < 0) fail(ErrorCode::kFormat, suffix, "is negative");
  return static_cast<std::uint64_t>(values.front());
}

std::int32_t KeyReader::checked(std::string_view suffix, std::uint64_t value,
                                std::uint64_t most) const {
  if (value == 0 || value > most) {
    fail(ErrorCode::kFormat, suffix,
         "is " + std::to_string(value) + ", must be from 1 to " + std::to_string(most));
  }
  return static_cast<std::int32_t>(value);
}

}  // namespace rocmforge::model
