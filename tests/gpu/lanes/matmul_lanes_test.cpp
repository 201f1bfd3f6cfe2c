// matmul of few rows, run lane by lane on the host against a reference in double precision: tiles
// and slices of every shape, of which each output is made once. Built by clang, which has
// _Float16; a program of its own: it prints what differs, and fails.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "backend/gpu/device/matmul.h"
#include "gpu/lanes/lane_arch.h"

namespace rocmforge::gpu {
namespace {

struct Segment {
  WeightType type;
  int rows;
  bool bias = false;
};
struct Spec {
  std::string name;
  std::vector<Segment> segments;
  int cols = 0, slice = 0;  // slice: a multiple of 256
  int groups = 1;
  int n = 0;  // rows of the step; 0: as many as the kernel takes
  MatMulEpilogue epilogue = MatMulEpilogue::kNone;
  bool norm = false;
};

constexpr int kThreads = 128;

// A segment in planes, and its values.
struct Planes {
  std::vector<u8> q, scales;
  std::vector<float> values, bias;
};

class Problem {
 public:
  Problem(const Spec& spec, int kernel_rows) : s(spec), most(kernel_rows), bits_(11) {
    n = s.n > 0 ? s.n : most;
    for (const Segment& segment : s.segments) add(segment);
    outputs = s.epilogue == MatMulEpilogue::kSwiGlu ? rows / 2 : rows;
    x.resize(static_cast<std::size_t>(n * s.cols));
    for (float& v : x) v = normal();
    gain.resize(static_cast<std::size_t>(s.cols) + 4);
    for (float& v : gain) v = 1 + 0.1F * normal();
    residual.resize(static_cast<std::size_t>(n * outputs));
    for (float& v : residual) v = normal();
    y.assign(static_cast<std::size_t>(n * outputs), NAN);
  }

  // T: of the kernel; R: weight rows of a tile.
  template <class A, class T, int N, int R>
  void run() {
    MatMulArgs a{};
    StepHeaderArgs header{};
    a.rows = {&header, 0, 1, 0, 0};
    a.x = x.data();
    a.x_stride = s.cols;
    a.gain = s.norm ? gain.data() : nullptr;
    a.eps = 1e-5F;
    a.residual = residual.data();
    a.residual_stride = outputs;
    a.y = y.data();
    a.outputs = outputs;
    a.epilogue = s.epilogue;
    a.threads = kThreads;
    a.slice = s.slice;
    a.grid = {s.groups, 1};
    a.weight.rows = rows;
    a.weight.cols = s.cols;
    describe<R>(a);
    std::vector<float> sums(static_cast<std::size_t>(a.n_tiles * R * N), NAN);
    a.sums = sums.data();

    const int cols = std::min((s.cols + 7) / 8 * 8, s.slice);
    std::vector<F32x4> f32(static_cast<std::size_t>(N * cols / 4));
    std::vector<I32x4> int8(static_cast<std::size_t>(N * cols / 16 + 1));
    std::vector<UnitScale> scales(static_cast<std::size_t>(N * cols / 32 + 1));
    float factors[N], squares[N * kNormParts];
    const Slice in_lds{f32[0].x, reinterpret_cast<i8*>(int8.data()), scales.data(), cols};
    lanes::Workgroup workgroup(kThreads, A::kWave);
    for (int group = 0; group < s.groups; ++group) {
      workgroup.run(group, [&] {
        FewRows<A, T, N, R> kernel{a, factors, squares, in_lds, n};
        if constexpr (T::kSingle) {
          kernel.run_single();
        } else {
          kernel.run_mixed();
        }
      });
    }
  }

  // The worst of |got - want|, of outputs whose size is about 1.
  double error() const {
    double worst = 0;
    for (int r = 0; r < n; ++r) {
      for (int o = 0; o < outputs; ++o) {
        double want = product(r, o);
        if (s.epilogue == MatMulEpilogue::kSwiGlu) {
          want = want / (1 + std::exp(-want)) * product(r, o + outputs);
        }
        const auto at = static_cast<std::size_t>(r * outputs + o);
        if (s.epilogue == MatMulEpilogue::kAdd) want += static_cast<double>(residual[at]);
        const double error = std::abs(static_cast<double>(y[at]) - want);
        worst = std::isnan(error) ? INFINITY : std::max(worst, error);
      }
    }
    return worst;
  }

