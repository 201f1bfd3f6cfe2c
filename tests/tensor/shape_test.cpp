#include "tensor/shape.h"

#include <gtest/gtest.h>

#include <vector>

#include "base/error.h"
#include "tensor/tensor_desc.h"

namespace rocmforge {
namespace {

TEST(Shape, CountsFromEitherEnd) {
  const Shape shape{2, 3, 5};
  EXPECT_EQ(shape.rank(), 3);
  EXPECT_EQ(shape[0], 2);
  EXPECT_EQ(shape[-1], 5);
  EXPECT_EQ(shape[-3], 2);
  EXPECT_EQ(shape.n_elems(), 30);
  EXPECT_EQ(to_string(shape), "[2, 3, 5]");
  EXPECT_THROW(shape[3], Error);
  EXPECT_THROW(shape[-4], Error);
  EXPECT_EQ(Shape(std::vector<std::int64_t>{2, 3, 5}), shape);
  EXPECT_NE(shape, (Shape{2, 3}));
}

TEST(Shape, OfRankZeroHasOneElement) {
  EXPECT_EQ(Shape{}.n_elems(), 1);
  EXPECT_EQ(to_string(Shape{}), "[]");
  EXPECT_THROW(Shape{}[-1], Error);
}

TEST(Shape, SymbolicRows) {
  const Shape shape{kRows, 576};
  EXPECT_TRUE(shape.is_symbolic());
  EXPECT_EQ(to_string(shape), "[rows, 576]");
  EXPECT_THROW(shape.n_elems(), Error);
  EXPECT_EQ(shape.with_rows(4), (Shape{4, 576}));
  EXPECT_FALSE(shape.with_rows(4).is_symbolic());
}

TEST(Shape, RefusesWhatIsNoExtent) {
  EXPECT_THROW((Shape{0}), Error);
  EXPECT_THROW((Shape{-2}), Error);
  EXPECT_THROW((Shape{1, 1, 1, 1, 1}), Error);
  Shape shape{3};
  EXPECT_THROW(shape.set(0, 0), Error);
  EXPECT_THROW(shape.set(1, 1), Error);
  shape.set(-1, 7);
  EXPECT_EQ(shape[0], 7);
  EXPECT_THROW((Shape{std::int64_t{1} << 32, std::int64_t{1} << 31}).n_elems(), Error);
}

TEST(TensorDesc, SaysWhatItIs) {
  const TensorDesc dense = TensorDesc::dense(DType::kQ4_0, {3, 64});
  EXPECT_TRUE(dense.is_dense());
  EXPECT_EQ(dense.n_rows(), 3);
  EXPECT_EQ(dense.bytes(), 3 * 2 * 18);
  EXPECT_EQ(to_string(dense), "Q4_0[3, 64]");
  const TensorDesc view{DType::kF32, {kRows, 576}, 960};
  EXPECT_FALSE(view.is_dense());
  EXPECT_EQ(to_string(view), "F32[rows, 576] stride 960");
}

}  // namespace
}  // namespace rocmforge
