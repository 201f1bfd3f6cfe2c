// The matrix-unit kernels of paged attention, run lane by lane on the host with the operand layouts
// of each architecture, against a reference in double precision. Built by clang, which has
// _Float16; a program of its own: it prints what differs, and fails.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "backend/gpu/device/attention_few.h"
#include "backend/gpu/device/attention_many.h"
#include "gpu/lanes/lane_arch.h"

namespace rocmforge::gpu {
namespace {

struct Sequence {
  int past, n_new;
};
struct Spec {
  std::string name;
  std::vector<Sequence> sequences;
  int n_heads = 4, n_kv_heads = 2;
  int item_rows = 32, n_splits = 1;
  bool within_blocks = false;  // splits end anywhere
  int n_rot = 0;
  bool neox = false;
  bool write_kv = false;  // by the kernel
  float magnitude = 1;    // of queries
};

class Problem {
 public:
  Problem(const Spec& spec, int dim) : s(spec), d(dim), bits_(7) {
    q_cols = s.n_heads * d;
    kv_cols = s.n_kv_heads * d;
    for (const Sequence& q : s.sequences) n += q.n_new;
    const auto rows = static_cast<std::size_t>(n);
    qkv.resize(rows * static_cast<std::size_t>(q_cols + 2 * kv_cols));
    for (std::size_t i = 0; i < qkv.size(); ++i) {
      const bool query = static_cast<int>(i) % (q_cols + 2 * kv_cols) < q_cols;
      qkv[i] = (query ? s.magnitude : 1) * normal();
    }
    y.assign(rows * static_cast<std::size_t>(q_cols), NAN);
    make_blocks();
    make_work();
    rope.resize(rows * static_cast<std::size_t>(std::max(s.n_rot, 1)));
    for (std::size_t i = 0; i + 1 < rope.size(); i += 2) {
      const double angle = 0.1 * static_cast<double>(i);
      rope[i] = static_cast<float>(std::cos(angle));
      rope[i + 1] = static_cast<float>(std::sin(angle));
    }
    if (!s.write_kv) {
      for (int r = 0; r < n; ++r) write_row(kv.data(), r);
    }
  }

  template <class A>
  void run() {
    StepHeaderArgs header{};
    header.n_rows = n;
    header.n_sequences = static_cast<i32>(s.sequences.size());
    header.n_work = static_cast<i32>(work.size());
    header.n_partials = n_partials;
    // One buffer, as the step buffer is.
    std::vector<u8> step;
    const auto put = [&](const void* from, std::size_t bytes) {
      const std::size_t at = (step.size() + 63) / 64 * 64;
      step.resize(at + bytes);
      std::memcpy(step.data() + at, from, bytes);
      return static_cast<i32>(at);
    };
    PagedAttentionArgs a{};
    a.step.header = put(&header, sizeof(header));
    a.step.positions = put(positions.data(), positions.size() * 4);
    a.step.sequences = put(sequences.data(), sequences.size() * 4);
    a.step.kv_slots = put(slots.data(), slots.size() * 4);
    a.step.rope_rows = put(rope.data(), rope.size() * 4);
    a.step.block_tables = put(tables.data(), tables.size() * 4);
    a.step.work = put(work.data(), work.size() * sizeof(WorkItemArgs));
    a.step.base = step.data();
    a.step.max_blocks = max_blocks;
    a.step.rope_dims = s.n_rot;
    const i64 stride = q_cols + 2 * kv_cols;
    a.q = qkv.data();
    a.k = qkv.data() + q_cols;
    a.v = qkv.data() + q_cols + kv_cols;
    a.q_stride = a.k_stride = a.v_stride = stride;
    a.kv = {kv.data(), s.n_kv_heads, d};
    std::vector<float> partials(
        static_cast<std::size_t>(n_partials * s.n_heads * (kPartialHead + d)) + 4, NAN);
    std::vector<i32> tickets(static_cast<std::size_t>(n_partials * s.n_heads) + 1);
    a.partials = partials.data();
    a.tickets = tickets.data();
    a.y = y.data();
    a.rope = {d, s.n_rot, s.neox ? 1 : 0, 0};
    a.n_heads = s.n_heads;
    a.scale = 1 / std::sqrt(static_cast<float>(d));
    a.write_kv = s.write_kv ? 1 : 0;
    a.grid = {3, 1};
    if (d == 64) launch<A, 64>(a);
    if (d == 96) launch<A, 96>(a);
    if (d == 128) launch<A, 128>(a);
    for (const i32 t : tickets) {
      if (t != 0) lanes::fail("a ticket was left");
    }
  }

