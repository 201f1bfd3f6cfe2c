#include "gguf/file.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>

#include "gguf/raw_file.h"
#include "gguf/reader.h"

namespace rocmforge::gguf::test {
namespace {

// One key of each type.
RawFile every_type(std::uint32_t version = 3) {
  RawFile file = RawFile::start(0, 17, version);
  file.key("u8", kU8).u8(200);
  file.key("i8", kI8).put(std::int8_t{-100});
  file.key("u16", kU16).put(std::uint16_t{60000});
  file.key("i16", kI16).put(std::int16_t{-30000});
  file.key("u32", kU32).u32(4000000000u);
  file.key("i32", kI32).put(std::int32_t{-2000000000});
  file.key("u64", kU64).u64(18000000000000000000u);
  file.key("i64", kI64).put(std::int64_t{-9000000000000000000});
  file.key("f32", kF32).put(1.5f);
  file.key("f64", kF64).put(1e300);
  file.key("bool", kBool).u8(1);
  file.key("string", kString).string("two words");
  file.key("strings", kArray).u32(kString).u64(3).string("a").string("").string("ccc");
  file.key("i16s", kArray).u32(kI16).u64(2).put(std::int16_t{-1}).put(std::int16_t{7});
  file.key("u64s", kArray).u32(kU64).u64(2).u64(1).u64(std::uint64_t{1} << 63);
  file.key("f32s", kArray).u32(kF32).u64(2).put(0.5f).put(-3.0f);
  file.key("f64s", kArray).u32(kF64).u64(2).put(0.25).put(1e300);
  return file;
}

class Lookup : public ::testing::Test {
 protected:
  template <class F>
  void expect_format_error(F f, std::string_view key, std::string_view part) {
    try {
      f();
      ADD_FAILURE() << key << ": no error";
    } catch (const Error& e) {
      const std::string message = e.what();
      EXPECT_EQ(e.code(), ErrorCode::kFormat);
      EXPECT_NE(message.find("[gguf] m.gguf: " + std::string(key) + ": "), std::string::npos)
          << message;
      EXPECT_NE(message.find(part), std::string::npos) << message;
    }
  }