 private:
  float normal() {
    float sum = -6;
    for (int i = 0; i < 12; ++i) sum += static_cast<float>(bits_() % 65536) / 65536.0F;
    return sum;
  }

  void add(const Segment& segment) {
    Planes p;
    const PlaneBytes bytes = plane_bytes(segment.type);
    const i64 stride = q_stride(bytes, s.cols), scales_at = scales_stride(bytes, s.cols);
    p.q.resize(static_cast<std::size_t>(segment.rows * stride) + kPlaneAlign);
    p.scales.resize(static_cast<std::size_t>(segment.rows * scales_at) + kPlaneAlign);
    const float size = 1 / std::sqrt(static_cast<float>(s.cols));
    for (int r = 0; r < segment.rows; ++r) {
      for (int c = 0; c < s.cols; ++c) {
        u8* row = p.q.data() + r * stride;
        float value = size * normal();
        if (segment.type == WeightType::kF32) {
          std::memcpy(row + 4 * c, &value, 4);
        } else if (segment.type == WeightType::kF16) {
          const auto half = static_cast<f16>(value);
          std::memcpy(row + 2 * c, &half, 2);
          value = static_cast<float>(half);
        } else {  // Q8_0
          const auto d = static_cast<f16>(size / 32);
          const auto q = static_cast<i8>(
              std::lround(std::clamp(value / static_cast<float>(d), -127.0F, 127.0F)));
          std::memcpy(row + c, &q, 1);
          std::memcpy(p.scales.data() + r * scales_at + c / 32 * 2, &d, 2);
          value = static_cast<float>(q) * static_cast<float>(d);
        }
        p.values.push_back(value);
      }
    }
    for (int r = 0; segment.bias && r < segment.rows; ++r) p.bias.push_back(normal());
    rows += segment.rows;
    planes_.push_back(std::move(p));
  }

  // The weight, and the outputs cut where a segment of their weight rows ends.
  template <int R>
  void describe(MatMulArgs& a) const {
    std::vector<int> ends = {outputs};
    int begin = 0;
    for (std::size_t i = 0; i < planes_.size(); ++i) {
      const Planes& p = planes_[i];
      const int end = begin + s.segments[i].rows;
      a.weight.segments[i] = {p.q.data(),
                              nullptr,
                              p.scales.data(),
                              nullptr,
                              p.bias.empty() ? nullptr : p.bias.data(),
                              begin,
                              end,
                              s.segments[i].type,
                              0};
      if (!p.bias.empty()) a.has_bias = 1;
      if (end % outputs != 0) ends.push_back(end % outputs);
      begin = end;
    }
    a.weight.n_segments = static_cast<i32>(planes_.size());
    std::sort(ends.begin(), ends.end());
    const int across = s.epilogue == MatMulEpilogue::kSwiGlu ? 1 : R;
    int first = 0;
    for (const int end : ends) {
      const int from = a.n_pieces > 0 ? a.pieces[a.n_pieces - 1].end : 0;
      if (end == from) continue;
      a.pieces[a.n_pieces++] = {from, end, first, 0};
      first += (end - from + across - 1) / across;
    }
    a.n_tiles = first;
  }

  double product(int r, int row) const {
    std::size_t i = 0;
    while (row >= s.segments[i].rows) row -= s.segments[i++].rows;
    const float* w = planes_[i].values.data() + row * s.cols;
    const float* from = x.data() + r * s.cols;
    double factor = 1, squares = 0, sum = 0;
    for (int c = 0; c < s.cols; ++c)
      squares += static_cast<double>(from[c]) * static_cast<double>(from[c]);
    if (s.norm) factor = 1 / std::sqrt(squares / s.cols + 1e-5);
    for (int c = 0; c < s.cols; ++c) {
      sum += static_cast<double>(w[c]) * static_cast<double>(from[c]) *
             (s.norm ? factor * static_cast<double>(gain[static_cast<std::size_t>(c)]) : 1);
    }
    return sum + (planes_[i].bias.empty()
                      ? 0
                      : static_cast<double>(planes_[i].bias[static_cast<std::size_t>(row)]));
  }

