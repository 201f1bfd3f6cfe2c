#include "gguf/override.h"

#include <gtest/gtest.h>

#include <string>

#include "base/error.h"
#include "gguf/raw_file.h"
#include "gguf/reader.h"

namespace rocmforge::gguf::test {
namespace {

std::vector<Override> parsed(const std::string& text) {
  return parse_overrides(std::vector<std::string>{text});
}

void expect_refused(const std::string& text, const std::string& part) {
  try {
    parsed(text);
    ADD_FAILURE() << text << ": accepted";
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::kUsage);
    EXPECT_NE(std::string(e.what()).find("--override-kv: " + part), std::string::npos) << e.what();
  }
}

TEST(Overrides, OfEachType) {
  const auto all = parsed("a=int:-7,b.c=float:1e-6,d=bool:true,e=str:x=y,z: 1,f=str:,g=bool:false");
  ASSERT_EQ(all.size(), 6u);
  EXPECT_EQ(all[0].key, "a");
  EXPECT_EQ(std::get<std::int64_t>(all[0].value), -7);
  EXPECT_EQ(std::get<double>(all[1].value), 1e-6);
  EXPECT_EQ(std::get<bool>(all[2].value), true);
  EXPECT_EQ(all[3].key, "e");
  EXPECT_EQ(std::get<std::string>(all[3].value), "x=y,z: 1");  // no KEY=TYPE: behind that comma
  EXPECT_EQ(std::get<std::string>(all[4].value), "");
  EXPECT_EQ(std::get<bool>(all[5].value), false);
}

TEST(Overrides, ErrorsNameTheKey) {
  expect_refused("", "\"\" is not KEY=TYPE:VALUE");
  expect_refused("key",
                 "\"key\" is not KEY=TYPE:VALUE with TYPE int, float, bool or str; for "
                 "example llama.context_length=int:8192");
  expect_refused("key=7", "\"key=7\" is not KEY=TYPE:VALUE");
  expect_refused("key=i32:7", "\"key=i32:7\" is not KEY=TYPE:VALUE");
  expect_refused("=int:7", ": the key is empty");
  expect_refused("key=int:", "key: \"\" is not a whole number");
  expect_refused("key=int:7.5", "key: \"7.5\" is not a whole number");
  expect_refused("key=int:99999999999999999999", "key: \"99999999999999999999\" is not a whole");
  expect_refused("key=float:x", "key: \"x\" is not a number");
  expect_refused("key=float:inf", "key: \"inf\" is not a finite number");
  expect_refused("key=bool:1", "key: \"1\" is neither true nor false");
  expect_refused("a=int:1,key=bool:yes", "key: \"yes\" is neither");
  expect_refused("key=int:1,key=int:2", "key: is given twice");
  expect_refused("general.alignment=int:64", "general.alignment: cannot be changed");
}

TEST(Overrides, OfSeveralTexts) {
  const std::vector<std::string> texts = {"a=int:1", "b=int:2,c=int:3"};
  EXPECT_EQ(parse_overrides(texts).size(), 3u);
  EXPECT_THROW(parse_overrides(std::vector<std::string>{"a=int:1", "a=int:1"}), Error);
}

TEST(Overrides, TakeThePlaceOfTheFiles) {
  RawFile raw = RawFile::start(0, 3, 3);
  raw.key("n", kU32).u32(4);
  raw.key("name", kString).string("old");
  raw.key("list", kArray).u32(kString).u64(1).string("a");
  Counters counters;
  File file = parse(raw.bytes(), "m.gguf", counters);
  const auto overrides = parsed("n=int:5,new=str:added,list=str:x,flag=bool:true,f=float:0.5");
  file.set(overrides);
  EXPECT_EQ(file.get_u64("n"), 5u);
  EXPECT_EQ(file.get_string("name"), "old");
  EXPECT_EQ(file.get_string("new"), "added");
  EXPECT_EQ(file.get_bool("flag"), true);
  EXPECT_EQ(file.get_f64("f"), 0.5);
  EXPECT_EQ(file.metadata().size(), 6u);
  try {
    file.get_strings("list");
    FAIL() << "a string for an array";
  } catch (const Error& e) {
    EXPECT_STREQ(e.what(), "[gguf] m.gguf: list: is of type string, an array of strings is wanted");
  }
}

}  // namespace
}  // namespace rocmforge::gguf::test
