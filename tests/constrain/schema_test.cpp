// What each keyword takes and does not take, and what is refused.
#include <gtest/gtest.h>

#include <string>

#include "constrain/accepts.h"

namespace rocmforge::constrain {
namespace {

using test::expect_all;
using test::refusal;
using test::takes;

void expect(const std::string& schema, std::initializer_list<std::string_view> taken,
            std::initializer_list<std::string_view> refused) {
  SCOPED_TRACE(schema);
  const auto grammar = grammar_of_schema(schema);
  expect_all(grammar, true, taken);
  expect_all(grammar, false, refused);
}

TEST(Schema, Types) {
  expect(R"({"type":"null"})", {"null"}, {"", "nul", "nulll", " null", "true"});
  expect(R"({"type":["boolean","integer"]})", {"true", "false", "0", "-12"},
         {"1.5", "01", "-0", "null", "+1"});
  expect(R"({"type":"number"})", {"0", "-0", "1.5", "-12.25e-7", "1E9"},
         {".5", "1.", "01", "1e", "1e123", "12345678901234567", "NaN"});
  expect(R"({"type":"string"})", {R"("")", R"("a\n\u00e9\ud83d\ude00é€")"},
         {R"("a)", "\"a\nb\"", R"("\x")", R"("\ud83d")", R"("\ude00")", "\"\xff\"", "\"\xc3\""});
  expect("{}", {"1", R"({"a":[1, {"b": null}]})", "[]", "\"x\""}, {"{a:1}", "[1,]", "{ }"});
}

TEST(Schema, WhiteSpaceIsBounded) {
  expect(R"({"type":"array","items":{"type":"null"}})", {"[null,null]", "[null, null]"},
         {"[null,  null]", "[ null]", "[null ,null]", "[null]\n", "\n[]"});
}

TEST(Schema, Objects) {
  expect(R"({"type":"object","properties":{"a":{"type":"null"},"b":{"type":"null"},
             "c":{"type":"null"}},"required":["b"],"additionalProperties":false})",
         {R"({"b":null})", R"({"a":null,"b":null})", R"({"b": null, "c": null})",
          R"({"a":null,"b":null,"c":null})"},
         {"{}", R"({"a":null})", R"({"b":null,"a":null})", R"({,"b":null})", R"({"b":null,})",
          R"({"b":null,"d":null})"});
  expect(R"({"properties":{"ab":{"type":"null"}},"additionalProperties":{"type":"boolean"}})",
         {"{}", R"({"ab":null})", R"({"ab":null,"a":true})", R"({"a":true,"abc":false,"":true})"},
         {R"({"ab":true})", R"({"a":null})", R"({"a":true,"ab":true})"});
  expect(R"({"type":"object","properties":{"a":{},"b":{}},"minProperties":1,"maxProperties":1,
             "additionalProperties":false})",
         {R"({"a":1})", R"({"b":1})"}, {"{}", R"({"a":1,"b":1})"});
  expect(R"({"type":"object","additionalProperties":{"const":1},"maxProperties":2})",
         {"{}", R"({"x":1,"y":1})"}, {R"({"x":1,"y":1,"z":1})"});
}

TEST(Schema, Arrays) {
  expect(R"({"type":"array","items":{"const":1},"minItems":2,"maxItems":3})", {"[1,1]", "[1,1,1]"},
         {"[]", "[1]", "[1,1,1,1]", "[2,2]"});
  expect(R"({"type":"array","prefixItems":[{"const":1},{"const":2}],"items":{"const":3}})",
         {"[]", "[1]", "[1,2]", "[1,2,3,3]"}, {"[2]", "[1,3]", "[1,2,2]"});
  expect(R"({"type":"array","prefixItems":[{"const":1},{"const":2}],"minItems":2,"maxItems":2})",
         {"[1,2]"}, {"[]", "[1]", "[1,2,3]"});
  expect(R"({"type":"array","maxItems":0})", {"[]"}, {"[1]"});
}

TEST(Schema, Numbers) {
  expect(R"({"type":"integer","minimum":-12,"maximum":105})",
         {"-12", "-9", "-1", "0", "9", "10", "99", "100", "105"},
         {"-13", "106", "110", "200", "-20"});
  expect(R"({"type":"integer","exclusiveMinimum":3})", {"4", "10", "99999"}, {"3", "0", "-4"});
  expect(R"({"type":"integer","minimum":3,"exclusiveMinimum":true})", {"4"}, {"3"});
  expect(R"({"type":"number","minimum":-1.5,"maximum":2.25})",
         {"-1.5", "-1.50", "-1.4999", "-0.5", "0", "1.99", "2", "2.2", "2.25", "2.250"},
         {"-1.51", "-2", "2.26", "2.251", "3", "1e0"});
  expect(R"({"type":"number","exclusiveMinimum":0,"exclusiveMaximum":1})",
         {"0.1", "0.001", "0.999"}, {"0", "0.0", "1", "1.0", "-0.1"});
  expect(R"({"type":"number","minimum":0.1,"maximum":0.1})", {"0.1", "0.10"}, {"0", "0.11", "1"});
}

