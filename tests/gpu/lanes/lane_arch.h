// Architectures for device code on the host: matrix units after the vendors' documents, F16 alone.
#pragma once

#include <cmath>
#include <cstring>
#include <utility>
#include <vector>

#include "backend/gpu/device/arch/attention_layouts.h"
#include "gpu/lanes/lanes.h"

namespace rocmforge::gpu {

// Row and k of half h of an operand in lane l; rows and columns of element i of the sum.
struct SmModel {
  static constexpr int kWave = 32, kWords = 4, kSum = 8;
  static constexpr bool kTransposes = true, kQueriesFirst = true;
  static constexpr int kTilesOfWave = 1;
  static int row_of(int l, int h) { return l / 4 + 8 * (h / 4); }
  static int k_of(int l, int h) { return h / 2 % 2 * 8 + 2 * (l % 4) + h % 2; }
  static int row(int l, int i) { return l / 4 + 8 * (i % 4 / 2); }
  static int column(int l, int i) { return 8 * (i / 4) + 2 * (l % 4) + i % 2; }
};
struct Gfx11Model {
  static constexpr int kWave = 32, kWords = 8, kSum = 8;
  static constexpr bool kTransposes = false, kQueriesFirst = false;
  static constexpr int kTilesOfWave = 1;
  static int row_of(int l, int) { return l % 16; }
  static int k_of(int, int h) { return h; }
  static int row(int l, int i) { return 2 * i + l / 16; }
  static int column(int l, int) { return l % 16; }
};
struct Gfx12Model {
  static constexpr int kWave = 32, kWords = 4, kSum = 8;
  static constexpr bool kTransposes = false, kQueriesFirst = false;
  static constexpr int kTilesOfWave = 1;
  static int row_of(int l, int) { return l % 16; }
  static int k_of(int l, int h) { return 8 * (l / 16) + h; }
  static int row(int l, int i) { return i + 8 * (l / 16); }
  static int column(int l, int) { return l % 16; }
};
struct CdnaModel {
  static constexpr int kWave = 64, kWords = 2, kSum = 4;
  static constexpr bool kTransposes = false, kQueriesFirst = false;
  static constexpr int kTilesOfWave = 2;
  static int row_of(int l, int) { return l % 16; }
  static int k_of(int l, int h) { return 4 * (l / 16) + h; }
  static int row(int l, int i) { return 4 * (l / 16) + i; }
  static int column(int l, int) { return l % 16; }
};

template <class Model>
struct LaneMma {
  static constexpr int kPerLane = Model::kSum;
  struct Fragment {
    u32 w[Model::kWords];
  };
  struct Sum {
    float x[Model::kSum];
    float& operator[](int i) { return x[i]; }
    float operator[](int i) const { return x[i]; }
  };
  static float half(const u32* words, int h) {
    f16 x[2];
    std::memcpy(x, &words[h / 2], 4);
    return static_cast<float>(x[h % 2]);
  }
  static Fragment load(const f16* at, i32 stride, i32 lane) {
    Fragment f;
    for (int h = 0; h < 2 * Model::kWords; h += 2) {
      std::memcpy(&f.w[h / 2], at + Model::row_of(lane, h) * stride + Model::k_of(lane, h), 4);
    }
    return f;
  }
  static Sum multiply(const Fragment& a, const Fragment& b, Sum c) {
    lanes::Workgroup& g = *lanes::Workgroup::current();
    lanes::Offer offer;
    std::memcpy(offer.words, a.w, sizeof(a.w));
    std::memcpy(offer.words + 8, b.w, sizeof(b.w));
    const auto& all = g.exchange(offer, 1);
    float m[2][16][16];
    bool seen[2][16][16] = {};
    for (int l = 0; l < Model::kWave; ++l) {
      for (int side = 0; side < 2; ++side) {
        for (int h = 0; h < 2 * Model::kWords; ++h) {
          const int r = Model::row_of(l, h), k = Model::k_of(l, h);
          const float x = half(all[static_cast<std::size_t>(l)].words + 8 * side, h);
          if (seen[side][r][k] && std::memcmp(&m[side][r][k], &x, 4) != 0) {
            lanes::fail("an operand is not repeated as the matrix units want it");
          }
          m[side][r][k] = x;
          seen[side][r][k] = true;
        }
      }
    }
    for (int i = 0; i < Model::kSum; ++i) {
      float sum = c[i];
      for (int k = 0; k < 16; ++k) {
        sum += m[0][Model::row(g.lane(), i)][k] * m[1][Model::column(g.lane(), i)][k];
      }
      c[i] = sum;
    }
    return c;
  }
};

template <class Model, class Layout>
struct LaneAttention : Layout {
  using Mma = LaneMma<Model>;
  using Fragment = typename Mma::Fragment;
  using Sum = typename Mma::Sum;
  static constexpr bool kTransposes = Model::kTransposes;
  static constexpr int kTilesOfWave = Model::kTilesOfWave;

