// embed: y[i] = table[tokens[i]], widened to F32. tokens [n], table [vocab, cols] in planes
// -> y [n, cols]. Bound by the launch; then by reading the rows. A token of -1 - k is what the last
// head run chose for its row k, or 0 where it chose none; one outside the table gives NaN.
#include "backend/gpu/device/arch/arch.h"
#include "backend/gpu/device/rows.h"
#include "backend/gpu/device/weights.h"
#include "backend/gpu/ops/embed_args.h"

namespace rocmforge::gpu {

template <class A>
__device__ __inline__ void embed(const EmbedArgs& a) {
  for_elements<A>(a.grid, n_rows(a.rows), a.table.cols, [&](i32 row, i32 c) {
    i32 token = A::uniform(a.tokens[row]);  // a workgroup has one row at a time
    if (token < 0 && -1 - token < a.n_sampled) {
      token = max_of(0, A::uniform(a.sampled[-1 - token]));
    }
    float y = __builtin_nanf("");
    if (token >= 0 && token < a.table.rows) {
      const SegmentArgs& s = a.table.segments[segment_of(a.table, token)];
      with_type(s.type, [&](auto type) {
        y = type.value(row_in<decltype(type)>(s, token - s.begin, a.table.cols), c);
      });
    }
    a.y[(i64)row * a.table.cols + c] = y;
  });
}

RF_KERNEL(kRowThreads) embed_rows(EmbedArgs a) {
  embed<Arch>(a);
}

}  // namespace rocmforge::gpu