  RawFile raw_ = every_type();
  Counters counters_;
  File file_ = parse(raw_.bytes(), "m.gguf", counters_);
};

TEST_F(Lookup, KeepsOrderAndTypes) {
  ASSERT_EQ(file_.metadata().size(), 17u);
  EXPECT_EQ(file_.metadata()[0].key, "u8");
  EXPECT_EQ(file_.metadata()[16].key, "f64s");
  EXPECT_EQ(file_.find("i16")->type, ValueType::kI16);
  EXPECT_EQ(std::get<std::int64_t>(file_.find("i16")->value), -30000);
  EXPECT_EQ(file_.find("none"), nullptr);
  EXPECT_EQ(file_.find_tensor("none"), nullptr);
  EXPECT_EQ(counters_.read().file_parses, 1u);
}

TEST_F(Lookup, Integers) {
  EXPECT_EQ(file_.get_u64("u8"), 200u);
  EXPECT_EQ(file_.get_u64("u16"), 60000u);
  EXPECT_EQ(file_.get_u64("u32"), 4000000000u);
  EXPECT_EQ(file_.get_u64("u64"), 18000000000000000000u);
  EXPECT_EQ(file_.get_u64("none"), std::nullopt);
  expect_format_error([&] { file_.get_u64("i8"); }, "i8", "is -100 (i8)");
  expect_format_error([&] { file_.get_u64("f32"); }, "f32", "f32");
  expect_format_error([&] { file_.get_u64("bool"); }, "bool", "of type bool, a non-negative");
  expect_format_error([&] { file_.get_u64("i16s"); }, "i16s", "array of i16");
}

TEST_F(Lookup, OtherScalars) {
  EXPECT_EQ(file_.get_f64("f32"), 1.5);
  EXPECT_EQ(file_.get_f64("f64"), 1e300);
  EXPECT_EQ(file_.get_f64("i32"), -2e9);
  EXPECT_EQ(file_.get_f64("u16"), 60000.0);
  EXPECT_EQ(file_.get_bool("bool"), true);
  EXPECT_EQ(file_.get_string("string"), "two words");
  EXPECT_EQ(file_.get_f64("none"), std::nullopt);
  EXPECT_EQ(file_.get_bool("none"), std::nullopt);
  EXPECT_EQ(file_.get_string("none"), std::nullopt);
  expect_format_error([&] { file_.get_f64("string"); }, "string", "of type string, a number");
  expect_format_error([&] { file_.get_bool("u8"); }, "u8", "of type u8, a bool");
  expect_format_error([&] { file_.get_string("strings"); }, "strings", "array of string");
}

TEST_F(Lookup, Arrays) {
  EXPECT_EQ(file_.get_strings("strings"), (std::vector<std::string_view>{"a", "", "ccc"}));
  EXPECT_EQ(file_.get_ints("i16s"), (std::vector<std::int64_t>{-1, 7}));
  EXPECT_EQ(file_.get_floats("f32s"), (std::vector<float>{0.5f, -3.0f}));
  EXPECT_EQ(file_.get_ints("none"), std::nullopt);
  EXPECT_EQ(file_.get_strings("none"), std::nullopt);
  EXPECT_EQ(file_.get_floats("none"), std::nullopt);
  expect_format_error([&] { file_.get_ints("u64s"); }, "u64s", "9223372036854775808");
  expect_format_error([&] { file_.get_floats("f64s"); }, "f64s", "does not fit a float");
  expect_format_error([&] { file_.get_ints("f32s"); }, "f32s", "array of f32, an array of int");
  expect_format_error([&] { file_.get_floats("i16s"); }, "i16s", "array of i16");
  expect_format_error([&] { file_.get_strings("string"); }, "string", "of type string, an array");
  expect_format_error([&] { file_.get_ints("u8"); }, "u8", "of type u8, an array");
}

TEST(File, VersionTwoReadsAlike) {
  const RawFile raw = every_type(2);
  Counters counters;
  const File file = parse(raw.bytes(), "m.gguf", counters);
  EXPECT_EQ(file.version(), 2u);
  EXPECT_EQ(file.get_u64("u32"), 4000000000u);
  EXPECT_EQ(file.get_strings("strings")->at(2), "ccc");
}

TEST(File, PlacesTensors) {
  RawFile raw = RawFile::start(2, 1);
  raw.key_u32("general.alignment", 64);
  raw.tensor("a", {5, 3}, 0, 0).tensor("b", {32, 1, 2}, 2, 64).data(0, 64);
  const std::size_t start = raw.bytes().size();
  for (std::uint8_t i = 0; i < 100; ++i) raw.u8(i);
  Counters counters;
  const File file = parse(raw.bytes(), "m.gguf", counters);
  EXPECT_EQ(file.alignment(), 64u);
  ASSERT_EQ(file.tensors().size(), 2u);
  const TensorInfo& a = *file.find_tensor("a");
  EXPECT_EQ(a.shape, (Shape{3, 5}));
  EXPECT_EQ(a.dtype, DType::kF32);
  EXPECT_EQ(a.offset, start);
  EXPECT_EQ(a.n_bytes, 60u);
  const TensorInfo& b = *file.find_tensor("b");
  EXPECT_EQ(b.shape, (Shape{2, 1, 32}));
  EXPECT_EQ(b.n_bytes, 36u);
  ASSERT_EQ(file.data(b).size(), 36u);
  EXPECT_EQ(file.data(b)[0], std::byte{64});
  EXPECT_EQ(file.data(b)[35], std::byte{99});
}

TEST(File, TypeNames) {
  EXPECT_EQ(to_string(ValueType::kU8), "u8");
  EXPECT_EQ(to_string(ValueType::kString), "string");
  EXPECT_EQ(to_string(ValueType::kArray), "array");
  EXPECT_EQ(to_string(ValueType::kF64), "f64");
}

}  // namespace
}  // namespace rocmforge::gguf::test
