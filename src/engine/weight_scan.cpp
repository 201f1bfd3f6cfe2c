#include "engine/weight_scan.h"

#include <algorithm>

#include "base/log.h"
#include "tensor/finite.h"

namespace rocmforge::engine {
namespace {

constexpr std::uint64_t kPieceBytes = 1 << 20;
constexpr std::size_t kMostWarnings = 4;

// Whole blocks of the tensor's beginning.
std::uint64_t scanned_bytes(const gguf::TensorInfo& tensor, std::uint64_t all) {
  if (all <= kScannedBytes) return tensor.n_bytes;
  const double share = static_cast<double>(kScannedBytes) / static_cast<double>(all);
  const auto wanted = static_cast<std::uint64_t>(share * static_cast<double>(tensor.n_bytes));
  const auto block = static_cast<std::uint64_t>(info(tensor.dtype).block_bytes);
  return std::min(tensor.n_bytes, std::max(wanted, kLeastScannedBytes) / block * block);
}

}  // namespace

std::vector<BadWeight> find_bad_weights(const gguf::File& file, const ReadWeights& read) {
  std::uint64_t all = 0;
  for (const gguf::TensorInfo& t : file.tensors()) all += t.n_bytes;
  std::vector<BadWeight> out;
  std::vector<std::byte> piece;
  for (const gguf::TensorInfo& t : file.tensors()) {
    if (!file.has_data(t)) continue;
    const DTypeInfo& type = info(t.dtype);
    const auto block = static_cast<std::uint64_t>(type.block_bytes);
    const std::uint64_t end = scanned_bytes(t, all), step = kPieceBytes / block * block;
    for (std::uint64_t at = 0; at < end; at += step) {
      piece.resize(std::min(step, end - at));
      read(t, at, piece);
      const std::int64_t first = first_not_finite(t.dtype, piece);
      if (first < 0) continue;
      const std::int64_t element =
          (static_cast<std::int64_t>(at / block) + first) * type.block_elems;
      out.push_back({.tensor = std::string(t.name), .row = element / t.shape[-1]});
      break;
    }
  }
  return out;
}

void warn_of(const std::vector<BadWeight>& bad, const std::string& path) {
  for (std::size_t i = 0; i < std::min(bad.size(), kMostWarnings); ++i) {
    log(LogLevel::kWarn, "[engine] " + path + ": " + bad[i].tensor + ": row " +
                             std::to_string(bad[i].row) +
                             " holds a NaN or an infinity; what the model says may mean nothing");
  }
  if (bad.size() <= kMostWarnings) return;
  log(LogLevel::kWarn,
      "[engine] " + path + ": and " + std::to_string(bad.size() - kMostWarnings) + " tensors more");
}

}  // namespace rocmforge::engine
