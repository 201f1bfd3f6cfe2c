// The sampling ops over rows of logits [n, vocab]; what each row wants stands in the step.
//   edit_logits  y = x, edited and masked; -inf where it is no number
//   top_k        the k best of each row with their tokens, best first
//   log_sum_exp  y = ln sum exp(x)
//   sample       a token a row (ir::SampleParams, base/random.h)
//   sample_fused all four at once
// Bound by the launch, then by reading the logits once, 0.6 MB a row of 150000; in truth by the
// sorting. Fused, on an H200 (ncu's clocks), three rows of 151936, one of them top-k 50: 35 us; the
// choice of the likeliest of few: 7 us.
//
// Fused, a workgroup takes a slice of a row and leaves what it finds there: its best draw, or its k
// best and its sum. The workgroup that finishes a row last, by an atomic ticket, joins them, makes
// the choice and resets the ticket. The plain ops take a workgroup a row, and are slow.
//
// The k best are kept in a list of keys in LDS: keys over the k-th best so far are appended; when
// there is no more room for a chunk's worth the list is sorted (bitonic) and cut to k. A sample,
// each thread's best, tells beforehand what cannot be among a small k.
#pragma once

#include "backend/gpu/device/math.h"
#include "backend/gpu/device/reduce.h"
#include "backend/gpu/device/step.h"
#include "backend/gpu/ops/sampling_args.h"
#include "base/random.h"

namespace rocmforge::gpu {

inline constexpr int kSampleThreads = 256;
static_assert(kSampleThreads == kMaxCandidates, "a thread a candidate");

// A logit and its token as one number: the greater is the better one, equal logits go by lower id.
// No logit above -inf has the key 0.
__device__ __inline__ u64 key_of(float logit, i32 token) {
  const u32 bits = bits_as<u32>(logit + 0.0F);  // -0 is 0
  const u32 order = (bits >> 31) != 0 ? ~bits : bits | 0x80000000U;
  return (u64)order << 32 | (u32)~token;
}
__device__ __inline__ float logit_of(u64 key) {
  const u32 order = (u32)(key >> 32);
  return bits_as<float>((order >> 31) != 0 ? order & 0x7fffffffU : ~order);
}
__device__ __inline__ i32 token_of(u64 key) {
  return (i32) ~(u32)key;
}

// Four tokens that lie side by side: a thread's part of a chunk.
struct Four {
  i32 token;       // of the first, a multiple of 4
  float logit[4];  // -inf where the row has ended
};

// The largest so far, and the sum of exp(x - largest).
struct ExpSum {
  float largest, sum;
};

template <class A>
struct Sampling {
  static constexpr int kThreads = kSampleThreads;
  static constexpr int kWaves = kThreads / A::kWave;
  static constexpr int kKeys = 2048;           // room of the list
  static constexpr int kChunk = 4 * kThreads;  // looked at between two looks at the room
  static_assert(kChunk + kMaxCandidates <= kKeys);

  struct Lds {
    u64 keys[kKeys];
    float chunk[kChunk];  // a chunk's logits while they are edited; running sums of the choice
    Pick picks[kWaves];
    float floats[kWaves];
    u64 least;  // the key that a new one must pass
    i32 n;      // of keys
    i32 is_last;
  };

  Lds& lds;

  // ---- a row's logits

  __device__ __inline__ Four load(const float* x, i32 begin, i32 end) const {
    Four f;
    f.token = begin + 4 * A::thread();
#pragma unroll
    for (int j = 0; j < 4; ++j) {
      const float v = f.token + j < end ? x[f.token + j] : -kInfinity;
      f.logit[j] = v == v ? v : -kInfinity;
    }
    return f;
  }

  // The same, edited and masked. All threads come here.
  __device__ __inline__ Four load_edited(const Step& step, const SampleParamsArgs& p,
                                         const float* x, i32 begin, i32 end) const {
    Four f = load(x, begin, end);
    if (p.n_edits > 0) edit(step, p, x, begin, end, f);
    if (p.mask >= 0 && step.args.mask_words > 0 && f.token < end) {
      const u32 bits = step.mask(p.mask)[f.token / 32] >> (f.token % 32);
#pragma unroll
      for (int j = 0; j < 4; ++j) {
        if ((bits >> j & 1U) == 0) f.logit[j] = -kInfinity;
      }
    }
    return f;
  }

