#include "quantize/quantize.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <filesystem>
#include <system_error>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/partial_file.h"
#include "gguf/names.h"

namespace rocmforge::quantize {
namespace {

// Values of a piece, which one thread converts: a multiple of every type's block, so that each
// piece is whole blocks of both types, wherever rows begin.
constexpr std::int64_t kPiece = 64 << 10;

struct Sums {
  double difference = 0, value = 0;  // squares
  std::int64_t n = 0;

  Sums& operator+=(const Sums& other) {
    difference += other.difference;
    value += other.value;
    n += other.n;
    return *this;
  }
  Loss loss() const {
    if (n == 0) return {};
    return {.rms = std::sqrt(difference / static_cast<double>(n)),
            .relative = value > 0 ? std::sqrt(difference / value) : 0};
  }
};

// One thread's.
struct Buffers {
  std::vector<std::byte> in, out;
  std::vector<float> values, again;
};

class Conversion {
 public:
  Conversion(std::span<const MappedFile> in, const Plan& plan, const std::string& out,
             ThreadPool& pool, const Reports& reports)
      : in_(in),
        plan_(plan),
        file_(out, plan.file_bytes),
        pool_(pool),
        reports_(reports),
        buffers_(static_cast<std::size_t>(pool.n_threads())) {}

  Loss run() {
    file_.write(0, plan_.head);
    Sums all;
    for (std::size_t i = 0; i < plan_.tensors.size(); ++i) {
      const Sums sums = tensor(plan_.tensors[i]);
      all += sums;
      if (reports_.tensor) reports_.tensor(i, sums.loss());
    }
    file_.finish();
    return all.loss();
  }

 private:
  Sums tensor(const TensorPlan& t) {
    const std::int64_t n_elems = t.from->shape.n_elems();
    std::vector<Sums> sums(static_cast<std::size_t>((n_elems + kPiece - 1) / kPiece));
    std::atomic<bool> failed = false;  // the pieces left need not be done
    pool_.run(std::ssize(sums), [&](std::int64_t i, int worker) {
      if (failed.load(std::memory_order_relaxed)) return;
      try {
        const std::int64_t first = i * kPiece;
        sums[static_cast<std::size_t>(i)] = piece(t, first, std::min(kPiece, n_elems - first),
                                                  buffers_[static_cast<std::size_t>(worker)]);
      } catch (...) {
        failed.store(true, std::memory_order_relaxed);
        throw;
      }
      if (worker == 0 && reports_.progress) {
        reports_.progress(done_.load(), static_cast<std::int64_t>(plan_.bytes_before));
      }
    });
    Sums out;
    for (const Sums& s : sums) out += s;
    return out;
  }

  // Values [first, first + n) of a tensor.
  Sums piece(const TensorPlan& t, std::int64_t first, std::int64_t n, Buffers& b) {
    const auto n_in = bytes_of(t.from->dtype, n), n_out = bytes_of(t.type, n);
    b.in.resize(static_cast<std::size_t>(n_in));
    file_of(t).read_at(t.from->offset + static_cast<std::uint64_t>(bytes_of(t.from->dtype, first)),
                       b.in);
    done_ += n_in;
    const std::uint64_t at = t.offset + static_cast<std::uint64_t>(bytes_of(t.type, first));
    if (!t.changes()) {
      file_.write(at, b.in);
      return {};
    }
    b.out.resize(static_cast<std::size_t>(n_out));
    b.values.resize(static_cast<std::size_t>(n));
    b.again.resize(static_cast<std::size_t>(n));
    info(t.from->dtype).decode(b.in.data(), b.values.data(), n);
    check_finite(t, first, b.values);
    info(t.type).encode(b.values.data(), b.out.data(), n);
    info(t.type).decode(b.out.data(), b.again.data(), n);
    check_kept(t, first, b);
    file_.write(at, b.out);
    return sums_of(b);
  }

  static Sums sums_of(const Buffers& b) {
    Sums out{.n = std::ssize(b.values)};
    for (std::size_t i = 0; i < b.values.size(); ++i) {
      const double x = b.values[i], off = x - b.again[i];
      out.difference += off * off;
      out.value += x * x;
    }
    return out;
  }

  void check_finite(const TensorPlan& t, std::int64_t first,
                    const std::vector<float>& values) const {
    const auto bad = std::ranges::find_if(values, [](float x) { return !std::isfinite(x); });
    if (bad == values.end()) return;
    refuse(t, first + (bad - values.begin()), std::isnan(*bad) ? "is NaN" : "is infinite");
  }

  // The scales of most types are F16.
  void check_kept(const TensorPlan& t, std::int64_t first, const Buffers& b) const {
    const auto bad = std::ranges::find_if(b.again, [](float x) { return !std::isfinite(x); });
    if (bad == b.again.end()) return;
    refuse(t, first + (bad - b.again.begin()),
           "or one near it is too large for " + std::string(to_string(t.type)));
  }

  const MappedFile& file_of(const TensorPlan& t) const { return in_[t.from->part]; }

  [[noreturn]] void refuse(const TensorPlan& t, std::int64_t at, const std::string& why) const {
    const std::int64_t row = t.from->shape[-1];
    throw Error(ErrorCode::kFormat, "[quantize] " + file_of(t).path() + ": " +
                                        gguf::printable(t.from->name) + ": value " +
                                        std::to_string(at % row) + " of row " +
                                        std::to_string(at / row) + " " + why);
  }

  std::span<const MappedFile> in_;
  const Plan& plan_;
  PartialFile file_;
  ThreadPool& pool_;
  const Reports& reports_;
  std::vector<Buffers> buffers_;
  std::atomic<std::int64_t> done_ = 0;
};

}  // namespace

std::string output_of(std::span<const MappedFile> in, const std::string& out) {
  std::string target = output_target(out);
  std::error_code failed;
  for (const std::string& path : {target, PartialFile::partial_name(target)}) {
    for (const MappedFile& part : in) {
      if (!std::filesystem::equivalent(part.path(), path, failed)) continue;
      throw Error(ErrorCode::kUsage, "--out: " + path + " is the input itself");
    }
  }
  return target;
}

Loss write_quantized(std::span<const MappedFile> in, const Plan& plan, const std::string& target,
                     ThreadPool& pool, const Reports& reports) {
  return Conversion(in, plan, target, pool, reports).run();
}

}  // namespace rocmforge::quantize
