#include "backend/gpu/weight_loader.h"

#include <algorithm>
#include <chrono>
#include <deque>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "backend/gpu/ops/repack_args.h"
#include "backend/gpu/random_fill.h"
#include "backend/gpu/weight_reader.h"
#include "base/error.h"

namespace rocmforge::gpu {
namespace {

using namespace std::chrono_literals;

// How long to wait for the readers before copies are asked whether they are done, and how often
// somebody who wants to give up is heard.
constexpr auto kCopyPause = 200us;
constexpr auto kProgressPause = 50ms;

class Loader {
 public:
  Loader(const Context& context, const ArchInfo& arch, const WeightLoad& load)
      : api_(context.enter()),
        arch_(arch),
        load_(load),
        batches_(make_batches(load.items, load.staging_bytes)) {
    for (const WeightBatch& batch : batches_) {
      total_ += batch.source_bytes;
      n_to_read_ += batch.made_up ? 0 : 1;
      room_ = std::max(room_, batch.bytes);
    }
    while (lanes_.size() < std::min<std::size_t>(kLanes, batches_.size())) {
      lanes_.push_back({.stream = make_stream(api_),
                        .staging = allocate(context, room_, "the staging of the weights"),
                        .made = make_event(api_)});
    }
    if (n_to_read_ > 0) start_reading();
  }

  ~Loader() {
    reader_.reset();
    // What was given to the streams ends before the memory under it goes.
    for (const Lane& lane : lanes_) {
      try {
        if (lane.used) api_.wait(lane.stream.get());
      } catch (...) {  // the error that brought us here says it all
      }
    }
  }
  Loader(const Loader&) = delete;
  Loader& operator=(const Loader&) = delete;

  void run() {
    tell();
    for (const WeightBatch& batch : batches_) {
      if (!batch.made_up) continue;
      Lane& lane = next_lane();
      count_made(lane);
      make_up(batch, lane);
      repack(batch, lane);
      api_.record(lane.made.get(), lane.stream.get());
      lane.making = batch.source_bytes;
      tell();
    }
    for (std::size_t i = 0; i < lanes_.size(); ++i) {
      count_made(next_lane());
      tell();
    }
    for (std::size_t n = 0; n < n_to_read_;) {
      if (copying_.size() == buffers_.size()) recycle(true);
      const std::optional<WeightReader::Filled> filled =
          reader_->take(copying_.empty() ? kProgressPause : kCopyPause);
      if (filled) {
        copy(*filled, next_lane());
        ++n;
      }
      if (recycle(false) || !filled) tell();
    }
    while (!copying_.empty()) {
      recycle(true);
      tell();
    }
    for (Lane& lane : lanes_) {
      api_.wait(lane.stream.get());
      lane.used = false;
    }
  }

 private:
  // One after the other in each: staging is written when what was in it is repacked.
  struct Lane {
    Stream stream;
    DeviceMemory staging;
    Event made;               // what was made up last is repacked
    std::int64_t making = 0;  // bytes of it, not counted yet
    bool used = false;
  };
  struct Buffer {
    PinnedMemory memory;
    Event copied;
  };

  void start_reading() {
    const auto machine = static_cast<int>(std::thread::hardware_concurrency());
    const int wanted = load_.n_readers > 0 ? load_.n_readers : std::clamp(machine, 1, kMaxReaders);
    const auto n_batches = static_cast<int>(std::min<std::size_t>(n_to_read_, 1024));
    const int n_readers = std::min(wanted, n_batches);
    const int n_buffers = std::min(max_staging_buffers(n_readers), n_batches);
    std::vector<std::span<std::byte>> buffers;
    for (int i = 0; i < n_buffers; ++i) {
      buffers_.push_back({.memory = PinnedMemory(api_, room_), .copied = make_event(api_)});
      buffers.push_back(buffers_.back().memory.bytes());
    }
    reader_.emplace(
        WeightReader::Source{.items = load_.items, .batches = batches_, .files = load_.files},
        std::move(buffers), n_readers);
  }

  Lane& next_lane() {
    Lane& lane = lanes_[lane_++ % lanes_.size()];
    lane.used = true;
    return lane;
  }