  __device__ __inline__ void edit(const Step& step, const SampleParamsArgs& p, const float* x,
                                  i32 begin, i32 end, Four& f) const {
    float* own = lds.chunk + 4 * A::thread();
    A::barrier();  // an earlier use of the chunk is over
#pragma unroll
    for (int j = 0; j < 4; ++j) own[j] = f.logit[j];
    A::barrier();
    const LogitEditArgs* edits = step.edits() + p.edits_begin;
    const i32 stop = min_of(end, begin + kChunk);
    for (i32 e = A::thread(); e < p.n_edits; e += kThreads) {
      const LogitEditArgs one = edits[e];
      if (one.token < begin || one.token >= stop) continue;
      const float v = x[one.token];
      const float y = (v > 0 ? v / one.penalty : v * one.penalty) + one.bias;
      lds.chunk[one.token - begin] = y == y ? y : -kInfinity;
    }
    A::barrier();
#pragma unroll
    for (int j = 0; j < 4; ++j) f.logit[j] = own[j];
  }

  // ---- draws

  __device__ static __inline__ Pick no_pick() { return {-kInfinity, 0, -1}; }
  __device__ static __inline__ RandomWords words(const SampleParamsArgs& p, i32 token) {
    return token_words((u64)p.seed_high << 32 | p.seed_low, p.position, (u32)token / 4);
  }

  __device__ static __inline__ void pick_four(const SampleParamsArgs& p, const Four& f,
                                              Pick& best) {
    RandomWords w{};
    if (p.temperature > 0) w = words(p, f.token);
#pragma unroll
    for (int j = 0; j < 4; ++j) {
      if (!(f.logit[j] > -kInfinity)) continue;
      const float draw = p.temperature > 0 ? gumbel(w.word[j]) : 0.0F;
      const Pick pick{f.logit[j], draw, f.token + j};
      if (beats(pick, best, p.temperature)) best = pick;
    }
  }

  template <int kWidth>
  __device__ static __inline__ Pick best_of_lanes(Pick x, float temperature) {
    if constexpr (kWidth > 1) {
      x = best_of_lanes<kWidth / 2>(x, temperature);
      Pick y;
      y.logit = bits_as<float>(A::template xor_lane<kWidth / 2>(bits_as<i32>(x.logit)));
      y.draw = bits_as<float>(A::template xor_lane<kWidth / 2>(bits_as<i32>(x.draw)));
      y.id = A::template xor_lane<kWidth / 2>(x.id);
      return beats(y, x, temperature) ? y : x;
    } else {
      return x;
    }
  }
  // Every thread gets it.
  __device__ __inline__ Pick best_of_group(Pick x, float temperature) const {
    x = best_of_lanes<A::kWave>(x, temperature);
    A::barrier();
    if (A::lane() == 0) lds.picks[A::thread() / A::kWave] = x;
    A::barrier();
    Pick best = lds.picks[0];
    for (int w = 1; w < kWaves; ++w) {
      const Pick other = lds.picks[w];
      if (beats(other, best, temperature)) best = other;
    }
    return best;
  }

  // ---- sums

  __device__ static __inline__ void add_exp(ExpSum& s, float x) {
    if (x > s.largest) {
      s.sum = s.sum * exp<A>(s.largest - x) + 1.0F;
      s.largest = x;
    } else if (x > -kInfinity) {
      s.sum += exp<A>(x - s.largest);
    }
  }
  __device__ __inline__ ExpSum sum_of_group(ExpSum s) const {
    const float largest = max_group<A, kThreads>(s.largest, lds.floats);
    const float own = s.largest > -kInfinity ? s.sum * exp<A>(s.largest - largest) : 0.0F;
    return {largest, sum_group<A, kThreads>(own, lds.floats)};
  }

