// edit_logits_rows, top_k_rows, log_sum_exp_rows, sample_rows, sample_fused_rows: see sampling.h.
#include "backend/gpu/device/arch/arch.h"
#include "backend/gpu/device/sampling.h"

namespace rocmforge::gpu {

template <class A>
__device__ __inline__ void edit_logits(const EditLogitsArgs& a) {
  __shared__ typename Sampling<A>::Lds lds;
  const Sampling<A> s{lds};
  const Step step{a.step};
  const i32 n = n_rows(a.rows), chunks = (a.vocab + s.kChunk - 1) / s.kChunk;
  for (i32 row = A::group_y(); row < n; row += a.grid.y) {
    const SampleParamsArgs p = step.sample(row);
    for (i32 c = A::group_x(); c < chunks; c += a.grid.x) {
      const Four f = s.load_edited(step, p, a.x + row * a.x_stride, c * s.kChunk, a.vocab);
      float* y = a.y + (i64)row * a.vocab;
#pragma unroll
      for (int j = 0; j < 4; ++j) {
        if (f.token + j < a.vocab) y[f.token + j] = f.logit[j];
      }
    }
  }
}

template <class A>
__device__ __inline__ void top_k(const TopKArgs& a) {
  __shared__ typename Sampling<A>::Lds lds;
  const Sampling<A> s{lds};
  const i32 n = n_rows(a.rows);
  for (i32 row = A::group_x(); row < n; row += a.grid.x) {
    const i32 chunks = (a.vocab + s.kChunk - 1) / s.kChunk;
    const i32 found = s.select(a.k, chunks, s.n_sample(a.k, chunks), [&](i32 c, u64(&keys)[4]) {
      const Four f = s.load(a.x + row * a.x_stride, c * s.kChunk, a.vocab);
#pragma unroll
      for (int j = 0; j < 4; ++j) {
        keys[j] = f.logit[j] > -kInfinity ? key_of(f.logit[j], f.token + j) : 0;
      }
    });
    const i32 i = A::thread();
    if (i < a.k) {
      const u64 key = lds.keys[i];
      a.values[(i64)row * a.k + i] = i < found ? logit_of(key) : -kInfinity;
      a.ids[(i64)row * a.k + i] = i < found ? token_of(key) : -1;
    }
  }
}

template <class A>
__device__ __inline__ void log_sum_exp(const LogSumExpArgs& a) {
  __shared__ typename Sampling<A>::Lds lds;
  const Sampling<A> s{lds};
  const i32 n = n_rows(a.rows);
  for (i32 row = A::group_x(); row < n; row += a.grid.x) {
    ExpSum sum{-kInfinity, 0};
    for (i32 at = 0; at < a.vocab; at += s.kChunk) {
      const Four f = s.load(a.x + row * a.x_stride, at, a.vocab);
#pragma unroll
      for (int j = 0; j < 4; ++j) s.add_exp(sum, f.logit[j]);
    }
    sum = s.sum_of_group(sum);
    const bool finite = sum.largest > -kInfinity && sum.largest < kInfinity;
    if (A::thread() == 0) a.y[row] = finite ? sum.largest + natural_log(sum.sum) : sum.largest;
  }
}

template <class A>
__device__ __inline__ void sample(const SampleArgs& a) {
  __shared__ typename Sampling<A>::Lds lds;
  const Sampling<A> s{lds};
  const Step step{a.step};
  const i32 n = n_rows(a.rows);
  for (i32 row = A::group_x(); row < n; row += a.grid.x) {
    const SampleParamsArgs p = step.sample(row);
    i32 token = kNoSample;
    if (p.mode == SampleMode::kAll) {
      Pick pick = s.no_pick();
      for (i32 at = 0; at < a.vocab; at += s.kChunk) {
        s.pick_four(p, s.load(a.logits + row * a.logits_stride, at, a.vocab), pick);
      }
      token = s.best_of_group(pick, p.temperature).id;
    }
    if (p.mode == SampleMode::kCandidates) {
      const i32 i = A::thread();
      const i64 from = (i64)row * a.k + i;
      const bool there = i < a.k && a.ids[from] >= 0;
      A::barrier();  // the row before is done with the list
      lds.keys[i] = there ? key_of(a.values[from], a.ids[from]) : 0;
      const auto found = (i32)sum_group<A, s.kThreads>(there ? 1.0F : 0.0F, lds.floats);
      const float total = found > 0 ? exp<A>(a.log_sums[row] - logit_of(lds.keys[0])) : 0.0F;
      token = s.choose(p, found, found < a.k || a.vocab <= a.k, total);
    }
    if (A::thread() == 0) a.y[row] = token;
  }
}

template <class A>
__device__ __inline__ void sample_fused(const SampleFusedArgs& a) {
  __shared__ typename Sampling<A>::Lds lds;
  SampleFused<A>(lds, a).run();
}

RF_KERNEL(kSampleThreads) edit_logits_rows(EditLogitsArgs a) {
  edit_logits<Arch>(a);
}
RF_KERNEL(kSampleThreads) top_k_rows(TopKArgs a) {
  top_k<Arch>(a);
}
RF_KERNEL(kSampleThreads) log_sum_exp_rows(LogSumExpArgs a) {
  log_sum_exp<Arch>(a);
}
RF_KERNEL(kSampleThreads) sample_rows(SampleArgs a) {
  sample<Arch>(a);
}
RF_KERNEL(kSampleThreads) sample_fused_rows(SampleFusedArgs a) {
  sample_fused<Arch>(a);
}

}  // namespace rocmforge::gpu
