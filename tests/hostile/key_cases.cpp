// Keys and their values.
#include <limits>

#include "hostile/cases.h"

namespace rocmforge::test {
namespace {

using namespace gguf::test;

constexpr std::uint64_t kMax = std::numeric_limits<std::uint64_t>::max();

RawFile key(std::string_view name, std::uint32_t type) {
  return RawFile().key(name, type);
}
RawFile array(std::uint32_t type, std::uint64_t n) {
  return key("x.list", kArray).u32(type).u64(n);
}
std::function<Bytes()> named(std::string_view name) {
  return with_raw_key(RawFile().key_u32(name, 1));
}
std::function<Bytes()> alignment(std::uint32_t value) {
  return with_raw_key(RawFile().key_u32("general.alignment", value));
}

}  // namespace

Cases key_cases() {
  RawFile nested = array(kArray, 1);
  for (int i = 0; i < 10'000; ++i) nested.u32(kArray).u64(1);
  RawFile bools = array(kBool, 3);
  bools.u8(1).u8(0).u8(2);
  return {
      {"name_of_2_to_64_less_1", with_raw_key(RawFile().u64(kMax)),
       "[gguf] @: key 1 of 18: byte 32: the file ends within the key's name: 18446744073709551615 "
       "bytes wanted, 119136 left"},
      {"name_of_2_to_63", with_raw_key(RawFile().u64(std::uint64_t{1} << 63)),
       "[gguf] @: key 1 of 18: byte 32: the file ends within the key's name: 9223372036854775808 "
       "bytes wanted, 119136 left"},
      {"name_empty", named(""), "[gguf] @: key 1 of 18: byte 24: its name '' is empty"},
      {"name_of_65536", named(std::string(65536, 'k')),
       "[gguf] @: key 1 of 18: byte 24: its name "
       "'kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk"
       "kkkkkkkkkk...' is too long"},
      {"name_with_nul", named(std::string_view("a\0b", 3)),
       "[gguf] @: key 1 of 18: byte 24: its name 'a\\x00b' contains a NUL"},
      {"name_not_utf8", named("caf\xe9"),
       "[gguf] @: key 1 of 18: byte 24: its name 'caf\\xe9' is not valid UTF-8"},
      {"name_overlong_utf8", named("a\xc0\xaf"),
       "[gguf] @: key 1 of 18: byte 24: its name 'a\\xc0\\xaf' is not valid UTF-8"},
      {"name_of_a_surrogate", named("\xed\xa0\x80"),
       "[gguf] @: key 1 of 18: byte 24: its name '\\xed\\xa0\\x80' is not valid UTF-8"},
      {"name_that_steers_the_terminal_twice", with_raw_key(RawFile().key("a\x1b[2J\nb", 13).u32(1)),
       "[gguf] @: a\\x1b[2J\\x0ab: byte 39: the value's type is 13, which is none"},
      {"duplicate", named("llama.block_count"),
       "[gguf] @: llama.block_count: byte 146: the key occurs twice, first at byte 32"},
      {"duplicate_architecture", with_raw_key(key("general.architecture", kString).string("qwen2")),
       "[gguf] @: general.architecture: byte 77: the key occurs twice, first at byte 32"},
      {"type_13", with_raw_key(key("x.value", 13).u64(0)),
       "[gguf] @: x.value: byte 39: the value's type is 13, which is none"},
      {"type_2_to_32_less_1", with_raw_key(key("x.value", 0xffffffff).u64(0)),
       "[gguf] @: x.value: byte 39: the value's type is 4294967295, which is none"},
      {"array_of_type_99", with_raw_key(array(99, 1).u64(0)),
       "[gguf] @: x.list: byte 42: the array's element type is 99, which is none"},
      {"array_of_arrays", with_raw_key(array(kArray, 1).u32(kU8).u64(1).u8(7)),
       "[gguf] @: x.list: byte 42: is an array of arrays, which is not read"},
      {"array_of_arrays_10000_deep", with_raw_key(nested.u32(kU8).u64(0)),
       "[gguf] @: x.list: byte 42: is an array of arrays, which is not read"},
      {"array_whose_bytes_wrap", with_raw_key(array(kU64, (std::uint64_t{1} << 61) + 1)),
       "[gguf] @: x.list: byte 46: an array of 2305843009213693953 u64 is claimed, more than the "
       "119146 bytes left can hold"},
      {"array_of_2_to_64_less_1", with_raw_key(array(kU8, kMax)),
       "[gguf] @: x.list: byte 46: an array of 18446744073709551615 u8 is claimed, more than the "
       "119146 bytes left can hold"},
      {"array_of_2_to_63_strings", with_raw_key(array(kString, std::uint64_t{1} << 63)),
       "[gguf] @: x.list: byte 46: an array of 9223372036854775808 string is claimed, more than "
       "the 119146 bytes left can hold"},
      {"array_of_a_billion_strings", with_raw_key(array(kString, 1'000'000'000)),
       "[gguf] @: x.list: byte 46: an array of 1000000000 string is claimed, more than the 119146 "
       "bytes left can hold"},
      {"string_past_the_end", with_raw_key(key("x.text", kString).u64(1 << 30)),
       "[gguf] @: x.text: byte 50: the file ends within the string: 1073741824 bytes wanted, "
       "119150 left"},
      {"string_of_2_to_64_less_1", with_raw_key(key("x.text", kString).u64(kMax)),
       "[gguf] @: x.text: byte 50: the file ends within the string: 18446744073709551615 bytes "
       "wanted, 119150 left"},
      {"string_in_an_array_past_the_end", with_raw_key(array(kString, 2).string("a").u64(kMax - 8)),
       "[gguf] @: x.list: byte 71: the file ends within the array's strings: 18446744073709551607 "
       "bytes wanted, 119161 left"},
      {"bool_of_2", with_raw_key(key("x.flag", kBool).u8(2)),
       "[gguf] @: x.flag: byte 42: is a bool of value 2, neither 0 nor 1"},
      {"bools_of_2", with_raw_key(bools),
       "[gguf] @: x.list: byte 54: is an array of bools, but not all are 0 or 1"},
      {"alignment_0", alignment(0),
       "[gguf] @: general.alignment: byte 32: is 0, not a power of two of at least 8"},
      {"alignment_1", alignment(1),
       "[gguf] @: general.alignment: byte 32: is 1, not a power of two of at least 8"},
      {"alignment_4", alignment(4),
       "[gguf] @: general.alignment: byte 32: is 4, not a power of two of at least 8"},
      {"alignment_33", alignment(33),
       "[gguf] @: general.alignment: byte 32: is 33, not a power of two of at least 8"},
      {"alignment_48", alignment(48),
       "[gguf] @: general.alignment: byte 32: is 48, not a power of two of at least 8"},
      {"alignment_2_to_32_less_1", alignment(0xffffffff),
       "[gguf] @: general.alignment: byte 32: is 4294967295, not a power of two of at least 8"},
      {"alignment_2_to_31", alignment(0x80000000),
       "[gguf] @: token_embd.weight: byte 7021: its data, bytes 2147483648 to 2147520768, end past "
       "the end of the file (119200 bytes, data from byte 2147483648, alignment 2147483648)"},
      {"alignment_of_type_i32", with_raw_key(key("general.alignment", kI32).u32(32)),
       "[gguf] @: general.alignment: byte 32: is of type i32, not u32"},
      {"alignment_of_type_string", with_raw_key(key("general.alignment", kString).string("32")),
       "[gguf] @: general.alignment: byte 32: is of type string, not u32"},
      {"alignment_of_type_u64", with_raw_key(key("general.alignment", kU64).u64(32)),
       "[gguf] @: general.alignment: byte 32: is of type u64, not u32"},
  };
}

}  // namespace rocmforge::test