  Spec s;
  int most, n = 0, rows = 0, outputs = 0;
  std::mt19937 bits_;
  std::vector<Planes> planes_;
  std::vector<float> x, gain, residual, y;
};

// Of each, tiles that fill no turn of the waves, and columns that fill no slice.
std::vector<Spec> specs() {
  using enum WeightType;
  using enum MatMulEpilogue;
  std::vector<Spec> out;
  for (const int slice : {256, 512, 1280}) {
    const std::string size = std::to_string(slice);
    out.push_back({"f32/" + size, {{kF32, 37, true}}, 1053, slice, 2});
    out.push_back({"f16/" + size, {{kF16, 45}}, 1100, slice, 1, 0, kAdd, true});
    out.push_back({"f16_gated/" + size, {{kF16, 46, true}}, 1100, slice, 3, 0, kSwiGlu, true});
    out.push_back({"q8_0/" + size, {{kQ8_0, 43, true}, {kQ8_0, 6}}, 1088, slice, 2, 0, kAdd});
    out.push_back({"q8_0_gated/" + size, {{kQ8_0, 22}}, 1088, slice, 2, 0, kSwiGlu});
    out.push_back({"plain/" + size, {{kF16, 17}, {kF32, 20, true}}, 1053, slice, 2, 0, kAdd});
    out.push_back(
        {"mixed/" + size, {{kQ8_0, 19}, {kF32, 20, true}}, 1088, slice, 1, 0, kNone, true});
    out.push_back({"mixed_gated/" + size, {{kQ8_0, 9}, {kF16, 21}}, 1088, slice, 2, 0, kSwiGlu});
    out.push_back({"fewer_tiles/" + size, {{kF16, 3}}, 1100, slice, 3});
    out.push_back({"fewer_rows/" + size, {{kF16, 21}}, 1100, slice, 1, 1, kAdd});
  }
  return out;
}

template <class A, int N, int R>
double error_of(const Spec& s) {
  Problem problem(s, N);
  const bool plain = s.segments[0].type != WeightType::kQ8_0;
  const bool alike = s.segments[0].type == s.segments.back().type;
  if (!alike && plain) {
    problem.run<A, MixedPlain, N, 2>();
  } else if (!alike) {
    problem.run<A, MixedAny, N, 2>();
  } else if (s.segments[0].type == WeightType::kF32) {
    problem.run<A, F32, N, R>();
  } else if (plain) {
    problem.run<A, F16, N, R>();
  } else {
    problem.run<A, Q8_0, N, R>();
  }
  return problem.error();
}

int check(const std::string& name, const std::string& only, double error, bool int8) {
  if (name.find(only) == std::string::npos) return 0;
  // Activations of 8 bits are off by some 0.5 % of a block's largest.
  const bool ok = error <= (int8 ? 0.1 : 2e-5);
  std::printf("%-40s %.2e%s\n", name.c_str(), error, ok ? "" : "  FAILED");
  return ok ? 0 : 1;
}

template <class A>
int check_all(const std::string& arch, const std::string& only) {
  int n_failed = 0;
  for (const Spec& s : specs()) {
    const std::string name = arch + "/" + s.name + "/";
    const bool int8 = s.name.starts_with("q8") || s.name.starts_with("mixed");
    if (s.epilogue != MatMulEpilogue::kSwiGlu) {
      n_failed += check(name + "1", only, error_of<A, 1, 1>(s), int8);
    }
    n_failed += check(name + "1x2", only, error_of<A, 1, 2>(s), int8);
    n_failed += check(name + "4", only, error_of<A, 4, 2>(s), int8);
    n_failed += check(name + "8", only, error_of<A, 8, 2>(s), int8);
  }
  return n_failed;
}

}  // namespace
}  // namespace rocmforge::gpu

int main(int argc, char** argv) {
  using namespace rocmforge::gpu;
  const std::string only = argc > 1 ? argv[1] : "";
  const int n_failed = check_all<LaneGfx11>("wave32", only) + check_all<LaneCdna>("wave64", only);
  std::printf("%d failed\n", n_failed);
  return n_failed == 0 ? 0 : 1;
}
