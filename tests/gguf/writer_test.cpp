#include "gguf/writer.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "base/error.h"
#include "base/mapped_file.h"
#include "gguf/raw_file.h"
#include "gguf/reader.h"
#include "support/data.h"
#include "support/temp_dir.h"

namespace rocmforge::gguf::test {
namespace {

ErrorCode code_of(const std::function<void()>& f) {
  try {
    f();
  } catch (const Error& e) {
    return e.code();
  }
  ADD_FAILURE() << "no error";
  return ErrorCode::kInternal;
}

std::vector<std::byte> numbered(std::size_t n) {
  std::vector<std::byte> bytes(n);
  for (std::size_t i = 0; i < n; ++i) bytes[i] = static_cast<std::byte>(i);
  return bytes;
}

TEST(Writer, WhatIsWrittenIsRead) {
  for (const std::uint32_t version : {2u, 3u}) {
    Writer writer(version);
    writer.add_u32("u32", 7);
    writer.add_u64("u64", std::uint64_t{1} << 40);
    writer.add_i32("i32", -7);
    writer.add_f32("f32", 0.1f);
    writer.add_bool("bool", false);
    writer.add_string("string", "text");
    writer.add_strings("strings", {"a", "bc"});
    writer.add_i32s("i32s", {1, -2});
    writer.add_f32s("f32s", {0.5f});
    writer.add_f32s("none", {});
    writer.add_tensor("a", DType::kF32, {3, 5}, numbered(60));
    writer.add_tensor("b", DType::kQ8_0, {2, 1, 32}, numbered(68));
    const std::vector<std::byte> bytes = writer.bytes();
    Counters counters;
    const File file = parse(bytes, "m", counters);
    EXPECT_EQ(file.version(), version);
    EXPECT_EQ(file.alignment(), 32u);
    EXPECT_EQ(file.find("general.alignment"), nullptr);
    EXPECT_EQ(file.get_u64("u32"), 7u);
    EXPECT_EQ(file.get_u64("u64"), std::uint64_t{1} << 40);
    EXPECT_EQ(std::get<std::int64_t>(file.find("i32")->value), -7);
    EXPECT_EQ(file.get_f64("f32"), double{0.1f});
    EXPECT_EQ(file.get_bool("bool"), false);
    EXPECT_EQ(file.get_string("string"), "text");
    EXPECT_EQ(file.get_strings("strings"), (std::vector<std::string_view>{"a", "bc"}));
    EXPECT_EQ(file.get_ints("i32s"), (std::vector<std::int64_t>{1, -2}));
    EXPECT_EQ(file.get_floats("f32s"), (std::vector<float>{0.5f}));
    EXPECT_EQ(file.get_floats("none"), std::vector<float>{});
    EXPECT_EQ(file.find_tensor("a")->shape, (Shape{3, 5}));
    EXPECT_EQ(file.find_tensor("b")->shape, (Shape{2, 1, 32}));
    EXPECT_EQ(file.find_tensor("b")->dtype, DType::kQ8_0);
    const auto b = file.data(*file.find_tensor("b"));
    EXPECT_EQ(std::vector<std::byte>(b.begin(), b.end()), numbered(68));
  }
}

TEST(Writer, KeepsTheAlignment) {
  for (const std::uint32_t alignment : {8u, 64u, 4096u}) {
    Writer writer;
    writer.set_alignment(alignment);
    writer.add_tensor("a", DType::kF32, {3}, numbered(12));
    writer.add_tensor("b", DType::kF32, {1}, numbered(4));
    const std::vector<std::byte> bytes = writer.bytes();
    EXPECT_EQ(bytes.size() % alignment, 0u);
    Counters counters;
    const File file = parse(bytes, "m", counters);
    EXPECT_EQ(file.alignment(), alignment);
    for (const TensorInfo& tensor : file.tensors()) EXPECT_EQ(tensor.offset % alignment, 0u);
  }
}

TEST(Writer, CopiesKeysOfEveryType) {
  RawFile raw = RawFile::start(0, 12);
  raw.key("u8", kU8).u8(200).key("i8", kI8).put(std::int8_t{-100});
  raw.key("u16", kU16).put(std::uint16_t{60000}).key("i16", kI16).put(std::int16_t{-30000});
  raw.key("u64", kU64).u64(1).key("i64", kI64).put(std::int64_t{-1});
  raw.key("f32", kF32).put(1.5f).key("f64", kF64).put(1e300).key("bool", kBool).u8(1);
  raw.key("string", kString).string("s");
  raw.key("strings", kArray).u32(kString).u64(2).string("a").string("");
  raw.key("u16s", kArray).u32(kU16).u64(2).put(std::uint16_t{1}).put(std::uint16_t{2});
  Counters counters;
  const File file = parse(raw.bytes(), "m", counters);
  Writer writer;
  for (const KeyValue& entry : file.metadata()) writer.add(entry);
  // Without tensors and alignment the copy is the same but for the padding at its end.
  std::vector<std::byte> expected = raw.bytes();
  expected.resize((expected.size() + 31) / 32 * 32);
  EXPECT_EQ(writer.bytes(), expected);
}

TEST(Writer, CopiesARealModel) {
  const std::string path = rocmforge::test::data_file("models/stories260K.gguf");
  ROCMFORGE_NEED_DATA(path, "models/stories260K.gguf");
  const MappedFile mapped(path);
  Counters counters;
  const File file = parse(mapped.bytes(), path, counters);
  Writer writer(file.version());
  for (const KeyValue& entry : file.metadata()) writer.add(entry);
  for (const TensorInfo& tensor : file.tensors()) {
    const auto data = file.data(tensor);
    writer.add_tensor(tensor.name, tensor.dtype, tensor.shape, {data.begin(), data.end()});
  }
  const rocmforge::test::TempDir dir;
  writer.write(dir.file("copy.gguf"));
  const MappedFile again(dir.file("copy.gguf"));
  const File copy = parse(again.bytes(), again.path(), counters);
  ASSERT_EQ(copy.metadata().size(), file.metadata().size());
  ASSERT_EQ(copy.tensors().size(), file.tensors().size());
  for (const TensorInfo& tensor : file.tensors()) {
    const TensorInfo* other = copy.find_tensor(tensor.name);
    ASSERT_NE(other, nullptr) << tensor.name;
    EXPECT_EQ(other->shape, tensor.shape);
    EXPECT_TRUE(std::ranges::equal(copy.data(*other), file.data(tensor))) << tensor.name;
  }
}

TEST(Writer, RefusesWhatTheReaderWould) {
  Writer writer;
  writer.add_u32("a", 1);
  writer.add_tensor("t", DType::kF32, {1}, numbered(4));
  constexpr auto kInvalid = ErrorCode::kInvalidArgument;
  EXPECT_EQ(code_of([&] { writer.add_u32("a", 2); }), kInvalid);
  EXPECT_EQ(code_of([&] { writer.add_u32("", 2); }), kInvalid);
  EXPECT_EQ(code_of([&] { writer.add_u32("general.alignment", 32); }), kInvalid);
  EXPECT_EQ(code_of([&] { writer.set_alignment(13); }), kInvalid);
  EXPECT_EQ(code_of([&] { writer.add_tensor("t", DType::kF32, {1}, numbered(4)); }), kInvalid);
  EXPECT_EQ(
      code_of([&] { writer.add_tensor(std::string(64, 'n'), DType::kF32, {1}, numbered(4)); }),
      kInvalid);
  EXPECT_EQ(code_of([&] { writer.add_tensor("u", DType::kF32, {2}, numbered(4)); }),
            ErrorCode::kInternal);
  EXPECT_EQ(code_of([&] { writer.add_tensor("u", DType::kQ4_0, {2, 16}, numbered(18)); }),
            ErrorCode::kInternal);
}

TEST(Writer, LeavesNothingBehindWhenItFails) {
  const rocmforge::test::TempDir dir;
  Writer writer;
  EXPECT_EQ(code_of([&] { writer.write(dir.file("no/such/folder.gguf")); }), ErrorCode::kIo);
  std::filesystem::create_directory(dir.file("taken"));
  EXPECT_EQ(code_of([&] { writer.write(dir.file("taken")); }), ErrorCode::kIo);
  EXPECT_FALSE(std::filesystem::exists(dir.file("taken.partial")));
}

TEST(Writer, DeclaredTensorsHaveTheirPlace) {
  Writer whole, head;
  const Shape shape{3, 32};
  const auto data = numbered(static_cast<std::size_t>(bytes_of(DType::kQ4_0, shape.n_elems())));
  for (Writer* w : {&whole, &head}) w->add_tensor("a", DType::kF32, Shape{3}, numbered(12));
  whole.add_tensor("b", DType::kQ4_0, shape, data);
  whole.add_tensor("c", DType::kQ4_0, shape, data);
  head.declare_tensor("b", DType::kQ4_0, shape);
  head.declare_tensor("c", DType::kQ4_0, shape);

  const auto all = whole.bytes(), start = head.bytes();
  EXPECT_EQ(head.file_bytes(), all.size());
  EXPECT_EQ(whole.file_bytes(), all.size());
  ASSERT_LT(start.size(), all.size());
  EXPECT_TRUE(std::equal(start.begin(), start.end(), all.begin()));

  Counters counters;
  const File read = parse(all, "whole", counters);
  const File part = parse_head(start, head.file_bytes(), "head", counters);
  EXPECT_EQ(counters.read().file_parses, 2u);
  ASSERT_EQ(part.tensors().size(), 3u);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(part.tensors()[i].offset, read.tensors()[i].offset);
    EXPECT_EQ(part.has_data(part.tensors()[i]), i == 0);
    EXPECT_TRUE(read.has_data(read.tensors()[i]));
  }
  EXPECT_EQ(code_of([&] { part.data(part.tensors()[1]); }), ErrorCode::kInternal);
  EXPECT_EQ(code_of([&] { parse_head(start, all.size() - 64, "cut", counters); }),
            ErrorCode::kFormat);
  EXPECT_EQ(code_of([&] { head.write("/nowhere"); }), ErrorCode::kInternal);
  EXPECT_EQ(code_of([&] { head.add_tensor("d", DType::kF32, Shape{3}, numbered(12)); }),
            ErrorCode::kInternal);
}

TEST(Writer, PrivateTypesAreAnnounced) {
  Writer plain, mx;
  plain.add_tensor("w", DType::kMXFP4, {32}, numbered(17));
  mx.add_tensor("w", DType::kMXFP6_E3M2, {2, 32}, numbered(50));
  Counters counters;
  const auto bytes = mx.bytes(), plain_bytes = plain.bytes();
  const File file = parse(bytes, "mx", counters);
  EXPECT_EQ(file.get_u64(kMxTypesKey), 1u);
  EXPECT_EQ(file.find_tensor("w")->dtype, DType::kMXFP6_E3M2);
  EXPECT_EQ(parse(plain_bytes, "plain", counters).find(kMxTypesKey), nullptr);
  // Copied to a file without such tensors, the key does not come along.
  Writer copy;
  copy.add(*file.find(kMxTypesKey));
  const auto copy_bytes = copy.bytes();
  EXPECT_EQ(parse(copy_bytes, "copy", counters).find(kMxTypesKey), nullptr);
  EXPECT_EQ(code_of([&] { copy.add_u32(kMxTypesKey, 1); }), ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace rocmforge::gguf::test
