#include "text/tools/schema.h"

#include <gtest/gtest.h>

#include "constrain/grammar.h"
#include "text/json_text.h"

namespace rocmforge::text {
namespace {

std::vector<Tool> tools() {
  return {{"tree", "",
           read_json(R"({"type": "object", "properties": {"root": {"$ref": "#/$defs/node"}},
             "required": ["root"], "additionalProperties": false, "$defs": {"node": {"type": "object",
             "properties": {"next": {"$ref": "#/$defs/node"}}, "additionalProperties": false}}})",
                     "t")},
          {"now", "", nullptr}};
}

TEST(CallSchema, HoldsCallsAndWords) {
  const std::string any = call_schema(tools(), {});
  const Json schema = read_json(any, "schema");
  const auto* forms = std::get_if<Json::Array>(&find_member(schema, "anyOf")->value);
  ASSERT_NE(forms, nullptr);
  EXPECT_EQ(forms->size(), 2u);
  EXPECT_NE(
      any.find("#/anyOf/0/properties/tool_calls/items/anyOf/0/properties/arguments/$defs/node"),
      std::string::npos);
  const std::string one = call_schema(tools(), {.required = true, .only = "now"});
  EXPECT_EQ(one.find("tree"), std::string::npos);
  EXPECT_NE(one.find("\"maxItems\": 1"), std::string::npos);
  EXPECT_EQ(one.find("content"), std::string::npos);
}

TEST(CallSchema, BecomesAGrammar) {
  for (const bool required : {false, true}) {
    for (const bool parallel : {false, true}) {
      const std::string schema = call_schema(tools(), {.required = required, .parallel = parallel});
      EXPECT_GT(constrain::grammar_of_schema(schema)->n_states(), 20u) << schema;
    }
  }
}

}  // namespace
}  // namespace rocmforge::text
