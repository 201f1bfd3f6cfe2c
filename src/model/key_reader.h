// Reads the keys `<architecture>.*` of a file; every error names file and key.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "gguf/file.h"

namespace rocmforge::model {

// Far above any model, far below what overflows a product of two.
inline constexpr std::uint64_t kMaxExtent = 1u << 24;

// "8", "7.5", "1e-05", "nan".
std::string to_text(double value);

class KeyReader {
 public:
  explicit KeyReader(const gguf::File& file);

  const gguf::File& file() const { return file_; }
  // "llama.block_count" of "block_count".
  std::string key(std::string_view suffix) const { return prefix_ + std::string(suffix); }
  bool has(std::string_view suffix) const { return file_.find(key(suffix)) != nullptr; }

  // From 1 to `most`; an array (one entry a layer) whose entries agree counts as its entry.
  std::int32_t extent(std::string_view suffix, std::uint64_t most) const;
  std::int32_t extent_or(std::string_view suffix, std::uint64_t most, std::int32_t other) const;
  // Finite and above 0.
  double positive(std::string_view suffix) const;
  double positive_or(std::string_view suffix, double other) const;
  // Any number, or the first that is not 0 of an array of them.
  std::optional<double> number(std::string_view suffix) const;
  std::string text(std::string_view suffix) const;  // empty when absent

  [[noreturn]] void fail(ErrorCode code, std::string_view suffix, const std::string& why) const;

 private:
  std::optional<std::uint64_t> scalar(std::string_view suffix) const;
  std::int32_t checked(std::string_view suffix, std::uint64_t value, std::uint64_t most) const;

  const gguf::File& file_;
  std::string prefix_;
};

// Keys that change the arithmetic and are not implemented: Error{kUnsupported} unless they say
// "off".
void refuse_unknown_arithmetic(const KeyReader& read);

// The file's keys `<architecture>.*` that nothing here reads, refuses or knows to be harmless, in
// the file's order.
std::vector<std::string_view> unknown_keys(const KeyReader& read);
// One warning that names them.
void warn_of_unknown_keys(const KeyReader& read);

}  // namespace rocmforge::model
