// Chat templates that do not end, of a file: both programs that use them say so, soon.
#include "hostile/cases.h"
#include "hostile/child.h"

namespace rocmforge::test {
namespace {

struct HostileTemplate {
  const char *name, *source, *message;
};
void PrintTo(const HostileTemplate& t, std::ostream* out) {
  *out << t.name;
}

class Template : public ::testing::TestWithParam<HostileTemplate> {
 protected:
  void SetUp() override {
    const std::string good = write("good.gguf", "{{ messages[0].content }}");
    valid_ = generate(good);
    ASSERT_TRUE(succeeded(valid_));
  }
  std::string write(const std::string& name, const std::string& source) {
    const std::string path = dir_.file(name);
    edited(valid_model(), {"tokenizer.chat_template"}, [&](gguf::Writer& w) {
      w.add_string("tokenizer.chat_template", source);
    }).write(path);
    return path;
  }
  static Outcome generate(const std::string& path) {
    return run(child({"generate", "--gguf", path, "--chat", "-p", "hi", "-n", "1"}));
  }
  static Outcome chat(const std::string& path) {
    Command command = child({"chat", "--gguf", path, "-n", "1"});
    command.input = "hi\n";
    return run(command);
  }

  TempDir dir_;
  Outcome valid_;
};

TEST_P(Template, EndsSoonWithItsLine) {
  const std::string path = write("m.gguf", GetParam().source);
  for (const bool talks : {false, true}) {
    const Outcome o = talks ? chat(path) : generate(path);
    expect_refused(o, valid_, path,
                   "[text] @: tokenizer.chat_template: " + std::string(GetParam().message));
  }
}

INSTANTIATE_TEST_SUITE_P(
    , Template,
    ::testing::Values(
        HostileTemplate{
            "Loop", "{% for i in range(10000000000) %}x{% endfor %}",
            "line 1: Range too big. The sandbox blocks ranges larger than MAX_RANGE (100000)."},
        HostileTemplate{"Loops",
                        "\n{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}"
                        "{% endfor %}",
                        "line 2: takes more than 10000000 steps"},
        HostileTemplate{"Recursion", "{% macro f(x) %}{{ f(x) }}{% endmacro %}\n\n{{ f(1) }}",
                        "line 1: recursion is deeper than 1200 levels"},
        HostileTemplate{"Doubling",
                        "{% set n = namespace(s='xxxxxxxx') %}{% for i in range(64) %}"
                        "{% set n.s = n.s + n.s %}{% endfor %}",
                        "line 1: makes a text of more than 33554432 bytes"},
        HostileTemplate{
            "Output", "{% set s = 'x' * 1000000 %}{% for i in range(100000) %}{{ s }}{% endfor %}",
            "line 1: makes a text of more than 33554432 bytes"},
        HostileTemplate{"Power", "{{ 9 ** 9 ** 9 ** 9 }}", "line 1: an integer passes 128 bits"},
        HostileTemplate{"Nesting",
                        "{% set n = namespace(a=[]) %}{% for i in range(90000) %}"
                        "{% set n.a = [n.a] %}{% endfor %}{{ n.a }}",
                        "line 1: values nest deeper than 200 levels"}),
    [](const auto& which) { return std::string(which.param.name); });

// What is wrong with the source itself is so before anything is run.
TEST(TemplateSource, OfAThousandOpenBlocks) {
  const TempDir dir;
  const std::string path = dir.file("m.gguf");
  std::string source;
  for (int i = 0; i < 100000; ++i) source += "{% if x %}";
  edited(valid_model(), {"tokenizer.chat_template"}, [&](gguf::Writer& w) {
    w.add_string("tokenizer.chat_template", source);
  }).write(path);
  const Outcome o = run_rocmforge({"generate", "--gguf", path, "--chat", "-p", "hi"});
  EXPECT_TRUE(failed(o, {"[text] " + path + ": tokenizer.chat_template: line 1: "}));
  EXPECT_LT(o.err.size(), 500u);
}

}  // namespace
}  // namespace rocmforge::test