  static void keep_order(Sum&) {}
  static Sum scores(const Fragment& q, const Fragment& k, Sum c) {
    return Model::kQueriesFirst ? Mma::multiply(q, k, c) : Mma::multiply(k, q, c);
  }
  static Sum values(const Fragment& p, const Fragment& v, Sum c) {
    return Model::kQueriesFirst ? Mma::multiply(p, v, c) : Mma::multiply(v, p, c);
  }
  static u32 pair(float low, float high) {
    const f16 x[2] = {static_cast<f16>(low), static_cast<f16>(high)};
    u32 word;
    std::memcpy(&word, x, 4);
    return word;
  }
  static Fragment pack(const Sum& p) {
    lanes::Workgroup& g = *lanes::Workgroup::current();
    Fragment f;
    if constexpr (Model::kWords == 8) {
      const bool low = g.lane() < 16;
      lanes::Offer offer;
      for (int w = 0; w < 4; ++w) offer.words[w] = pair(p[2 * w], p[2 * w + 1]);
      const lanes::Offer partner = g.exchange(offer, 2)[static_cast<std::size_t>(g.lane() ^ 16)];
      for (int w = 0; w < 4; ++w) {
        f.w[w] = (low ? offer : partner).words[w];
        f.w[4 + w] = (low ? partner : offer).words[w];
      }
    } else if constexpr (Model::kQueriesFirst) {
      f = {{pair(p[0], p[1]), pair(p[4], p[5]), pair(p[2], p[3]), pair(p[6], p[7])}};
    } else {
      for (int w = 0; w < Model::kWords; ++w) f.w[w] = pair(p[2 * w], p[2 * w + 1]);
    }
    return f;
  }

  // ldmatrix.x4.trans: lane l gives row l % 8 of matrix l / 8, and gets, of each, column l / 4 of
  // rows 2 (l % 4) and the next.
  static Fragment load_transposed(const f16* at, i32 stride, i32 lane) {
    const f16* row = at + (lane % 16) * stride + 8 * (lane / 16);
    lanes::Offer offer;
    std::memcpy(offer.words, &row, sizeof(row));
    const auto& all = lanes::Workgroup::current()->exchange(offer, 3);
    Fragment f;
    for (int m = 0; m < 4; ++m) {
      f16 x[2];
      for (int e = 0; e < 2; ++e) {
        const f16* from;
        std::memcpy(&from, all[static_cast<std::size_t>(8 * m + 2 * (lane % 4) + e)].words,
                    sizeof(from));
        x[e] = from[lane / 4];
      }
      std::memcpy(&f.w[m], x, 4);
    }
    return f;
  }
  // Done as late as they may be.
  struct Copy {
    void* to;
    const void* from;
    bool valid;
  };
  static std::vector<Copy>& copies() {
    static std::vector<Copy> of_thread[1024];
    return of_thread[lanes::Workgroup::current()->thread()];
  }
  static void copy(void* to, const void* from, bool valid) {
    copies().push_back({to, from, valid});
  }
  static void wait_copies() {
    for (const Copy& c : copies()) {
      if (c.valid) {
        std::memcpy(c.to, c.from, 16);
      } else {
        std::memset(c.to, 0, 16);
      }
    }
    copies().clear();
  }
};

template <class Model, class Layout>
struct LaneArch {
  static constexpr int kWave = Model::kWave;
  using F16 = LaneMma<Model>;
  using Attention = LaneAttention<Model, Layout>;

  static lanes::Workgroup& workgroup() { return *lanes::Workgroup::current(); }
  static i32 thread() { return workgroup().thread(); }
  static i32 lane() { return workgroup().lane(); }
  static i32 group_x() { return workgroup().group(); }
  static void barrier() { workgroup().barrier(); }
  static void fence_device() {}
  static i32 atomic_add(i32* at, i32 x) { return std::exchange(*at, *at + x); }
  static i32 uniform(i32 x) { return x; }
  static i32 opaque(i32 x) { return x; }
  static void keep_order() {}
  static float exp2(float x) { return std::exp2(x); }
  static float rcp(float x) { return 1 / x; }
  static i32 dot4(i32 a, i32 b, i32 c) {
    for (int i = 0; i < 32; i += 8) c += static_cast<i8>(a >> i) * static_cast<i8>(b >> i);
    return c;
  }
  static float exp2_normal(float x) {
    const float y = std::exp2(x);
    return y < 0x1p-126F ? 0.0F : y;
  }
  static u32 bytes(u32 low, u32 high, u32 selector) {
    const u64 both = static_cast<u64>(high) << 32 | low;
    u32 out = 0;
    for (int b = 0; b < 4; ++b) {
      out |= static_cast<u32>(both >> (8 * (selector >> (8 * b) & 7)) & 0xff) << (8 * b);
    }
    return out;
  }
  static bool any(bool x) {
    lanes::Offer offer;
    offer.words[0] = x ? 1 : 0;
    bool out = false;
    for (const lanes::Offer& o : workgroup().exchange(offer, 4)) out = out || o.words[0] != 0;
    return out;
  }
  template <int kMask>
  static i32 xor_lane(i32 x) {
    lanes::Offer offer;
    offer.words[0] = static_cast<u32>(x);
    const auto from = static_cast<std::size_t>(lane() ^ kMask);
    return static_cast<i32>(workgroup().exchange(offer, 5 + kMask)[from].words[0]);
  }
};

using LaneSm = LaneArch<SmModel, SmAttention>;
using LaneGfx11 = LaneArch<Gfx11Model, Gfx11Attention>;
using LaneGfx12 = LaneArch<Gfx12Model, Gfx12Attention>;
using LaneCdna = LaneArch<CdnaModel, CdnaAttention>;

}  // namespace rocmforge::gpu