  // ---- the list of the k best. All threads come to each of these.

  // Leaves the k best of all keys in the list, best first; how many there are. source(c, keys)
  // gives four keys of this thread, 0 for none, for each chunk c of `chunks`; and before that once
  // more for the first `sample` of them: each thread's best of these tells what cannot be among a
  // small k, since at least k keys reach the k-th of the threads' bests.
  template <class Source>
  __device__ __inline__ i32 select(i32 k, i32 chunks, i32 sample, Source source) const {
    A::barrier();  // an earlier use of the list is over
    if (A::thread() == 0) {
      lds.n = 0;
      lds.least = 0;
    }
    A::barrier();
    u64 best = 0;
    i32 kept = 0;
#pragma unroll 1
    for (i32 c = -sample; c <= chunks; ++c) {
      bool cut = c == chunks;  // the list is sorted, and cut to k
      if (c < chunks) {
        u64 keys[4];
        source(c < 0 ? c + sample : c, keys);
        if (c < 0) {
#pragma unroll
          for (int j = 0; j < 4; ++j) best = max_of(best, keys[j]);
        } else {
          append(keys);
          A::barrier();
          cut = lds.n > kKeys - kChunk;
          A::barrier();  // all have read it, before the next chunk's are counted
        }
      }
      if (c == -1) lds.keys[A::thread()] = best;
      if (c != -1 && !cut) continue;
      const i32 n = c == -1 ? kThreads : lds.n;
      sort(n);
      kept = min_of(n, k);
      if (A::thread() == 0) {
        const u64 last = kept == k ? lds.keys[k - 1] : 0;
        lds.n = c == -1 ? 0 : kept;
        lds.least = c == -1 && last > 0 ? last - 1 : last;
      }
      A::barrier();
    }
    return kept;
  }
  // Chunks to sample: none where k is so great that little would be told.
  __device__ static __inline__ i32 n_sample(i32 k, i32 chunks) {
    return k > kThreads / 2 ? 0 : min_of(2, chunks);
  }

  __device__ __inline__ void append(const u64 (&keys)[4]) const {
    const u64 least = lds.least;
    i32 mine = 0;
#pragma unroll
    for (int j = 0; j < 4; ++j) mine += keys[j] > least ? 1 : 0;
    if (mine == 0) return;
    i32 at = A::atomic_add(&lds.n, mine);
#pragma unroll
    for (int j = 0; j < 4; ++j) {
      if (keys[j] > least) lds.keys[at++] = keys[j];
    }
  }

  __device__ __inline__ void sort(i32 n) const {
    i32 size = 1;
    while (size < n) size *= 2;
    for (i32 i = n + A::thread(); i < size; i += kThreads) lds.keys[i] = 0;
    A::barrier();
    for (i32 width = 2; width <= size; width *= 2) {
      for (i32 stride = width / 2; stride > 0; stride /= 2) {
        for (i32 i = A::thread(); i < size / 2; i += kThreads) {
          const i32 low = 2 * i - (i & (stride - 1));
          const u64 a = lds.keys[low], b = lds.keys[low + stride];
          if ((a < b) == ((low & width) == 0)) {
            lds.keys[low] = b;
            lds.keys[low + stride] = a;
          }
        }
        // Pairs up to a wave apart lie where the wave's own lay before.
        const i32 next = stride > 1 ? stride / 2 : width;
        if (max_of(stride, next) <= A::kWave) {
          A::wave_barrier();
        } else {
          A::barrier();
        }
      }
    }
    A::barrier();
  }

  // ---- the choice among the list's first n keys, sorted

