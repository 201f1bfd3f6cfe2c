// Answers of `generate` that are held to a form: what comes out is of it, whatever the model.
#include <boost/json.hpp>
#include <regex>

#include "cli/program.h"

namespace rocmforge::test {
namespace {

class GenerateInForm : public Cli {};

TEST_F(GenerateInForm, AGrammarIsTheAnswer) {
  const std::vector<std::string> more = {"-n", "60",        "--seed",
                                         "3",  "--grammar", "root ::= \"<\" [0-9]{5} \">\""};
  const Answer answer = answer_of(run(generate("hello", more)));
  EXPECT_EQ(answer.reason, "completed");
  EXPECT_TRUE(std::regex_match(answer.text, std::regex("<[0-9]{5}>"))) << answer.text;
}

TEST_F(GenerateInForm, AFileDoesAsWell) {
  write_text(dir_.file("two.gbnf"), "root ::= \"yes\" | \"no\" # nothing else\n");
  const Outcome o = run(generate("hello", {"--grammar-file", dir_.file("two.gbnf"), "--stream"}));
  EXPECT_TRUE(succeeded(o));
  EXPECT_TRUE(o.out == "yes\n[request 0 finished: completed]\n" ||
              o.out == "no\n[request 0 finished: completed]\n")
      << o.out;
}

constexpr const char* kSchema =
    R"({"type":"object","properties":{"a":{"enum":[1,2]},"b":{"type":"boolean"}},
        "required":["a","b"],"additionalProperties":false})";

TEST_F(GenerateInForm, ASchemaIsTheAnswer) {
  write_text(dir_.file("schema.json"), kSchema);
  for (const std::vector<std::string>& more : {std::vector<std::string>{"-j", kSchema},
                                               {"--json-schema-file", dir_.file("schema.json")}}) {
    const Answer answer = answer_of(run(generate("hello", more)));
    const auto value = boost::json::parse(answer.text).as_object();
    EXPECT_TRUE(value.at("a") == 1 || value.at("a") == 2) << answer.text;
    EXPECT_TRUE(value.at("b").is_bool()) << answer.text;
  }
}

TEST_F(GenerateInForm, EveryAnswerOfABatch) {
  write_text(dir_.file("prompts"), "hello\nworld\nagain\n");
  const Outcome o = run(rocmforge(
      {"generate", "--gguf", model(), "--batch", dir_.file("prompts"), "--json-schema", kSchema}));
  EXPECT_TRUE(succeeded(o));
  std::size_t n = 0;
  for (std::size_t at = 0; at < o.out.size(); at = o.out.find('\n', at) + 1, ++n) {
    const auto line = boost::json::parse(o.out.substr(at, o.out.find('\n', at) - at));
    const std::string text(line.at("text").as_string());
    EXPECT_TRUE(boost::json::parse(text).as_object().contains("b")) << text;
  }
  EXPECT_EQ(n, 3U);
}

TEST_F(GenerateInForm, RefusesWithThePlace) {
  EXPECT_TRUE(failed(run(generate("hello", {"-j", R"({"not":{}})"})), {"--json-schema", "/not"}));
  EXPECT_TRUE(failed(run(generate("hello", {"--grammar", "x ::= \"a\""})), {"--grammar", "root"}));
  EXPECT_TRUE(failed(run(generate("hello", {"--grammar-file", dir_.file("none")})), {"none"}));
  const Outcome both = run(generate("hello", {"-j", "{}", "--grammar", "root ::= \"a\""}));
  EXPECT_EQ(both.exit_code, 2) << to_string(both);
  const Outcome there = run(rocmforge({"generate", "-p", "hello", "-j", "{}"}));
  EXPECT_TRUE(misused(there, {"--json-schema", "takes no such option"}));
}

}  // namespace
}  // namespace rocmforge::test
