// --help and --version.
#include <regex>

#include "cli/program.h"

namespace rocmforge::test {
namespace {

void expect_help(const std::vector<std::string>& args, const std::vector<std::string>& parts) {
  const Outcome o = run_rocmforge(args);
  EXPECT_TRUE(succeeded(o));
  EXPECT_EQ(o.err, "");
  for (const std::string& part : parts) {
    EXPECT_NE(o.out.find(part), std::string::npos) << part << " is not in\n" << o.out;
  }
  for (std::size_t from = 0; from < o.out.size();) {
    const std::size_t end = o.out.find('\n', from);
    EXPECT_LE(end - from, 110U) << o.out.substr(from, end - from);
    from = end + 1;
  }
}

const std::vector<std::string> kModel = {
    "-m,--gguf,--model PATH", "-c,--ctx,--ctx-size N", "--device NAME",  "[auto]",
    "--check-tensors",        "-t,--threads N",        "--kv-type TYPE", "--no-fuse"};

std::vector<std::string> with_model(std::vector<std::string> parts) {
  parts.insert(parts.end(), kModel.begin(), kModel.end());
  parts.insert(parts.end(), {"-h,--help", "Example"});
  return parts;
}

TEST(Help, OfTheProgram) {
  const std::vector<std::string> parts = {"generate",
                                          "tokenize",
                                          "perplexity",
                                          "verify",
                                          "quantize",
                                          "bench",
                                          "devices",
                                          "--host",
                                          "http://127.0.0.1:8080",
                                          "-V,--version",
                                          "ROCMFORGE_LOG_LEVEL",
                                          "ROCMFORGE_CPU_ISA",
                                          "Exit codes",
                                          "Examples"};
  expect_help({"--help"}, parts);
  expect_help({"-h"}, parts);
  expect_help({"help"}, parts);
}

TEST(Help, OfEachSubcommand) {
  expect_help({"generate", "--help"}, with_model({"-p,--prompt TEXT",
                                                  "--prompt-file FILE",
                                                  "--batch FILE",
                                                  "--chat",
                                                  "--think on|off",
                                                  "--reasoning-budget N",
                                                  "[-1]",
                                                  "-n,--max-tokens,--n-predict N",
                                                  "[128]",
                                                  "--stream",
                                                  "--stop TEXT",
                                                  "--temperature,--temp X",
                                                  "[1]",
                                                  "--top-k N",
                                                  "[50]",
                                                  "--top-p X",
                                                  "[0.9]",
                                                  "--min-p X",
                                                  "--repeat-penalty X",
                                                  "-s,--seed N",
                                                  "--tokenizer PATH",
                                                  "[f16]",
                                                  "Ctrl-C"}));
  expect_help({"chat", "--help"},
              with_model({"--system TEXT", "--chat-template FILE|NAME", "--hide-thinking", "[0]",
                          "--template-arg KEY=JSON", "--seed N", "Ctrl-C", "history", "Examples"}));
  expect_help({"tokenize", "-h"}, {"text TEXT", "-f,--file PATH", "--no-bos", "--parse-special",
                                   "-m,--gguf,--model PATH", "-h,--help", "Example"});
  expect_help({"perplexity", "--help"},
              with_model({"-f,--file PATH", "--chunks N", "[512]", "perplexity: X +/- Y"}));
  expect_help({"verify", "--help"},
              with_model({"--golden PATH", "--reference PATH", "--json", "[f32]", "\"prompt\""}));
  expect_help({"bench", "--help"},
              with_model({"-p,--n-prompt N", "[512]", "-n,--n-gen N", "[128]", "-r,--repetitions N",
                          "[5]", "-o,--output FORM", "[md]"}));
  expect_help(
      {"quantize", "--help"},
      {"-m,--gguf,--model PATH", "-o,--out PATH", "--type TYPE", "Q3_K_M (Q3_K)",
       "--tensor-type PATTERN=TYPE", "--allow-requantize", "--pure", "--dry-run", "-t,--threads N",
       "--leave-output-tensor", "--override-kv KEY=TYPE:VALUE", "COPY", "-h,--help", "Examples"});
  expect_help({"devices", "--help"}, {"--json", "ROCMFORGE_HIP_LIBRARY", "ROCMFORGE_CUDA_LIBRARY",
                                      "ROCMFORGE_GPU_TIMEOUT", "-h,--help", "Example"});
  EXPECT_EQ(run_rocmforge({"help", "bench"}).out, run_rocmforge({"bench", "--help"}).out);
}

TEST(Help, IsThereWhateverElseIsMissing) {
  EXPECT_TRUE(succeeded(run_rocmforge({"bench", "-n", "5", "--help"})));
  EXPECT_TRUE(misused(run_rocmforge({"help", "quux"}), {"quux", "no such subcommand"}));
}

TEST(Version, IsOneLine) {
  const std::regex form("rocmforge 0\\.1\\.0 \\(.+\\)\n");
  for (const char* flag : {"--version", "-V"}) {
    const Outcome o = run_rocmforge({flag});
    EXPECT_TRUE(succeeded(o));
    EXPECT_TRUE(std::regex_match(o.out, form)) << o.out;
    EXPECT_EQ(o.err, "");
  }
}

}  // namespace
}  // namespace rocmforge::test