  // The worst of |got - want| / (|want| + rms of the row).
  double error() {
    std::vector<f16> full = kv;
    if (s.write_kv) {
      for (int r = 0; r < n; ++r) write_row(full.data(), r);
    }
    double worst = 0;
    for (int r = 0; r < n; ++r) {
      for (int h = 0; h < s.n_heads; ++h) worst = std::max(worst, row_error(full, r, h));
    }
    return worst;
  }

 private:
  float normal() {
    float x = -6;
    for (int i = 0; i < 12; ++i) x += static_cast<float>(bits_() % 65536) / 65536.0F;
    return x;
  }

  void make_blocks() {
    int blocks = 0;
    for (const Sequence& q : s.sequences) {
      max_blocks = std::max(max_blocks, (q.past + q.n_new + 15) / 16);
      blocks += (q.past + q.n_new + 15) / 16;
    }
    std::vector<int> free;
    for (int b = 0; b < blocks + 2; ++b) free.push_back(b);
    std::shuffle(free.begin(), free.end(), bits_);
    tables.assign(s.sequences.size() * static_cast<std::size_t>(max_blocks), 0);
    kv.resize(static_cast<std::size_t>((blocks + 2) * 2 * kv_cols * 16));
    for (f16& x : kv) x = static_cast<f16>(normal());
    for (std::size_t q = 0; q < s.sequences.size(); ++q) {
      const int end = s.sequences[q].past + s.sequences[q].n_new;
      for (int b = 0; b < (end + 15) / 16; ++b) {
        tables[q * static_cast<std::size_t>(max_blocks) + static_cast<std::size_t>(b)] =
            free.back();
        // What is no sequence's is no number, and must not be used.
        for (int p = 16 * b; p < 16 * b + 16; ++p) {
          for (int side = 0; p >= end && side < 2; ++side) {
            for (int h = 0; h < s.n_kv_heads; ++h) {
              std::fill_n(at(kv.data(), free.back(), side, h, p % 16), d, static_cast<f16>(NAN));
            }
          }
        }
        free.pop_back();
      }
      for (int i = 0; i < s.sequences[q].n_new; ++i) {
        const int p = s.sequences[q].past + i;
        positions.push_back(p);
        sequences.push_back(static_cast<i32>(q));
        slots.push_back(block(static_cast<int>(q), p) * 16 + p % 16);
      }
    }
  }

  void make_work() {
    int row = 0;
    for (std::size_t q = 0; q < s.sequences.size(); ++q) {
      for (int i = 0; i < s.sequences[q].n_new; i += s.item_rows) {
        const int rows = std::min(s.item_rows, s.sequences[q].n_new - i);
        const int end = s.sequences[q].past + i + rows, unit = s.within_blocks ? 1 : 16;
        const int units = (end + unit - 1) / unit, splits = std::min(s.n_splits, units);
        for (int k = 0; k < splits; ++k) {
          work.push_back({static_cast<i32>(q), row + i, rows, k * units / splits * unit,
                          std::min(end, (k + 1) * units / splits * unit), splits, k,
                          splits > 1 ? n_partials : 0, s.sequences[q].n_new});
        }
        if (splits > 1) n_partials += splits * rows;
      }
      row += s.sequences[q].n_new;
    }
    std::reverse(work.begin(), work.end());
  }

