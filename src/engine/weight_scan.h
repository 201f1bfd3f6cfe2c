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

// How much of a file is looked at.
enum class Scan {
  kQuick,  // of more than kScannedBytes of weights each tensor's beginning, together about as many
  kWhole
};

// What find_bad_weights will read, in bytes.
std::uint64_t bytes_to_scan(const gguf::File& file, Scan scan);

// Bytes that are looked at; false: stop.
using ScanProgress = std::function<bool(std::int64_t done, std::int64_t total)>;

// The tensors with a NaN or an infinity, in the file's order; found so far where `progress`, which
// may be empty, says to stop.
std::vector<BadWeight> find_bad_weights(const gguf::File& file, const ReadWeights& read,
                                        Scan scan = Scan::kQuick,
                                        const ScanProgress& progress = {});

// Error{kFormat} naming file, the first tensors and how many more there are; none: nothing.
void refuse_bad_weights(const std::vector<BadWeight>& bad, const std::string& path);

// Logs a warning for each of the first few, naming file and tensor.
void warn_of(const std::vector<BadWeight>& bad, const std::string& path);

}  // namespace rocmforge::engine
