#include "tensor/shape.h"

#include <algorithm>

#include "base/check.h"

namespace rocmforge {

Shape::Shape(std::initializer_list<std::int64_t> dims)
    : Shape(std::span<const std::int64_t>(dims.begin(), dims.size())) {}

Shape::Shape(std::span<const std::int64_t> dims) {
  check(dims.size() <= kMaxRank, "Shape: rank above 4");
  rank_ = static_cast<int>(dims.size());
  for (int i = 0; i < rank_; ++i) set(i, dims[static_cast<std::size_t>(i)]);
}

std::int64_t Shape::operator[](int i) const {
  if (i < 0) i += rank_;
  check(i >= 0 && i < rank_, "Shape: no such extent");
  return dims_[static_cast<std::size_t>(i)];
}

void Shape::set(int i, std::int64_t extent) {
  if (i < 0) i += rank_;
  check(i >= 0 && i < rank_, "Shape: no such extent");
  check(extent > 0 || extent == kRows, "Shape: an extent must be positive or kRows");
  dims_[static_cast<std::size_t>(i)] = extent;
}

bool Shape::is_symbolic() const {
  return std::find(dims_.begin(), dims_.begin() + rank_, kRows) != dims_.begin() + rank_;
}

Shape Shape::with_rows(std::int64_t n_rows) const {
  Shape shape = *this;
  for (int i = 0; i < rank_; ++i) {
    if (shape[i] == kRows) shape.set(i, n_rows);
  }
  return shape;
}

std::int64_t Shape::n_elems() const {
  std::int64_t product = 1;
  for (int i = 0; i < rank_; ++i) {
    const std::int64_t extent = dims_[static_cast<std::size_t>(i)];
    check(extent != kRows, "Shape: n_elems of a symbolic shape");
    check(!__builtin_mul_overflow(product, extent, &product), "Shape: more than 63 bits");
  }
  return product;
}

std::string to_string(const Shape& shape) {
  std::string text = "[";
  for (int i = 0; i < shape.rank(); ++i) {
    if (i > 0) text += ", ";
    text += shape[i] == kRows ? "rows" : std::to_string(shape[i]);
  }
  return text + "]";
}

}  // namespace rocmforge