  int block(int sequence, int position) const {
    return tables[static_cast<std::size_t>(sequence * max_blocks + position / 16)];
  }
  f16* at(f16* memory, int block, int side, int head, int place) const {
    return memory + (((block * 2 + side) * s.n_kv_heads + head) * 16 + place) * d;
  }
  std::vector<double> rotated(const float* x, int row) const {
    std::vector<double> out(x, x + d);
    for (int i = 0; i < s.n_rot / 2; ++i) {
      const int m = s.neox ? i : 2 * i, o = s.neox ? i + s.n_rot / 2 : 2 * i + 1;
      const auto angle = static_cast<std::size_t>(row * s.n_rot + 2 * i);
      const double c = static_cast<double>(rope[angle]), t = static_cast<double>(rope[angle + 1]);
      out[static_cast<std::size_t>(m)] =
          static_cast<double>(x[m]) * c - static_cast<double>(x[o]) * t;
      out[static_cast<std::size_t>(o)] =
          static_cast<double>(x[m]) * t + static_cast<double>(x[o]) * c;
    }
    return out;
  }
  const float* of_row(int row, int column) const {
    return qkv.data() + static_cast<std::ptrdiff_t>(row) * (q_cols + 2 * kv_cols) + column;
  }
  void write_row(f16* memory, int row) const {
    const i32 slot = slots[static_cast<std::size_t>(row)];
    for (int h = 0; h < s.n_kv_heads; ++h) {
      const std::vector<double> k = rotated(of_row(row, q_cols + h * d), row);
      const float* v = of_row(row, q_cols + kv_cols + h * d);
      for (int i = 0; i < d; ++i) {
        at(memory, slot / 16, 0, h, slot % 16)[i] =
            static_cast<f16>(k[static_cast<std::size_t>(i)]);
        at(memory, slot / 16, 1, h, slot % 16)[i] = static_cast<f16>(v[i]);
      }
    }
  }

  double row_error(std::vector<f16>& full, int row, int head) {
    const std::vector<double> q = rotated(of_row(row, head * d), row);
    const int sequence = sequences[static_cast<std::size_t>(row)];
    const int kv_head = head / (s.n_heads / s.n_kv_heads);
    const int end = positions[static_cast<std::size_t>(row)] + 1;
    std::vector<double> scores;
    for (int p = 0; p < end; ++p) {
      const f16* k = at(full.data(), block(sequence, p), 0, kv_head, p % 16);
      double sum = 0;
      for (int i = 0; i < d; ++i) sum += q[static_cast<std::size_t>(i)] * static_cast<double>(k[i]);
      scores.push_back(sum / std::sqrt(static_cast<double>(d)));
    }
    const double largest = *std::max_element(scores.begin(), scores.end());
    std::vector<double> want(static_cast<std::size_t>(d));
    double total = 0, squares = 0, worst = 0;
    for (int p = 0; p < end; ++p) {
      const double w = std::exp(scores[static_cast<std::size_t>(p)] - largest);
      total += w;
      const f16* v = at(full.data(), block(sequence, p), 1, kv_head, p % 16);
      for (int i = 0; i < d; ++i)
        want[static_cast<std::size_t>(i)] += w * static_cast<double>(v[i]);
    }
    for (double& x : want) {
      x /= total;
      squares += x * x;
    }
    const double size = std::sqrt(squares / d);
    const float* got = y.data() + static_cast<std::ptrdiff_t>(row) * q_cols + head * d;
    for (int i = 0; i < d; ++i) {
      const double w = want[static_cast<std::size_t>(i)];
      const double e = std::abs(static_cast<double>(got[i]) - w) / (std::abs(w) + size);
      worst = std::isfinite(e) ? std::max(worst, e) : INFINITY;
    }
    return worst;
  }

  template <class A, int kDim>
  void launch(const PagedAttentionArgs& a) {
    launch_one<AttentionFew<A, kDim>, A>(a, kFewThreads);
    if (!s.write_kv) launch_one<AttentionMany<A, kDim>, A>(a, kManyThreads);
  }
  template <class Kernel, class A>
  static void launch_one(const PagedAttentionArgs& a, int n_threads) {
    lanes::Workgroup workgroup(n_threads, A::kWave);
    const auto lds = std::make_unique<typename Kernel::Lds>();
    for (int g = 0; g < a.grid.x; ++g) {
      std::memset(static_cast<void*>(lds.get()), 0xff, sizeof(*lds));  // no numbers
      workgroup.run(g, [&] { Kernel{{a, Step{a.step}, 0}, *lds}.run(); });
    }
  }

