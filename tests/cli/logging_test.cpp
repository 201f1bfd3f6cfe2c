// ROCMFORGE_LOG_LEVEL, _FORMAT and _FILE, in both spellings.
#include <boost/json.hpp>
#include <filesystem>
#include <regex>

#include "cli/program.h"

namespace rocmforge::test {
namespace {

class Logging : public Cli {
 protected:
  Outcome logged(const std::map<std::string, std::string>& variables) {
    Command command = generate("hi", {"-n", "2", "--temp", "0", "--stream", "--device", "cpu"});
    for (const auto& [name, value] : variables) command.env[name] = value;
    return run(command);
  }
};

TEST_F(Logging, SaysNothingByDefault) {
  const Outcome o = logged({});
  EXPECT_TRUE(succeeded(o));
  EXPECT_TRUE(o.err.starts_with("load ")) << o.err;  // the timing alone
}

TEST_F(Logging, LevelsInBothSpellings) {
  for (const char* name : {"ROCMFORGE_LOG_LEVEL", "ROCFORGE_LOG_LEVEL"}) {
    const Outcome info = logged({{name, "info"}}), debug = logged({{name, "debug"}});
    const std::regex line(
        "[0-9:.]{12} info [^\n]*tiny.gguf: llama, 2 layers, context of 512 [^\n]*\n");
    EXPECT_TRUE(std::regex_search(info.err, line)) << info.err;
    EXPECT_EQ(info.err.find("counters"), std::string::npos);
    EXPECT_NE(debug.err.find("counters: file_parses 1, "), std::string::npos) << debug.err;
    EXPECT_EQ(info.out, debug.out);
  }
  // The new spelling wins.
  const Outcome o = logged({{"ROCMFORGE_LOG_LEVEL", "off"}, {"ROCFORGE_LOG_LEVEL", "info"}});
  EXPECT_EQ(o.err.find(" info "), std::string::npos) << o.err;
  for (const char* level : {"trace", "warn", "error", "off"}) {
    EXPECT_TRUE(succeeded(logged({{"ROCMFORGE_LOG_LEVEL", level}}))) << level;
  }
}

TEST_F(Logging, JsonIsOneObjectALine) {
  const std::string path = dir_.file("log.json");
  for (const std::string prefix : {"ROCMFORGE_", "ROCFORGE_"}) {
    const Outcome o = logged({{prefix + "LOG_LEVEL", "debug"},
                              {prefix + "LOG_FORMAT", "json"},
                              {prefix + "LOG_FILE", path}});
    EXPECT_TRUE(succeeded(o));
    EXPECT_TRUE(o.err.starts_with("load ")) << o.err;
  }
  const std::string text = read_file(path);
  std::size_t n = 0;
  for (std::size_t from = 0; from < text.size(); ++n) {
    const std::size_t end = text.find('\n', from);
    ASSERT_NE(end, std::string::npos);
    boost::json::error_code error;
    const auto line = boost::json::parse(text.substr(from, end - from), error);
    ASSERT_FALSE(error) << text.substr(from, end - from);
    for (const char* key : {"time", "level", "message"}) {
      EXPECT_TRUE(line.as_object().at(key).is_string());
    }
    from = end + 1;
  }
  EXPECT_EQ(n, 8U) << text;  // two runs, of which the second adds to the file
}

TEST_F(Logging, ValuesThatMakeNoSenseAreNamed) {
  EXPECT_TRUE(misused(logged({{"ROCMFORGE_LOG_LEVEL", "loud"}}),
                      {"ROCMFORGE_LOG_LEVEL", "loud", "trace, debug, info, warn, error, off"}));
  EXPECT_TRUE(misused(logged({{"ROCFORGE_LOG_LEVEL", "loud"}}), {"ROCFORGE_LOG_LEVEL", "loud"}));
  EXPECT_TRUE(misused(logged({{"ROCMFORGE_LOG_FORMAT", "xml"}}),
                      {"ROCMFORGE_LOG_FORMAT", "xml", "human, json"}));
  EXPECT_TRUE(failed(logged({{"ROCMFORGE_LOG_FILE", dir_.path()}}), {dir_.path()}));
}

TEST_F(Logging, AFileInNoFolderIsRefusedAndTheFolderNotMade) {
  const std::string folder = dir_.file("nowhere");
  EXPECT_TRUE(failed(logged({{"ROCMFORGE_LOG_FILE", folder + "/log"}}), {folder + "/log"}));
  EXPECT_FALSE(std::filesystem::exists(folder));
}

}  // namespace
}  // namespace rocmforge::test
