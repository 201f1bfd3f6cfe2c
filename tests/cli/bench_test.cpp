// `rocmforge bench`: the three forms of its table.
#include <algorithm>
#include <boost/json.hpp>
#include <regex>

#include "cli/program.h"

namespace rocmforge::test {
namespace {

class Bench : public Cli {
 protected:
  Outcome bench(std::vector<std::string> more) {
    more.insert(more.begin(), {"bench", "--gguf", model()});
    return run_rocmforge(more);
  }
};

// llama-bench's, but for those that mean nothing here.
constexpr const char* kFields[] = {
    "build_commit", "build_number", "cpu_info",       "gpu_info",   "backends", "model_filename",
    "model_type",   "model_size",   "model_n_params", "n_batch",    "n_ubatch", "n_threads",
    "type_k",       "type_v",       "n_gpu_layers",   "flash_attn", "n_prompt", "n_gen",
    "n_depth",      "test_time",    "avg_ns",         "stddev_ns",  "avg_ts",   "stddev_ts"};

TEST_F(Bench, ATableByDefault) {
  const Outcome o = bench({"-p", "8,4", "-n", "2", "-r", "2"});
  EXPECT_TRUE(succeeded(o));
  EXPECT_NE(o.out.find("| model | size | params | backend | threads | test | t/s |\n"),
            std::string::npos);
  const std::regex row(
      "\\| llama [^|]+ F32 \\| [0-9.]+ MiB \\| [0-9.]+K \\| cpu \\| [0-9]+ \\| "
      "(pp8|pp4|tg2) \\| [0-9.]+ ± [0-9.]+ \\|\n");
  const auto rows = std::distance(std::sregex_iterator(o.out.begin(), o.out.end(), row), {});
  EXPECT_EQ(rows, 3) << o.out;
}

TEST_F(Bench, JsonHasLlamaBenchsFields) {
  const Outcome o = bench({"-p", "8", "-n", "2", "-r", "3", "--output", "json"});
  ASSERT_TRUE(succeeded(o));
  EXPECT_EQ(o.err, "");
  const boost::json::array rows = boost::json::parse(o.out).as_array();
  ASSERT_EQ(rows.size(), 2U);
  for (const auto& row : rows) {
    for (const char* field : kFields) EXPECT_TRUE(row.as_object().contains(field)) << field;
    EXPECT_EQ(row.at("samples_ns").as_array().size(), 3U);
    EXPECT_EQ(row.at("samples_ts").as_array().size(), 3U);
    EXPECT_GT(row.at("avg_ts").as_double(), 0);
    EXPECT_EQ(row.at("model_filename").as_string(), model());
  }
  EXPECT_EQ(rows[0].at("n_prompt").as_int64(), 8);
  EXPECT_EQ(rows[0].at("n_gen").as_int64(), 0);
  EXPECT_EQ(rows[1].at("n_gen").as_int64(), 2);
}

TEST_F(Bench, CsvHasTheSameInOneLineEach) {
  const Outcome o = bench({"-p", "8", "-n", "2", "-r", "1", "-o", "csv"});
  ASSERT_TRUE(succeeded(o));
  std::string head;
  for (const std::string field : kFields) head.append(head.empty() ? "" : ",").append(field);
  EXPECT_TRUE(o.out.starts_with(head + "\n")) << o.out;
  EXPECT_EQ(std::count(o.out.begin(), o.out.end(), '\n'), 3) << o.out;
}

TEST_F(Bench, CsvDoublesAQuote) {
  const std::string path = dir_.file("a \"b\", c.gguf");
  write_tiny_model(path);
  const Outcome o =
      run_rocmforge({"bench", "-m", path, "-p", "2", "-n", "0", "-r", "1", "-o", "csv"});
  EXPECT_NE(o.out.find("a \"\"b\"\", c.gguf\","), std::string::npos) << o.out;
}

TEST_F(Bench, Refuses) {
  EXPECT_TRUE(misused(bench({"-p", "0", "-n", "0"}), {"nothing to measure", "-p and -n"}));
  EXPECT_TRUE(misused(bench({"-o", "xml"}), {"--output", "xml", "md, json, csv"}));
  EXPECT_TRUE(misused(bench({"-r", "0"}), {"--repetitions", "0"}));
  EXPECT_TRUE(misused(bench({"-p", "-4"}), {"--n-prompt", "-4"}));
  EXPECT_TRUE(misused(bench({"-p", "4,x"}), {"--n-prompt", "x"}));
  EXPECT_TRUE(misused(bench({"-p", "4", "8"}), {"\"8\"", "commas"}));
  EXPECT_TRUE(failed(bench({"-p", "8", "-n", "0", "--ctx", "4"}), {"8 tokens", "4 (--ctx)"}));
}

}  // namespace
}  // namespace rocmforge::test
