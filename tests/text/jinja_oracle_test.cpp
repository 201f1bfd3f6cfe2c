// Chat templates against python3-jinja2, byte for byte.
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <sstream>

#include "base/error.h"
#include "support/data.h"
#include "support/process.h"
#include "text/chat_template.h"

namespace rocmforge::text {
namespace {

namespace json = boost::json;

// A python that has jinja2; empty when there is none. Debian's own first, whose package has it.
std::string find_python() {
  for (const char* python : {"/usr/bin/python3", "python3"}) {
    const test::Outcome outcome =
        test::run({.argv = {"/usr/bin/env", python, "-c", "import jinja2"}});
    if (outcome.exit_code == 0) return python;
  }
  return "";
}

Json convert(const json::value& v) {
  switch (v.kind()) {
    case json::kind::null:
      return nullptr;
    case json::kind::bool_:
      return v.get_bool();
    case json::kind::int64:
      return v.get_int64();
    case json::kind::uint64:
      return v.get_uint64();
    case json::kind::double_:
      return v.get_double();
    case json::kind::string:
      return std::string(v.get_string());
    case json::kind::array: {
      Json::Array out;
      for (const json::value& item : v.get_array()) out.push_back(convert(item));
      return out;
    }
    case json::kind::object: {
      Json::Object out;
      for (const auto& [key, value] : v.get_object()) out.emplace_back(key, convert(value));
      return out;
    }
  }
  return nullptr;
}

// The oracle's clock: 2025-07-04 15:06:07, a Friday.
std::tm oracle_time() {
  std::tm t{};
  t.tm_year = 125;
  t.tm_mon = 6;
  t.tm_mday = 4;
  t.tm_hour = 15;
  t.tm_min = 6;
  t.tm_sec = 7;
  t.tm_wday = 5;
  t.tm_yday = 184;
  return t;
}

ChatInput input_of(const json::object& given) {
  ChatInput in;
  in.now = oracle_time();
  for (const auto& [name, value] : given) {
    if (name == "messages") {
      in.messages = convert(value);
    } else if (name == "tools") {
      in.tools = convert(value);
    } else if (name == "add_generation_prompt") {
      in.add_generation_prompt = value.as_bool();
    } else if (name == "bos_token") {
      in.bos_token = value.as_string().c_str();
    } else if (name == "eos_token") {
      in.eos_token = value.as_string().c_str();
    } else if (name != "documents") {
      in.extra.emplace_back(name, convert(value));
    }
  }
  return in;
}

struct Rendered {
  bool fails = false;
  std::string text;  // or the message
};

Rendered render(const std::string& source, const json::object& given) {
  try {
    return {false, ChatTemplate(source, "template").render(input_of(given))};
  } catch (const Error& e) {
    return {true, e.what()};
  }
}

// Messages of templates and of undefined values are jinja's own words; of other failures it is
// enough that both fail.
bool must_say_the_same(const std::string& kind) {
  return kind == "TemplateError" || kind == "UndefinedError" || kind == "SecurityError";
}

// How the two differ, or nothing.
std::string difference(const json::object& line, const std::string& source) {
  const Rendered ours = render(source, line.at("input").as_object());
  if (const json::value* output = line.if_contains("output")) {
    const std::string theirs(output->as_string());
    return !ours.fails && ours.text == theirs ? "" : "jinja2: " + theirs + "\nours:   " + ours.text;
  }
  const std::string message(line.at("error").as_string());
  const std::string kind(line.at("kind").as_string());
  const bool same =
      ours.fails && (!must_say_the_same(kind) || ours.text.find(message) != std::string::npos);
  return same ? "" : "jinja2: " + kind + ": " + message + "\nours:   " + ours.text;
}

// Runs the oracle and compares every line; returns how many there were.
int compare(const std::vector<std::string>& arguments) {
  std::vector<std::string> argv = {"/usr/bin/env", find_python(),
                                   ROCMFORGE_SOURCE_DIR "/tests/text/jinja_oracle.py"};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  const test::Outcome outcome = test::run(
      {.argv = argv, .env = {{"PYTHONIOENCODING", "utf-8"}}, .timeout = std::chrono::seconds(240)});
  EXPECT_EQ(outcome.exit_code, 0) << test::to_string(outcome);
  std::istringstream lines(outcome.out);
  std::string text, source;
  int n = 0, n_different = 0;
  while (std::getline(lines, text)) {
    const json::value parsed = json::parse(text);
    const json::object& line = parsed.as_object();
    if (const json::value* given = line.if_contains("source")) source = given->as_string().c_str();
    ++n;
    const std::string different = difference(line, source);
    if (different.empty() || ++n_different > 40) continue;
    ADD_FAILURE() << line.at("name").as_string() << "\n"
                  << (source.size() < 400 ? source + "\n" : "") << different;
  }
  EXPECT_EQ(n_different, 0) << "of " << n;
  return n;
}

#define ROCMFORGE_NEED_JINJA2() \
  if (find_python().empty()) GTEST_SKIP() << "python3-jinja2 is not installed"

TEST(JinjaOracle, SharedTemplatesRenderEveryConversationTheSame) {
  ROCMFORGE_NEED_JINJA2();
  const std::string folder = test::data_file("templates");
  ROCMFORGE_NEED_DATA(folder, "templates");
  EXPECT_GE(compare({"templates", folder}), 5000);
}

TEST(JinjaOracle, SnippetsOfEveryFeatureRenderTheSame) {
  ROCMFORGE_NEED_JINJA2();
  EXPECT_GE(compare({"snippets"}), 200);
}

TEST(JinjaOracle, TemplatesMadeAtRandomRenderTheSame) {
  ROCMFORGE_NEED_JINJA2();
  const char* seed = std::getenv("ROCMFORGE_JINJA_SEED");
  EXPECT_EQ(compare({"random", seed != nullptr ? seed : "1", "1000"}), 1000);
}

}  // namespace
}  // namespace rocmforge::text
