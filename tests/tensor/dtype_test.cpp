#include "tensor/dtype.h"

#include <gtest/gtest.h>

#include <limits>
#include <set>
#include <string>

#include "base/error.h"

namespace rocmforge {
namespace {

TEST(DType, TableIsWhole) {
  std::set<std::string_view> names;
  std::set<std::uint32_t> ids;
  for (const DType type : kAllDTypes) {
    const DTypeInfo& row = info(type);
    EXPECT_EQ(row.type, type);
    EXPECT_TRUE(names.insert(row.name).second) << row.name;
    EXPECT_TRUE(ids.insert(row.gguf_id).second) << row.name;
    EXPECT_EQ(gguf_type_name(row.gguf_id), row.name);
    EXPECT_EQ(dtype_from_gguf(row.gguf_id), type);
    EXPECT_EQ(dtype_from_name(row.name), type);
    EXPECT_EQ(is_private_gguf_id(row.gguf_id), row.name.starts_with("MXFP6"));
    EXPECT_EQ(row.decode == nullptr, type == DType::kI32);
    EXPECT_EQ(row.encode == nullptr, type == DType::kI32);
  }
}

TEST(DType, SizesOfTheFormat) {
  EXPECT_EQ(bytes_of(DType::kF32, 3), 12);
  EXPECT_EQ(bytes_of(DType::kF16, 3), 6);
  EXPECT_EQ(bytes_of(DType::kBF16, 3), 6);
  EXPECT_EQ(bytes_of(DType::kI32, 3), 12);
  EXPECT_EQ(bytes_of(DType::kQ4_0, 64), 36);
  EXPECT_EQ(bytes_of(DType::kQ4_1, 64), 40);
  EXPECT_EQ(bytes_of(DType::kQ8_0, 64), 68);
  EXPECT_EQ(bytes_of(DType::kQ6_K, 512), 420);
  EXPECT_EQ(bytes_of(DType::kMXFP4, 64), 34);
  EXPECT_EQ(bytes_of(DType::kQ5_0, 64), 44);
  EXPECT_EQ(bytes_of(DType::kQ5_1, 64), 48);
  EXPECT_EQ(bytes_of(DType::kQ2_K, 512), 168);
  EXPECT_EQ(bytes_of(DType::kQ3_K, 512), 220);
  EXPECT_EQ(bytes_of(DType::kQ4_K, 512), 288);
  EXPECT_EQ(bytes_of(DType::kQ5_K, 512), 352);
  EXPECT_EQ(bytes_of(DType::kIQ4_NL, 64), 36);
  EXPECT_EQ(bytes_of(DType::kIQ4_XS, 512), 272);
  EXPECT_EQ(bytes_of(DType::kMXFP6_E2M3, 64), 50);
  EXPECT_EQ(bytes_of(DType::kMXFP6_E3M2, 64), 50);
  EXPECT_EQ(bytes_of(DType::kQ4_0, 0), 0);
  EXPECT_THROW(bytes_of(DType::kQ4_0, 33), Error);
  EXPECT_THROW(bytes_of(DType::kF32, std::numeric_limits<std::int64_t>::max()), Error);
}

TEST(DType, Names) {
  EXPECT_EQ(dtype_from_name("q6_k"), DType::kQ6_K);
  EXPECT_EQ(dtype_from_name("Mxfp4"), DType::kMXFP4);
  EXPECT_EQ(dtype_from_name("Q6"), std::nullopt);
  EXPECT_EQ(dtype_from_name(""), std::nullopt);
  EXPECT_EQ(to_string(DType::kBF16), "BF16");
}

TEST(DType, KnowsGgmlsOtherTypes) {
  EXPECT_EQ(gguf_type_name(4), "Q4_2");
  EXPECT_EQ(gguf_type_name(16), "IQ2_XXS");
  EXPECT_EQ(gguf_type_name(24), "I8");
  EXPECT_EQ(gguf_type_name(30), "BF16");
  EXPECT_EQ(gguf_type_name(34), "TQ1_0");
  EXPECT_EQ(gguf_type_name(38), "IQ4_NL_8_8");
  EXPECT_EQ(gguf_type_name(42), "Q2_0");
  EXPECT_EQ(gguf_type_name(43), "");
  EXPECT_EQ(gguf_type_name(0xffffffff), "");
  EXPECT_EQ(dtype_from_gguf(4), std::nullopt);
  EXPECT_EQ(dtype_from_gguf(0xffffffff), std::nullopt);
}

}  // namespace
}  // namespace rocmforge
