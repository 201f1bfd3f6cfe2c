// Plans of the ops that go row by row: one launch each, exact for the bucket's rows up to what
// fills the card; the kernels stride over what is left, and stop at the step's rows.
#pragma once

#include <cstdint>

#include "backend/gpu/ops/launch.h"
#include "tensor/dtype.h"

namespace rocmforge::gpu {

// Of the result: rows of the bucket (flattened outer extents) and columns.
struct RowsShape {
  std::int64_t rows = 1, cols = 1;
};

Launch plan_embed(const RowsShape& y, const ArchInfo& arch);
Launch plan_add(const RowsShape& y, const ArchInfo& arch);  // accumulate too
Launch plan_scale(const RowsShape& y, const ArchInfo& arch);
Launch plan_swiglu(const RowsShape& y, const ArchInfo& arch);
Launch plan_mask(const RowsShape& y, const ArchInfo& arch);
Launch plan_copy(const RowsShape& y, const ArchInfo& arch);
Launch plan_rows(const RowsShape& y, const ArchInfo& arch);
Launch plan_rope(const RowsShape& y, const ArchInfo& arch);
Launch plan_softmax(const RowsShape& y, const ArchInfo& arch);
// `length`: of the gain; cols is a multiple of it.
Launch plan_rms_norm(const RowsShape& y, std::int64_t length, const ArchInfo& arch);
Launch plan_prepare(const RowsShape& x, const ArchInfo& arch);

// k: [rows, n_kv_heads * head_dim]; kv is F16 or F32 (checked), as below.
Launch plan_kv_write(const RowsShape& k, DType kv, const ArchInfo& arch);
// Rows of the step.
Launch plan_attention_scores(std::int64_t rows, std::int64_t n_heads, DType kv,
                             const ArchInfo& arch);
Launch plan_attention_values(std::int64_t rows, std::int64_t n_heads, DType kv,
                             const ArchInfo& arch);

}  // namespace rocmforge::gpu
