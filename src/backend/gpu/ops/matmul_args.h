// Arguments of matmul_<weight type>_<rows>_<lds or mem> and matmul_<weight type>_gemm.
#pragma once

#include "backend/gpu/ops/common_args.h"

namespace rocmforge::gpu {

enum class MatMulEpilogue : i32 { kNone, kSwiGlu, kAdd };  // ir::Epilogue

struct MatMulArgs {
  RowsArgs rows;
  // The "lds" kernels read x and prepare it themselves; the others take what quantize_rows
  // left: then x is its f32 where weights are plain (or the operand itself if there is no norm).
  const float* x;
  i64 x_stride;
  const float* gain;      // [cols] F32, or null: no norm. "lds" only
  QuantizedArgs q;        // "mem" only
  const float* residual;  // kAdd; may be y
  i64 residual_stride;
  float* y;     // [n, outputs], dense
  i32 outputs;  // weight.rows, half of it for kSwiGlu
  MatMulEpilogue epilogue;
  float eps;
  i32 unused;
  WeightArgs weight;
  GridArgs grid;
};

}  // namespace rocmforge::gpu