  // `exp_total`: the sum over all tokens of exp(logit - the best one's), read where top_k is 0;
  // `complete`: no token above -inf is left out of the list.
  __device__ __inline__ i32 choose(const SampleParamsArgs& p, i32 n, bool complete,
                                   float exp_total) const {
    if (n == 0) return kNoSample;
    const i32 thread = A::thread();
    const float best = logit_of(lds.keys[0]);
    if (best == kInfinity) return token_of(lds.keys[0]);
    if (p.top_k > 0) n = min_of(n, p.top_k);
    const u64 key = lds.keys[min_of(thread, n - 1)];
    const float logit = logit_of(key), last = logit_of(lds.keys[n - 1]);
    bool stays = thread < n;
    bool settled = complete || p.top_k > 0;
    if (p.top_p < 1.0F) {
      const float before = running_sum(stays ? exp<A>(logit - best) : 0.0F);
      const float all = lds.chunk[kThreads - 1];
      const float limit = p.top_p * (p.top_k > 0 ? all : exp_total);
      if (thread > 0 && !(before < limit)) stays = false;
      if (all >= limit) settled = true;
    }
    const float least = best + p.log_min_p;
    if (thread > 0 && logit < least) stays = false;
    if (last < least) settled = true;
    if (!settled) return kUndecided;
    Pick pick = no_pick();
    if (stays) {
      const i32 token = token_of(key);
      const RandomWords w = words(p, token);
      const i32 j = token % 4;
      const u32 bits = j == 0 ? w.word[0] : j == 1 ? w.word[1] : j == 2 ? w.word[2] : w.word[3];
      pick = {logit, gumbel(bits), token};
    }
    return best_of_group(pick, p.temperature).id;
  }

  // The sum of all earlier threads' x; the sums including each thread's own are left in the chunk.
  __device__ __inline__ float running_sum(float x) const {
    const i32 thread = A::thread();
    A::barrier();
    lds.chunk[thread] = x;
    A::barrier();
    for (i32 back = 1; back < kThreads; back *= 2) {
      const float more = thread >= back ? lds.chunk[thread - back] : 0.0F;
      A::barrier();
      lds.chunk[thread] += more;
      A::barrier();
    }
    return thread > 0 ? lds.chunk[thread - 1] : 0.0F;
  }
};

// ---- fused

template <class A>
struct SampleFused : Sampling<A> {
  using Base = Sampling<A>;
  using Base::lds;
  const SampleFusedArgs& a;
  Step step;

  __device__ __inline__ SampleFused(typename Base::Lds& memory, const SampleFusedArgs& args)
      : Base{memory}, a(args), step{args.step} {}

  __device__ static __inline__ i32 kept(const SampleParamsArgs& p) {
    return p.top_k > 0 ? min_of(p.top_k, kMaxCandidates) : kMaxCandidates;
  }

  __device__ __inline__ void run() const {
    const i32 n = n_rows(a.rows);
    for (i32 row = A::group_y(); row < n; row += a.grid.y) {
      const SampleParamsArgs p = step.sample(row);
      if (p.mode == SampleMode::kNone) {
        if (A::group_x() == 0 && A::thread() == 0) a.y[row] = kNoSample;
        continue;
      }
      SampleSliceArgs* parts = a.parts + (i64)row * a.grid.x;
      scan(p, row, parts[A::group_x()]);
      if (!is_last(row)) continue;
      const i32 token = p.mode == SampleMode::kAll ? join_picks(p, parts) : join_lists(p, parts);
      if (A::thread() == 0) {
        a.y[row] = token;
        A::atomic_add(a.tickets + row, -a.grid.x);
      }
    }
  }

  __device__ __inline__ void scan(const SampleParamsArgs& p, i32 row, SampleSliceArgs& part) const {
    const float* x = a.x + row * a.x_stride;
    const i32 begin = A::group_x() * a.slice, end = min_of(a.vocab, begin + a.slice);
    if (p.mode == SampleMode::kAll) {
      scan_picks(p, x, begin, end, part);
    } else {
      scan_lists(p, x, begin, end, part);
    }
  }

  __device__ __inline__ void scan_picks(const SampleParamsArgs& p, const float* x, i32 begin,
                                        i32 end, SampleSliceArgs& part) const {
    Pick pick = Base::no_pick();
    for (i32 at = begin; at < end; at += Base::kChunk) {
      Base::pick_four(p, this->load_edited(step, p, x, at, end), pick);
    }
    pick = this->best_of_group(pick, p.temperature);
    if (A::thread() != 0) return;
    part.pick_logit = pick.logit;
    part.pick_draw = pick.draw;
    part.pick_id = pick.id;
  }