  void copy(const WeightReader::Filled& filled, const Lane& lane) {
    const WeightBatch& batch = batches_[filled.batch];
    const Buffer& buffer = buffers_[filled.buffer];
    const StreamHandle stream = lane.stream.get();
    api_.copy_to_device(lane.staging.address(), buffer.memory.bytes().data(), batch.bytes, stream);
    api_.record(buffer.copied.get(), stream);
    copying_.push_back(filled);
    repack(batch, lane);
  }

  // Staging of a batch of weights that are not in a file is filled on the device.
  void make_up(const WeightBatch& batch, const Lane& lane) {
    for (const WeightPiece& piece : batch.pieces) {
      const WeightItem& item = load_.items[piece.item];
      const RandomFill fill{.dtype = item.dtype,
                            .cols = item.cols,
                            .seed = *item.random,
                            .first_block = piece.first,
                            .n_blocks = piece.n,
                            .to = lane.staging.address() + static_cast<DeviceAddress>(piece.at)};
      fill_random(api_, load_.find(kRandomKernel), fill, arch_, lane.stream.get());
    }
  }

  void repack(const WeightBatch& batch, const Lane& lane) {
    for (const WeightPiece& piece : batch.pieces) {
      const WeightItem& item = load_.items[piece.item];
      const DType dtype = item.stored();
      // Of what lies in staging: F32 where a block was widened.
      const std::int64_t widened = item.widen ? info(item.dtype).block_elems : 1;
      const std::int64_t first = piece.first * widened, n = piece.n * widened;
      const std::int64_t per_row = item.cols / info(dtype).block_elems;
      const std::int64_t units = units_per_block(dtype);
      const Launch launch = plan_repack(dtype, n * units, arch_);
      const auto plane = [&item](const Plane& p) {
        return p.stride == 0
                   ? nullptr
                   : reinterpret_cast<u8*>(item.to + static_cast<DeviceAddress>(p.offset));
      };
      const DeviceAddress from = lane.staging.address() + static_cast<DeviceAddress>(piece.at);
      const RepackArgs args{.from = reinterpret_cast<const u8*>(from),
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
      api_.launch(load_.find(launch.kernel), shape, std::as_bytes(std::span(&args, 1)),
                  lane.stream.get());
    }
  }

  // Waits for what was made up in a lane, and counts it.
  void count_made(Lane& lane) {
    if (lane.making == 0) return;
    api_.wait(lane.made.get());
    done_ += std::exchange(lane.making, 0);
  }

  // Gives back the buffers whose copies are done, in the order of their copies; waits for the first
  // of them if told so. True when there was one.
  bool recycle(bool wait) {
    bool any = false;
    while (!copying_.empty()) {
      const WeightReader::Filled filled = copying_.front();
      const EventHandle copied = buffers_[filled.buffer].copied.get();
      if (wait && !any) {
        api_.wait(copied);
      } else if (!api_.is_done(copied)) {
        break;
      }
      copying_.pop_front();
      reader_->give_back(filled.buffer);
      done_ += batches_[filled.batch].source_bytes;
      any = true;
    }
    return any;
  }

  void tell() {
    if (load_.progress && !load_.progress(done_, total_)) {
      throw Error(ErrorCode::kCancelled, "[gpu] loading was given up after " +
                                             std::to_string(done_) + " of " +
                                             std::to_string(total_) + " bytes");
    }
  }

  Api& api_;
  const ArchInfo& arch_;
  const WeightLoad& load_;
  std::vector<WeightBatch> batches_;
  std::size_t n_to_read_ = 0;          // batches
  std::int64_t total_ = 0, done_ = 0;  // bytes of the source
  std::int64_t room_ = 0;              // of a staging buffer
  std::vector<Lane> lanes_;
  std::size_t lane_ = 0;  // whose turn it is
  std::vector<Buffer> buffers_;
  std::deque<WeightReader::Filled> copying_;
  std::optional<WeightReader> reader_;
};

}  // namespace

void load_weights(const Context& context, const ArchInfo& arch, const WeightLoad& load) {
  if (load.items.empty()) return;
  Loader(context, arch, load).run();
}

}  // namespace rocmforge::gpu
