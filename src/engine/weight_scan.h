// Weights that are no numbers are told of when a model is loaded: what it says then means nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "gguf/file.h"

namespace rocmforge::engine {

// No more than this is read of a file beforehand: 50 ms, where it is in memory already.
inline constexpr std::uint64_t kScannedBytes = 128 << 20;
// Of each tensor at least these, however many there are.
inline constexpr std::uint64_t kLeastScannedBytes = 64 << 10;

struct BadWeight {
  std::string tensor;
  std::int64_t row = 0;  // of the first that is no number
};

// Reads [offset, offset + to.size()) of a tensor's data.
using ReadWeights = std::function<void(const gguf::TensorInfo& tensor, std::uint64_t offset,
                                       std::span<std::byte> to)>;

// The tensors with a NaN or an infinity, in the file's order. Of a file with more than
// kScannedBytes of weights, the beginning of each tensor is looked at, so that together they are
// about as many.
std::vector<BadWeight> find_bad_weights(const gguf::File& file, const ReadWeights& read);

// Logs a warning for each of the first few, naming file and tensor.
void warn_of(const std::vector<BadWeight>& bad, const std::string& path);

}  // namespace rocmforge::engine
