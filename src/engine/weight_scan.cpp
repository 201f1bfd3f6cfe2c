#include "engine/weight_scan.h"

#include <algorithm>

#include "base/error.h"
#include "base/log.h"
#include "gguf/names.h"
#include "tensor/finite.h"

namespace rocmforge::engine {
namespace {

constexpr std::uint64_t kPieceBytes = 1 << 20;
constexpr std::size_t kMostWarnings = 4;

// Whole blocks of the tensor's beginning, of a file with `all` bytes of weights.
std::uint64_t scanned_bytes(const gguf::TensorInfo& tensor, std::uint64_t all) {
  if (all <= kScannedBytes) return tensor.n_bytes;
  const double share = static_cast<double>(kScannedBytes) / static_cast<double>(all);
  const auto wanted = static_cast<std::uint64_t>(share * static_cast<double>(tensor.n_bytes));
  const auto block = static_cast<std::uint64_t>(info(tensor.dtype).block_bytes);
  return std::min(tensor.n_bytes, std::max(wanted, kLeastScannedBytes) / block * block);
}

std::uint64_t all_bytes(const gguf::File& file) {
  std::uint64_t all = 0;
  for (const gguf::TensorInfo& t : file.tensors()) all += t.n_bytes;
  return all;
}

}  // namespace

std::uint64_t bytes_to_scan(const gguf::File& file, Scan scan) {
  const std::uint64_t all = scan == Scan::kWhole ? 0 : all_bytes(file);
  std::uint64_t out = 0;
  for (const gguf::TensorInfo& t : file.tensors()) {
    if (file.has_data(t)) out += scanned_bytes(t, all);
  }
  return out;
}

std::vector<BadWeight> find_bad_weights(const gguf::File& file, const ReadWeights& read, Scan scan,
                                        const ScanProgress& progress) {
  const std::uint64_t all = scan == Scan::kWhole ? 0 : all_bytes(file);
  const auto total = static_cast<std::int64_t>(bytes_to_scan(file, scan));
  std::int64_t done = 0;
  std::vector<BadWeight> out;
  std::vector<std::byte> piece;
  for (const gguf::TensorInfo& t : file.tensors()) {
    if (!file.has_data(t)) continue;
    const DTypeInfo& type = info(t.dtype);
    const auto block = static_cast<std::uint64_t>(type.block_bytes);
    const std::uint64_t end = scanned_bytes(t, all), step = kPieceBytes / block * block;
    const std::int64_t done_then = done + static_cast<std::int64_t>(end);
    for (std::uint64_t at = 0; at < end; at += step) {
      if (progress && !progress(done + static_cast<std::int64_t>(at), total)) return out;
      piece.resize(std::min(step, end - at));
      read(t, at, piece);
      const std::int64_t first = first_not_finite(t.dtype, piece);
      if (first < 0) continue;
      const std::int64_t element =
          (static_cast<std::int64_t>(at / block) + first) * type.block_elems;
      out.push_back({.tensor = std::string(t.name), .row = element / t.shape[-1]});
      break;
    }
    done = done_then;
  }
  if (progress) progress(done, total);
  return out;
}

void refuse_bad_weights(const std::vector<BadWeight>& bad, const std::string& path) {
  if (bad.empty()) return;
  std::string what;
  for (std::size_t i = 0; i < std::min(bad.size(), kMostWarnings); ++i) {
    what += (i > 0 ? ", " : "") + gguf::printable(bad[i].tensor) + " (row " +
            std::to_string(bad[i].row) + ")";
  }
  if (bad.size() > kMostWarnings) {
    what += " and " + std::to_string(bad.size() - kMostWarnings) + " tensors more";
  }
  throw Error(ErrorCode::kFormat, "[engine] " + path + ": NaN or infinity in " + what);
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