  __device__ __inline__ void scan_lists(const SampleParamsArgs& p, const float* x, i32 begin,
                                        i32 end, SampleSliceArgs& part) const {
    const bool sums = p.top_k == 0 && p.top_p < 1.0F;  // and so nothing is sampled
    ExpSum sum{-kInfinity, 0};
    const i32 k = kept(p), chunks = (end - begin + Base::kChunk - 1) / Base::kChunk;
    const i32 n = this->select(k, chunks, Base::n_sample(k, chunks), [&](i32 c, u64(&keys)[4]) {
      const Four f = this->load_edited(step, p, x, begin + c * Base::kChunk, end);
#pragma unroll
      for (int j = 0; j < 4; ++j) {
        keys[j] = f.logit[j] > -kInfinity ? key_of(f.logit[j], f.token + j) : 0;
        if (sums) Base::add_exp(sum, f.logit[j]);
      }
    });
    if (sums) sum = this->sum_of_group(sum);
    if (A::thread() < n) part.keys[A::thread()] = lds.keys[A::thread()];
    if (A::thread() == 0) {
      part.n_keys = n;
      part.largest = sum.largest;
      part.exp_sum = sum.sum;
    }
  }

  // Whether all the other slices of the row are done.
  __device__ __inline__ bool is_last(i32 row) const {
    A::fence_device();
    A::barrier();
    if (A::thread() == 0) {
      lds.is_last = A::atomic_add(a.tickets + row, 1) == a.grid.x - 1 ? 1 : 0;
    }
    A::barrier();
    const bool last = lds.is_last != 0;
    A::barrier();  // before it is written again
    if (last) A::fence_device();
    return last;
  }

  __device__ __inline__ i32 join_picks(const SampleParamsArgs& p,
                                       const SampleSliceArgs* parts) const {
    Pick best = Base::no_pick();
    for (i32 s = A::thread(); s < a.grid.x; s += Base::kThreads) {
      const Pick other{parts[s].pick_logit, parts[s].pick_draw, parts[s].pick_id};
      if (beats(other, best, p.temperature)) best = other;
    }
    return this->best_of_group(best, p.temperature).id;
  }

  // The slices' lists go by rank, all their firsts first, so that few of the rest pass.
  __device__ __inline__ i32 join_lists(const SampleParamsArgs& p,
                                       const SampleSliceArgs* parts) const {
    const i32 k = kept(p), slices = a.grid.x;
    const i32 chunks = (slices * k + Base::kChunk - 1) / Base::kChunk;
    i32 found = 0;  // of this thread's; read where top_k is 0, and so nothing is sampled
    const i32 n = this->select(k, chunks, Base::n_sample(k, 1), [&](i32 c, u64(&keys)[4]) {
#pragma unroll
      for (int j = 0; j < 4; ++j) {
        const i32 i = c * Base::kChunk + j * Base::kThreads + A::thread();
        const i32 s = i % slices, rank = i / slices;
        keys[j] = rank < k && rank < parts[s].n_keys ? parts[s].keys[rank] : 0;
        found += keys[j] != 0 ? 1 : 0;
      }
    });
    const bool all = sum_group<A, Base::kThreads>((float)found, lds.floats) < (float)kMaxCandidates;
    float total = 0;
    if (p.top_k == 0 && p.top_p < 1.0F && n > 0) {
      const float best = logit_of(lds.keys[0]);
      for (i32 s = A::thread(); s < slices; s += Base::kThreads) {
        if (parts[s].exp_sum > 0) total += parts[s].exp_sum * exp<A>(parts[s].largest - best);
      }
      total = sum_group<A, Base::kThreads>(total, lds.floats);
    }
    return this->choose(p, n, all || a.vocab <= kMaxCandidates, total);
  }
};

}  // namespace rocmforge::gpu