TEST(Schema, Strings) {
  expect(R"({"type":"string","minLength":2,"maxLength":3})",
         {R"("ab")", R"("\n\u00e9")", R"("é€😀")", R"("\ud83d\ude00x")"},
         {R"("a")", R"("abcd")", R"("")"});
  expect(R"({"type":"string","pattern":"^a\"\\\\\\n$"})", {R"("a\"\\\n")"}, {R"("a\"\\n")"});
  expect(R"({"type":"string","pattern":"b"})", {R"("abc")", R"("b")"}, {R"("")", R"("ac")"});
  expect(R"({"type":"string","format":"date"})", {R"("2024-02-29")", R"("1999-12-31")"},
         {R"("2023-02-29")", R"("2024-13-01")", R"("2024-04-31")"});
  expect(
      R"({"type":"string","format":"ipv6"})",
      {R"("::")", R"("::1")", R"("2001:db8::8a2e:370:7334")", R"("1:2:3:4:5:6:7:8")", R"("1::")"},
      {R"("1:2:3")", R"("1::2::3")", R"("1:2:3:4:5:6:7:8:9")"});
  expect(R"({"type":"string","format":"ipv4"})", {R"("255.0.19.1")"}, {R"("256.1.1.1")"});
  expect(R"({"type":"string","format":"uri"})", {R"("https://a.b/c?d=e#f")", R"("urn:x:y")"},
         {R"("a")", R"("http://a b")"});
}

TEST(Schema, Combinations) {
  expect(R"({"allOf":[{"properties":{"a":{"type":"integer"}},"required":["a"]},
                      {"properties":{"a":{"minimum":3}}}],"type":"object"})",
         {R"({"a":3})"}, {R"({"a":2})", "{}"});
  expect(R"({"type":"object","properties":{"v":{"type":"integer"},
             "n":{"anyOf":[{"$ref":"#"},{"type":"null"}]}},"required":["v","n"]})",
         {R"({"v":1,"n":{"v":2,"n":null}})"}, {R"({"v":1,"n":{}})"});
  expect(R"({"enum":["a",1.5,{"x":[true]}]})", {R"("a")", "1.5", R"({"x":[true]})"},
         {"\"b\"", "1"});
  expect(R"({"enum":[1,5,9],"minimum":2,"maximum":8})", {"5"}, {"1", "9"});
}

TEST(Schema, JsonObject) {
  expect_all(grammar_of_json_object(), true, {"{}", R"({"a": {"b": [1, 2.5, "x", null]}})"});
  expect_all(grammar_of_json_object(), false, {"[]", "1", R"({"a":})", R"({"a":1}})"});
  std::string deep;
  for (int i = 0; i < 31; ++i) deep += "{\"a\":";
  EXPECT_TRUE(takes(grammar_of_json_object(), deep + "{}" + std::string(31, '}')));
  EXPECT_FALSE(takes(grammar_of_json_object(), deep + "{\"a\":{}}" + std::string(31, '}')));
}

TEST(Schema, RefusesWithThePlace) {
  const auto has = [](const std::string& schema, const std::string& what) {
    const std::string message = refusal([&] { grammar_of_schema(schema); });
    EXPECT_NE(message.find(what), std::string::npos) << schema << "\n" << message;
  };
  has(R"x({"properties":{"a":{"pattern":"x(?=y)"}}})x",
      "/properties/a/pattern: look-ahead is not supported");
  has(R"({"properties":{"a/b":{"not":{}}}})",
      "/properties/a~1b/not: this keyword is not supported");
  has(R"({"items":{"multipleOf":3}})", "/items/multipleOf: this keyword");
  has(R"({"type":"strin"})", "/type: is no type of JSON schema");
  has(R"({"type":"string","format":"idn-email"})", "/format: this format");
  has(R"({"$ref":"#/$defs/x"})", "/$ref: names nothing in the schema");
  has(R"({"$ref":"http://x/y"})", "/$ref: only references within the schema");
  has(R"({"$ref":"#"})", "the root: is left recursive");
  has(R"({"type":"object","properties":{"a":{"$ref":"#"}},"required":["a"]})", "can never end");
  has(R"({"oneOf":[{"type":"integer"},{"type":"number"}]})", "/oneOf/1: a schema that may hold");
  has(R"({"type":"string","pattern":"^a|bb$","maxLength":9})", "beside minLength or maxLength");
  has(R"({"minItems":-1})", "/minItems: is not a whole number");
  has(R"({"allOf":[{"pattern":"a"},{"pattern":"b"}]})", "/allOf/1/pattern: differs");
  has(R"({"uniqueItems":true})", "/uniqueItems");
  has(R"({"type":"object","minProperties":3})", "/minProperties");
  has(R"({"type":"array","minItems":2,"maxItems":1})", "can never end");
  has(R"({"anyOf":3})", "/anyOf: is not a list");
  has("[1]", "the root: is neither an object nor true or false");
  has("{", "the root: is not JSON");
  has("false", "can never end");
  has(std::string(5000, '['), "is not JSON");
  has(R"({"allOf":[{"$ref":"#"}]})", "go too far here");
}

}  // namespace
}  // namespace rocmforge::constrain
