// What a tensor is, without where it is.
#pragma once

#include <cstdint>
#include <string>

#include "tensor/dtype.h"
#include "tensor/shape.h"

namespace rocmforge {

// Rows of shape[-1] elements, contiguous within a row; `row_stride` elements from one row's start
// to the next one's (the row length when dense, more in a view of columns). The outer extents are
// dense: row i of the flattened outer extents starts at i * row_stride.
struct TensorDesc {
  DType dtype = DType::kF32;
  Shape shape;
  std::int64_t row_stride = 0;

  static TensorDesc dense(DType dtype, Shape shape) { return {dtype, shape, shape[-1]}; }
  bool is_dense() const { return row_stride == shape[-1]; }
  // Rows when flattened: the product of all extents but the last. Not of a symbolic shape.
  std::int64_t n_rows() const { return shape.n_elems() / shape[-1]; }
  // Bytes of a dense tensor of this dtype and shape.
  std::int64_t bytes() const { return bytes_of(dtype, shape.n_elems()); }

  bool operator==(const TensorDesc&) const = default;
};

std::string to_string(const TensorDesc& desc);  // "F32[rows, 576]", "F32[rows, 576] stride 960"

}  // namespace rocmforge
