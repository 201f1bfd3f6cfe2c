// Malformed files, each of which must be refused with the right code, naming the culprit.
#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <set>
#include <string>

#include "gguf/raw_file.h"

namespace rocmforge::gguf::test {
namespace {

constexpr auto kFormat = ErrorCode::kFormat;
constexpr auto kUnsupported = ErrorCode::kUnsupported;
constexpr std::uint64_t kMax = std::numeric_limits<std::uint64_t>::max();
constexpr std::uint32_t kTypeF32 = 0, kTypeQ4_0 = 2, kTypeI32 = 26;

RawFile start(std::uint64_t n_tensors, std::uint64_t n_keys) {
  return RawFile::start(n_tensors, n_keys);
}
RawFile bytes(std::string_view text) {
  RawFile file;
  file.text(text);
  return file;
}

TEST(HostileHeader, Magic) {
  expect_refused(RawFile(), kFormat, {"header", "empty"});
  expect_refused(bytes("GGU"), kFormat, {"header", "magic"});
  expect_refused(bytes("GGUX0000000000000000"), kFormat, {"byte 0", "not a GGUF", "'GGUX'"});
  expect_refused(bytes("\x1b[2J"), kFormat, {"\\x1b[2J"});
}

TEST(HostileHeader, OtherFormatsByName) {
  expect_refused(bytes("tjgg0000"), kFormat, {"before GGUF"});
  expect_refused(bytes("lmgg0000"), kFormat, {"before GGUF"});
  expect_refused(bytes("PK\x03\x04rest"), kFormat, {"PyTorch"});
  expect_refused(bytes("\x80\x02}q"), kFormat, {"pickle"});
  expect_refused(bytes("version https://git-lfs.github.com/spec/v1\n"), kFormat, {"LFS"});
  expect_refused(bytes("<!DOCTYPE html><html>"), kFormat, {"HTML"});
  RawFile safetensors;
  safetensors.u64(2).text("{}");
  expect_refused(safetensors, kFormat, {"safetensors"});
}

TEST(HostileHeader, Versions) {
  expect_refused(RawFile::start(0, 0, 0), kFormat, {"byte 4", "version 0"});
  expect_refused(RawFile::start(0, 0, 1), kUnsupported, {"byte 4", "version 1"});
  expect_refused(RawFile::start(0, 0, 4), kUnsupported, {"version 4"});
  expect_refused(RawFile::start(0, 0, 0xffffffff), kUnsupported, {"version 4294967295"});
  expect_refused(RawFile::start(0, 0, 0x03000000), kUnsupported, {"big-endian"});
  expect_refused(RawFile::start(0, 0, 0x02000000), kUnsupported, {"big-endian"});
  expect_parsed(RawFile::start(0, 0, 2));
  expect_parsed(RawFile::start(0, 0, 3));
}

TEST(HostileHeader, Counts) {
  expect_refused(start(kMax, 0).data(64), kFormat,
                 {"header", "byte 8", "18446744073709551615 ten"});
  expect_refused(start(0, kMax).data(64), kFormat,
                 {"header", "byte 16", "18446744073709551615 keys"});
  expect_refused(start(0, std::uint64_t{1} << 40).data(64), kFormat, {"1099511627776 keys"});
  // 33 bytes a tensor wrap round 64 bits to a small number.
  expect_refused(start(kMax / 33 + 1, 0).data(64), kFormat, {"tensors claimed"});
  expect_refused(start(std::uint64_t{1} << 59, 0).data(64), kFormat, {"tensors claimed"});
  expect_refused(start(2, 3).data(96), kFormat, {"keys claimed"});
}

TEST(HostileKey, Names) {
  expect_refused(start(0, 1).u64(kMax).data(64), kFormat,
                 {"key 1 of 1", "18446744073709551615 byt"});
  expect_refused(start(0, 1).u64(std::uint64_t{1} << 63).data(64), kFormat, {"key 1 of 1"});
  expect_refused(start(0, 1).key_u32("", 1).data(64), kFormat, {"key 1 of 1", "byte 24", "empty"});
  expect_refused(start(0, 1).key_u32(std::string(65536, 'k'), 1), kFormat, {"kkkk", "too long"});
  expect_parsed(start(0, 1).key_u32(std::string(65535, 'k'), 1));
  expect_refused(start(0, 1).key_u32(std::string_view("a\0b", 3), 1), kFormat, {"a\\x00b", "NUL"});
  for (const char* bad : {"a\xff", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82"}) {
    expect_refused(start(0, 1).key_u32(bad, 1), kFormat, {"key 1 of 1", "UTF-8"});
  }
  expect_parsed(start(0, 1).key_u32("\xe2\x82\xac", 1));
}

TEST(HostileKey, Duplicates) {
  expect_refused(start(0, 3).key_u32("a", 1).key_u32("b", 1).key_u32("a", 2), kFormat,
                 {": a:", "byte 66", "twice", "first at byte 32"});
}

TEST(HostileKey, ManyDistinctKeysAreQuick) {
  // A quadratic search for duplicates would need minutes.
  constexpr std::uint64_t kKeys = 100'000;
  RawFile file = start(0, kKeys);
  for (std::uint64_t i = 0; i < kKeys; ++i) {
    file.key(std::string(20, 'x') + std::to_string(i), kU8).u8(1);
  }
  expect_parsed(file);
}

TEST(HostileKey, Types) {
  for (const std::uint32_t type : {13u, 255u, 0xffffffffu}) {
    expect_refused(start(0, 1).key("a.b", type).u64(0), kFormat,
                   {": a.b:", "type is " + std::to_string(type)});
    expect_refused(start(0, 1).key("a.b", kArray).u32(type).u64(0), kFormat, {": a.b:"});
  }
}

TEST(HostileKey, ArraysOfArrays) {
  expect_refused(start(0, 1).key("deep", kArray).u32(kArray).u64(1).u32(kU8).u64(0), kUnsupported,
                 {": deep:", "array of arrays"});
  RawFile file = start(0, 1).key("deep", kArray);
  for (int i = 0; i < 10'000; ++i) file.u32(kArray).u64(1);
  expect_refused(file.u32(kU8).u64(0), kUnsupported, {": deep:", "array of arrays"});
}

TEST(HostileKey, ArrayLengths) {
  const auto array = [](std::uint32_t type, std::uint64_t n) {
    return start(0, 1).key("list", kArray).u32(type).u64(n).data(64);
  };
  expect_refused(array(kU64, std::uint64_t{1} << 61), kFormat, {": list:", "2305843009213693952"});
  expect_refused(array(kF64, kMax), kFormat, {": list:"});
  expect_refused(array(kU8, kMax), kFormat, {": list:"});
  expect_refused(array(kString, std::uint64_t{1} << 30), kFormat, {": list:", "1073741824 string"});
  expect_refused(array(kString, kMax), kFormat, {": list:"});
  expect_refused(array(kI16, 1000), kFormat, {": list:", "1000 i16"});
}

TEST(HostileKey, StringLengths) {
  const auto string = [](std::uint64_t n) {
    return start(0, 1).key("text", kString).u64(n).text("0123456789");
  };
  expect_parsed(string(10));
  expect_refused(string(11), kFormat, {": text:", "11 bytes wanted, 10 left"});
  expect_refused(string(kMax), kFormat, {": text:", "18446744073709551615 bytes"});
  expect_refused(string(kMax - 7), kFormat, {": text:"});
  expect_refused(start(0, 1).key("list", kArray).u32(kString).u64(2).string("a").u64(kMax).u64(0),
                 kFormat, {": list:", "array's strings"});
}

TEST(HostileKey, Bools) {
  expect_parsed(start(0, 1).key("flag", kBool).u8(1));
  expect_refused(start(0, 1).key("flag", kBool).u8(2), kFormat, {": flag:", "value 2"});
  expect_refused(start(0, 1).key("flags", kArray).u32(kBool).u64(3).u8(1).u8(0).u8(255), kFormat,
                 {": flags:", "bools"});
}

TEST(HostileKey, StringValuesMayHoldAnyBytes) {
  expect_parsed(start(0, 1)
                    .key("tokens", kArray)
                    .u32(kString)
                    .u64(2)
                    .string("\xff\xfe")
                    .string(std::string_view("a\0b", 3)));
}

TEST(HostileAlignment, Values) {
  for (const std::uint32_t bad : {0u, 1u, 4u, 13u, 48u, 0xffffffffu}) {
    expect_refused(start(0, 1).key_u32("general.alignment", bad), kFormat,
                   {": general.alignment:", "is " + std::to_string(bad) + ","});
  }
  for (const std::uint32_t good : {8u, 16u, 64u, 4096u, 0x80000000u}) {
    expect_parsed(start(0, 1).key_u32("general.alignment", good));
  }
  expect_refused(
      start(1, 1).key_u32("general.alignment", 0x80000000u).tensor("w", {8}, kTypeF32, 0).data(64),
      kFormat, {": w:", "alignment 2147483648", "past the end"});
  expect_refused(start(0, 1).key("general.alignment", kI32).u32(32), kFormat,
                 {": general.alignment:", "i32, not u32"});
  expect_refused(start(0, 1).key("general.alignment", kString).string("32"), kFormat,
                 {": general.alignment:", "string, not u32"});
  expect_refused(start(0, 1).key("general.alignment", kU64).u64(32), kFormat, {"u64, not u32"});
}

RawFile one_tensor(std::string_view name, std::initializer_list<std::int64_t> ne,
                   std::uint32_t type, std::uint64_t offset, std::size_t n_bytes = 1024) {
  return start(1, 0).tensor(name, ne, type, offset).data(n_bytes);
}

TEST(HostileTensor, Names) {
  expect_parsed(one_tensor(std::string(63, 'n'), {8}, kTypeF32, 0));
  expect_refused(one_tensor(std::string(64, 'n'), {8}, kTypeF32, 0), kFormat, {"nnnn", "too long"});
  expect_refused(one_tensor("", {8}, kTypeF32, 0), kFormat, {"tensor 1 of 1", "empty"});
  expect_refused(one_tensor(std::string_view("a\0b", 3), {8}, kTypeF32, 0), kFormat, {"NUL"});
  expect_refused(one_tensor("a\x80", {8}, kTypeF32, 0), kFormat, {"a\\x80", "UTF-8"});
  expect_refused(start(1, 0).u64(kMax).data(64), kFormat, {"tensor 1 of 1"});
  expect_refused(start(2, 0).tensor("w", {8}, kTypeF32, 0).tensor("w", {8}, kTypeF32, 32).data(64),
                 kFormat, {": w:", "tensor occurs twice"});
}

TEST(HostileTensor, Dimensions) {
  for (const std::uint32_t rank : {0u, 5u, 0xffffffffu}) {
    RawFile file = start(1, 0).string("w").u32(rank);
    for (int i = 0; i < 5; ++i) file.u64(1);
    expect_refused(file.u32(kTypeF32).u64(0).data(64), kFormat,
                   {": w:", "has " + std::to_string(rank) + " dimensions"});
  }
  expect_refused(one_tensor("w", {0}, kTypeF32, 0), kFormat, {": w:", "extent 0 is 0"});
  expect_refused(one_tensor("w", {8, 0}, kTypeF32, 0), kFormat, {": w:", "extent 1 is 0"});
  expect_refused(one_tensor("w", {-1}, kTypeF32, 0), kFormat, {": w:", "extent 0 is -1"});
  expect_parsed(one_tensor("w", {8, 4, 2, 1}, kTypeF32, 0));
}

TEST(HostileTensor, Products) {
  constexpr std::int64_t k32 = std::int64_t{1} << 32;
  constexpr std::int64_t k62 = std::int64_t{1} << 62;
  expect_refused(one_tensor("w", {k32, k32, 1}, kTypeF32, 0), kFormat, {": w:", "overflows 63"});
  expect_refused(one_tensor("w", {k62, 4}, kTypeF32, 0), kFormat, {": w:", "overflows 63"});
  // The elements fit 63 bits, their bytes do not.
  expect_refused(one_tensor("w", {k62}, kTypeF32, 0), kFormat, {": w:", "overflows"});
  expect_refused(one_tensor("w", {k62 - 1, 1, 1}, kTypeF32, 0), kFormat, {": w:", "overflows"});
  expect_refused(one_tensor("w", {k62 / 4}, kTypeF32, 0), kFormat, {": w:", "past the end"});
}

TEST(HostileTensor, Blocks) {
  expect_parsed(one_tensor("w", {64, 3}, kTypeQ4_0, 0));
  expect_refused(one_tensor("w", {33}, kTypeQ4_0, 0), kFormat, {": w:", "33 elements", "Q4_0"});
  // The product is a multiple of the block, the row is not.
  expect_refused(one_tensor("w", {16, 2}, kTypeQ4_0, 0), kFormat, {": w:", "16 elements"});
}

// The two MXFP6 are ours, and so not to be read from files that do not say so.
TEST(HostileTensor, PrivateTypes) {
  constexpr std::uint32_t kE2M3 = 0x52460001, kUnknown = 0x5246ffff;
  const auto file = [](std::uint64_t n_keys) { return start(1, n_keys); };
  const auto refused = [](RawFile f, std::uint32_t type, std::string_view what) {
    f.tensor("w", {32}, type, 0).data(32);
    expect_refused(f, kUnsupported, {": w:", "rocmforge.mx_types is 1", what});
  };
  refused(file(0), kE2M3, "its type MXFP6_E2M3 (1380319233)");
  refused(file(0), 0x52460002, "MXFP6_E3M2 (1380319234)");
  refused(file(1).key_u32("rocmforge.mx_types", 2), kE2M3, "MXFP6_E2M3");
  refused(file(1).key_u32("rocmforge.mx_types", 1), kUnknown, "does not know it");
  expect_parsed(file(1).key_u32("rocmforge.mx_types", 1).tensor("w", {32}, kE2M3, 0).data(32));
}

TEST(HostileTensor, Types) {
  for (const std::uint32_t type : {43u, 255u, 0xffffffffu}) {
    expect_refused(one_tensor("w", {8}, type, 0), kFormat, {": w:", std::to_string(type)});
  }
  // Types that ggml has or had, but that are not run here.
  for (std::uint32_t type = 0; type < 43; ++type) {
    if (dtype_from_gguf(type)) continue;
    const std::string named = "its type " + std::string(gguf_type_name(type)) + " (";
    const bool removed = std::set<std::uint32_t>{4, 5, 31, 32, 33, 36, 37, 38}.contains(type);
    const std::string why = removed ? "convert the model again" : "not supported";
    expect_refused(one_tensor("w", {256}, type, 0), kUnsupported, {": w:", named, why});
  }
  for (const char* name :
       {"Q4_2", "Q4_3", "IQ2_XXS", "IQ2_XS", "IQ3_XXS", "IQ1_S", "IQ3_S", "IQ2_S", "IQ1_M", "TQ1_0",
        "TQ2_0", "NVFP4", "IQ4_NL_4_4", "I8", "Q8_1", "Q8_K"}) {
    EXPECT_FALSE(dtype_from_name(name)) << name;
  }
  expect_parsed(one_tensor("w", {8}, kTypeI32, 0));
}

TEST(HostileTensor, Offsets) {
  expect_refused(one_tensor("w", {8}, kTypeF32, 1), kFormat,
                 {": w:", "offset 1 ", "alignment, 32"});
  expect_refused(one_tensor("w", {8}, kTypeF32, 16), kFormat, {": w:", "offset 16 "});
  expect_refused(one_tensor("w", {8}, kTypeF32, kMax), kFormat, {": w:", "18446744073709551615"});
  // Aligned, but start or end wraps round 64 bits.
  expect_refused(one_tensor("w", {8}, kTypeF32, kMax - 31), kFormat, {": w:", "64 bits"});
  expect_refused(one_tensor("w", {1 << 20}, kTypeF32, kMax - 0xffff), kFormat, {": w:", "64 bits"});
  const auto two = [](std::uint64_t second) {
    return start(2, 0).tensor("a", {16}, kTypeF32, 0).tensor("b", {16}, kTypeF32, second).data(512);
  };
  expect_parsed(two(64));
  expect_parsed(two(256));  // a gap
  expect_refused(two(32), kFormat, {": b:", "overlaps that of 'a'"});
  expect_refused(two(0), kFormat, {"overlaps"});
}

TEST(HostileTensor, PastTheEnd) {
  expect_parsed(one_tensor("w", {16}, kTypeF32, 0, 64));
  expect_refused(one_tensor("w", {16}, kTypeF32, 0, 63), kFormat, {": w:", "past the end", "127"});
  expect_refused(one_tensor("w", {16}, kTypeF32, 64, 64), kFormat, {": w:", "past the end"});
  expect_refused(start(1, 0).tensor("w", {16}, kTypeF32, 0), kFormat, {": w:", "past the end"});
}

TEST(HostileTensor, SumOfSizesWraps) {
  // Two tensors of nearly 2^63 bytes: their sum wraps to a small number.
  constexpr std::int64_t kHuge = 0x7fffffffffffffc0;
  expect_refused(start(2, 0).tensor("a", {kHuge}, 24, 0).tensor("b", {kHuge}, 24, kHuge).data(64),
                 kUnsupported, {": a:", "I8"});
  expect_refused(start(2, 0)
                     .tensor("a", {kHuge / 4}, kTypeF32, 0)
                     .tensor("b", {kHuge / 4}, kTypeF32, kHuge)
                     .data(64),
                 kFormat, {": a:", "past the end"});
}

}  // namespace
}  // namespace rocmforge::gguf::test
