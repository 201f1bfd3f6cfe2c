// `rocmforge bench`: the three forms of its table.
#include <sys/stat.h>

#include <algorithm>
#include <boost/json.hpp>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <regex>
#include <thread>
#include <tuple>

#include "cli/program.h"

namespace rocmforge::test {
namespace {

namespace fs = std::filesystem;

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
// Behind those.
constexpr const char* kOwnFields[] = {"n_sequences", "step_weight_bytes", "step_kv_bytes",
                                      "load_seconds"};

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
    for (const char* field : kOwnFields) EXPECT_TRUE(row.as_object().contains(field)) << field;
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
  for (const std::string field : kOwnFields) head.append(",").append(field);
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

// The names in a table's last column but one.
std::vector<std::string> test_names(const std::string& table) {
  const std::regex row("\\| ((pp|tg)[^|]*) \\| [0-9.]+ ± [0-9.]+ \\|\n");
  std::vector<std::string> out;
  for (std::sregex_iterator at(table.begin(), table.end(), row), end; at != end; ++at) {
    out.push_back((*at)[1]);
  }
  return out;
}

TEST_F(Bench, DepthsAndSequences) {
  const Outcome o = bench({"-p", "8", "-n", "2", "-d", "0,20", "--sequences", "1,3", "-r", "1"});
  ASSERT_TRUE(succeeded(o));
  EXPECT_EQ(test_names(o.out), (std::vector<std::string>{"pp8", "tg2", "tg2 x3", "pp8 @ d20",
                                                         "tg2 @ d20", "tg2 x3 @ d20"}))
      << o.out;

  const Outcome json =
      bench({"-p", "0", "-n", "4", "-d", "20", "--sequences", "3", "-r", "2", "-o", "json"});
  ASSERT_TRUE(succeeded(json));
  const boost::json::value row = boost::json::parse(json.out).at(0);
  EXPECT_EQ(row.at("n_depth").as_int64(), 20);
  EXPECT_EQ(row.at("n_sequences").as_int64(), 3);
  // All sequences' tokens count.
  const double seconds = static_cast<double>(row.at("samples_ns").at(0).as_int64()) * 1e-9;
  EXPECT_NEAR(row.at("samples_ts").at(0).as_double() * seconds, 12, 1e-3);
}

TEST_F(Bench, RandomWeightsAreThoseOfTheSavedFile) {
  const std::string path = dir_.file("saved.gguf"), spec = "llama-tiny:Q4_0,attn_v=Q6_K";
  const Outcome saved = run_rocmforge({"bench", "--random", spec, "--save", path});
  ASSERT_TRUE(succeeded(saved));
  EXPECT_TRUE(saved.out.starts_with(path + ": ")) << saved.out;
  const std::vector<std::string> form = {"-p", "4", "-n", "2", "-r", "1", "-o", "json"};
  const auto facts = [&](std::vector<std::string> words, const std::string& name) {
    words.insert(words.end(), form.begin(), form.end());
    const Outcome o = run_rocmforge(words);
    EXPECT_TRUE(succeeded(o));
    boost::json::object row = boost::json::parse(o.out).at(0).as_object();
    EXPECT_EQ(row.at("model_filename").as_string(), name);
    return std::tuple(row.at("model_type"), row.at("model_size"), row.at("model_n_params"),
                      row.at("step_weight_bytes"));
  };
  EXPECT_EQ(facts({"bench", "--random", spec}, spec), facts({"bench", "-m", path}, path));
  EXPECT_TRUE(failed(run_rocmforge({"generate", "-m", path, "-p", "a"}),
                     {path, "tokenizer.ggml.model", "vocabulary"}));
  EXPECT_TRUE(failed(run_rocmforge({"tokenize", "-m", path, "a"}), {path, "vocabulary"}));
}

TEST_F(Bench, SavesOverNothingButARegularFile) {
  const auto save = [](const std::string& path) {
    return run_rocmforge({"bench", "--random", "llama-tiny:Q4_0", "--save", path});
  };
  EXPECT_TRUE(misused(save(""), {"--save", "empty"}));
  const std::string fifo = dir_.file("fifo"), folder = dir_.file("folder");
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  fs::create_directory(folder);
  EXPECT_TRUE(failed(save(fifo), {fifo, "no regular file"}));
  EXPECT_TRUE(failed(save(folder), {folder, "a folder"}));
  const std::string to_fifo = dir_.file("to_fifo"), link = dir_.file("link");
  fs::create_symlink("fifo", to_fifo);
  EXPECT_TRUE(failed(save(to_fifo), {"fifo", "no regular file"}));
  EXPECT_TRUE(fs::is_fifo(fifo));
  EXPECT_TRUE(fs::is_symlink(to_fifo));
  fs::create_symlink("loop", dir_.file("loop"));
  EXPECT_TRUE(failed(save(dir_.file("loop")), {"loop", "symbolic links"}));
  const std::string waiting = dir_.file("waiting.gguf");
  ASSERT_EQ(::mkfifo((waiting + ".partial").c_str(), 0600), 0);
  EXPECT_TRUE(failed(save(waiting), {waiting, "no regular file"}));

  // A link stays one; what it names is written, be it there or not.
  fs::create_symlink("target.gguf", link);
  for (int i = 0; i < 2; ++i) {
    EXPECT_TRUE(succeeded(save(link)));
    EXPECT_TRUE(fs::is_symlink(link));
    EXPECT_TRUE(fs::is_regular_file(dir_.file("target.gguf")));
    EXPECT_FALSE(fs::exists(dir_.file("target.gguf.partial")));
  }
}

TEST_F(Bench, AnInterruptedSaveLeavesNothing) {
  for (const int signal : {SIGINT, SIGTERM}) {
    const std::string path = dir_.file("large.gguf");
    Command command = rocmforge({"bench", "--random", "llama-1b:Q8_0", "--save", path, "-t", "1"});
    Process process(command);
    for (int i = 0; i < 10'000 && !fs::exists(path + ".partial"); ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    ASSERT_TRUE(fs::exists(path + ".partial"));
    process.send(signal);
    EXPECT_EQ(process.wait().signal, signal);
    EXPECT_FALSE(fs::exists(path + ".partial"));
    EXPECT_FALSE(fs::exists(path));
  }
}

TEST_F(Bench, RandomWeightsOfEveryType) {
  for (const char* type :
       {"F32", "F16", "BF16", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "Q2_K", "Q3_K", "Q4_K",
        "Q5_K", "Q6_K", "IQ4_NL", "IQ4_XS", "mxfp6_e2m3", "mxfp6_e3m2", "mxfp4"}) {
    const Outcome o = run_rocmforge(
        {"bench", "--random", std::string("llama-tiny:") + type, "-p", "4", "-n", "2", "-r", "1"});
    EXPECT_TRUE(succeeded(o)) << type;
    EXPECT_EQ(test_names(o.out), (std::vector<std::string>{"pp4", "tg2"})) << o.out;
  }
}

TEST_F(Bench, RefusesWhatItCannotMakeUp) {
  const auto random = [](std::vector<std::string> more) {
    more.insert(more.begin(), "bench");
    return run_rocmforge(more);
  };
  EXPECT_TRUE(misused(random({}), {"--gguf", "--random"}));
  EXPECT_TRUE(misused(random({"--random", "llama-9b:Q4_0"}), {"llama-9b", "llama-1b, llama-3b"}));
  EXPECT_TRUE(misused(random({"--random", "llama-8b:Q9_9"}), {"Q9_9", "Q4_0, Q4_1, Q5_0"}));
  EXPECT_TRUE(misused(random({"--random", "llama-8b"}), {"type is missing"}));
  EXPECT_TRUE(misused(random({"--random", ""}), {"--random"}));
  EXPECT_TRUE(misused(random({"--random", "llama-8b:Q4_0,head=F16"}), {"head", "ffn_down"}));
  EXPECT_TRUE(
      misused(random({"--random", "llama-tiny:Q4_0", "--gguf", model()}), {"--random", "--gguf"}));
  EXPECT_TRUE(misused(random({"--gguf", model(), "--save", "x.gguf"}), {"--save", "--random"}));
  EXPECT_TRUE(failed(random({"--random", "llama-tiny:Q4_0", "--save", "/no/such/folder/x.gguf"}),
                     {"/no/such/folder/x.gguf", "No such file"}));
}

TEST_F(Bench, Refuses) {
  EXPECT_TRUE(misused(bench({"-p", "0", "-n", "0"}), {"nothing to measure", "-p and -n"}));
  EXPECT_TRUE(misused(bench({"-o", "xml"}), {"--output", "xml", "md, json, csv"}));
  EXPECT_TRUE(misused(bench({"-r", "0"}), {"--repetitions", "0"}));
  EXPECT_TRUE(misused(bench({"-p", "-4"}), {"--n-prompt", "-4"}));
  EXPECT_TRUE(misused(bench({"-p", "4,x"}), {"--n-prompt", "x"}));
  EXPECT_TRUE(misused(bench({"-p", "4", "8"}), {"\"8\"", "commas"}));
  EXPECT_TRUE(failed(bench({"-p", "8", "-n", "0", "--ctx", "4"}), {"8 tokens", "4 (--ctx)"}));
  EXPECT_TRUE(
      failed(bench({"-p", "2", "-n", "0", "-d", "3", "--ctx", "4"}), {"5 tokens", "4 (--ctx)"}));
  EXPECT_TRUE(misused(bench({"--sequences", "65"}), {"--sequences", "65"}));
  EXPECT_TRUE(misused(bench({"--sequences", "0"}), {"--sequences", "0"}));
  EXPECT_TRUE(misused(bench({"-d", "-1"}), {"--n-depth", "-1"}));
  EXPECT_TRUE(failed(bench({"-p", "0", "-n", "2", "--sequences", "64", "--no-fuse"}),
                     {"64 sequences", "32"}));
}

}  // namespace
}  // namespace rocmforge::test
