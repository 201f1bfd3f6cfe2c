#include "backend/gpu/weight_loader.h"

#include <algorithm>
#include <cstring>

#include "backend/gpu/ops/repack_args.h"
#include "backend/gpu/upload.h"
#include "base/check.h"
#include "base/error.h"

namespace rocmforge::gpu {
namespace {

// Of the device's staging; whole blocks of it are filled at a time.
constexpr std::int64_t kStagingBytes = 8 << 20;

class Loader {
 public:
  Loader(const Context& context, Kernels& kernels, const ArchInfo& arch)
      : api_(context.enter()),
        stream_(context.setup.get()),
        kernels_(kernels),
        arch_(arch),
        staging_(allocate(context, kStagingBytes, "the staging of the weights")),
        upload_(context, kStagingBytes) {}

  void load(const WeightItem& item) {
    const std::int64_t block = info(item.stored()).block_bytes;
    const std::span<const std::byte> bytes = read(item);
    for (std::int64_t done = 0; done < std::ssize(bytes);) {
      const std::int64_t part = std::min(std::ssize(bytes) - done, kStagingBytes / block * block);
      // In order on one stream: the staging is read before it is written again.
      upload_.copy(staging_.address(),
                   bytes.subspan(static_cast<std::size_t>(done), static_cast<std::size_t>(part)));
      repack(item, done / block, part / block);
      done += part;
    }
  }
  void finish() { upload_.finish(); }

 private:
  // The item's bytes as they are to be repacked.
  std::span<const std::byte> read(const WeightItem& item) {
    if (item.random) {
      throw Error(ErrorCode::kUnsupported, "[gpu] weights that are made up are not here yet");
    }
    if (!item.widen) return item.from;
    widened_.resize(static_cast<std::size_t>(item.cols));
    info(item.dtype).decode(item.from.data(), widened_.data(), item.cols);
    return std::as_bytes(std::span(widened_));
  }

  // Blocks [first, first + n) of the item, which lie at the staging's begin.
  void repack(const WeightItem& item, std::int64_t first, std::int64_t n) {
    const DType dtype = item.stored();
    const std::int64_t per_row = item.cols / info(dtype).block_elems;
    const std::int64_t units = units_per_block(dtype);
    const Launch launch = plan_repack(dtype, n * units, arch_);
    const auto plane = [&item](const Plane& p) {
      return p.stride == 0 ? nullptr
                           : reinterpret_cast<u8*>(item.to + static_cast<DeviceAddress>(p.offset));
    };
    const RepackArgs args{.from = reinterpret_cast<const u8*>(staging_.address()),
                          .q = plane(item.layout.q),
                          .high = plane(item.layout.high),
                          .scales = plane(item.layout.scales),
                          .super = plane(item.layout.super),
                          .first_row = static_cast<i32>(first / per_row),
                          .first_unit = static_cast<i32>(first % per_row * units),
                          .n = static_cast<i32>(n * units),
                          .cols = static_cast<i32>(item.cols),
                          .grid = {launch.grid_x, launch.grid_y}};
    LaunchShape shape;
    shape.grid[0] = static_cast<std::uint32_t>(launch.grid_x);
    shape.block[0] = static_cast<std::uint32_t>(launch.threads);
    api_.launch(kernels_.find(launch.kernel), shape, std::as_bytes(std::span(&args, 1)), stream_);
  }

  Api& api_;
  StreamHandle stream_;
  Kernels& kernels_;
  const ArchInfo& arch_;
  DeviceMemory staging_;
  Upload upload_;
  std::vector<float> widened_;
};

}  // namespace

void load_weights(const Context& context, Kernels& kernels, const ArchInfo& arch,
                  std::span<const WeightItem> items) {
  Loader loader(context, kernels, arch);
  for (const WeightItem& item : items) loader.load(item);
  loader.finish();
}

}  // namespace rocmforge::gpu