 public:
  const Spec s;
  const int d;
  int q_cols = 0, kv_cols = 0, n = 0, max_blocks = 0, n_partials = 0;
  std::vector<float> qkv, y, rope;
  std::vector<f16> kv;
  std::vector<i32> positions, sequences, slots, tables;
  std::vector<WorkItemArgs> work;

 private:
  std::mt19937 bits_;
};

std::vector<Spec> specs() {
  return {
      {.name = "first_token", .sequences = {{0, 1}}},
      {.name = "decode", .sequences = {{100, 1}, {15, 1}, {16, 1}}, .n_heads = 8},
      {.name = "decode_wide_group", .sequences = {{40, 3}}, .n_heads = 71, .n_kv_heads = 1},
      {.name = "splits",
       .sequences = {{300, 1}, {30, 7}},
       .n_heads = 9,
       .n_kv_heads = 3,
       .n_splits = 5},
      {.name = "splits_within_blocks",
       .sequences = {{90, 2}, {3, 30}},
       .n_heads = 6,
       .n_kv_heads = 2,
       .n_splits = 4,
       .within_blocks = true},
      {.name = "fused",
       .sequences = {{17, 2}, {31, 1}, {0, 4}},
       .n_heads = 8,
       .n_kv_heads = 2,
       .n_splits = 2,
       .n_rot = 64,
       .neox = true,
       .write_kv = true},
      {.name = "fused_norm",
       .sequences = {{62, 6}},
       .n_heads = 6,
       .n_kv_heads = 2,
       .n_splits = 3,
       .n_rot = 32,
       .write_kv = true},
      {.name = "prompt", .sequences = {{0, 65}}, .n_heads = 8, .n_kv_heads = 2},
      {.name = "later_prompt",
       .sequences = {{77, 33}, {50, 1}, {5, 15}},
       .n_heads = 7,
       .n_kv_heads = 1,
       .item_rows = 18},
      {.name = "all_heads_alike",
       .sequences = {{10, 130}},
       .n_heads = 2,
       .n_kv_heads = 2,
       .item_rows = 128},
      {.name = "splits_of_prompt",
       .sequences = {{100, 40}},
       .n_heads = 4,
       .n_kv_heads = 1,
       .item_rows = 40,
       .n_splits = 3},
      {.name = "prompt_wide_group", .sequences = {{20, 9}}, .n_heads = 140, .n_kv_heads = 1},
      {.name = "large", .sequences = {{33, 12}, {64, 2}}, .n_heads = 4, .magnitude = 1e5F},
  };
}

template <class A>
int check_all(const std::string& arch, const std::string& only) {
  int n_failed = 0;
  for (const Spec& s : specs()) {
    for (const int dim : {64, 96, 128}) {
      const std::string name = arch + "/" + s.name + "/" + std::to_string(dim);
      if (name.find(only) == std::string::npos) continue;
      Problem problem(s, dim);
      problem.run<A>();
      const double error = problem.error();
      const bool ok = error <= 2e-3;
      std::printf("%-40s %.2e%s\n", name.c_str(), error, ok ? "" : "  FAILED");
      n_failed += ok ? 0 : 1;
    }
  }
  return n_failed;
}

}  // namespace
}  // namespace rocmforge::gpu

int main(int argc, char** argv) {
  using namespace rocmforge::gpu;
  const std::string only = argc > 1 ? argv[1] : "";
  const int n_failed = check_all<LaneSm>("sm", only) + check_all<LaneGfx11>("gfx11", only) +
                       check_all<LaneGfx12>("gfx12", only) + check_all<LaneCdna>("cdna", only);
  std::printf("%d failed\n", n_failed);
  return n_failed == 0 ? 0 : 1;
}
