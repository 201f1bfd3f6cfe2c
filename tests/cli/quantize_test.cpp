// `rocmforge quantize`.
#include <csignal>
#include <filesystem>
#include <memory>

#include "cli/program.h"
#include "support/split_model.h"

namespace rocmforge::test {
namespace {

class Quantize : public Cli {
 protected:
  Outcome quantize(const std::string& in, const std::vector<std::string>& more) {
    std::vector<std::string> args = {"quantize", "--gguf", in};
    args.insert(args.end(), more.begin(), more.end());
    return run_rocmforge(args);
  }
  std::string out() const { return dir_.file("out.gguf"); }
  bool has_written() const {
    return std::filesystem::exists(out()) || std::filesystem::exists(out() + ".partial");
  }
};

bool has(const Outcome& o, const std::string& part) {
  return o.out.find(part) != std::string::npos;
}

TEST_F(Quantize, WritesAModelThatRuns) {
  const Outcome o = quantize(model(), {"--out", out(), "--type", "q4_k"});
  EXPECT_TRUE(succeeded(o));
  EXPECT_EQ(o.err, "");
  EXPECT_TRUE(has(o, "token_embd.weight        [290, 64]")) << o.out;
  EXPECT_TRUE(has(o, "F32, kept, 0.00 MiB\n")) << o.out;
  EXPECT_TRUE(has(o, "; not Q4_K, whose blocks of 256 do not fill a row of 64\n")) << o.out;
  EXPECT_TRUE(has(o, "F32 -> Q5_0, 0.02 -> 0.00 MiB, error ")) << o.out;
  EXPECT_TRUE(has(o, "\nsize: ")) << o.out;
  EXPECT_TRUE(has(o, "tensors have another type than asked for, for their rows' length\n"))
      << o.out;
  EXPECT_TRUE(has(o, "\nerror: ")) << o.out;
  EXPECT_TRUE(has(o, out().append(": "))) << o.out;
  EXPECT_TRUE(succeeded(
      run_rocmforge({"generate", "--gguf", out(), "-p", "hello", "-n", "4", "--seed", "1"})));
  EXPECT_FALSE(std::filesystem::exists(out() + ".partial"));
}

TEST_F(Quantize, OfEveryTypeRuns) {
  for (const char* type :
       {"Q2_K", "Q3_K", "Q5_K_S", "IQ4_XS", "MXFP4", "MXFP6_E2M3", "MXFP6_E3M2", "Q8_0", "F16"}) {
    EXPECT_TRUE(succeeded(quantize(model(), {"-o", out(), "--type", type, "-t", "3"}))) << type;
    EXPECT_TRUE(succeeded(run_rocmforge(
        {"generate", "--gguf", out(), "-p", "hello", "-n", "2", "--seed", "1", "--device", "cpu"})))
        << type;
  }
}

TEST_F(Quantize, ShowsWithoutWriting) {
  const Outcome o = quantize(model(), {"--type", "Q8_0", "--dry-run", "--tensor-type",
                                       "ffn_up=MXFP4", "--tensor-type", "ffn_.*=Q5_1"});
  EXPECT_TRUE(succeeded(o));
  EXPECT_TRUE(has(o, "blk.1.ffn_up.weight      [96, 64]  F32 -> MXFP4, 0.02 -> 0.00 MiB\n"))
      << o.out;
  EXPECT_TRUE(has(o, "blk.1.ffn_gate.weight    [96, 64]  F32 -> Q5_1, 0.02 -> 0.00 MiB\n"))
      << o.out;
  EXPECT_TRUE(has(o, "output.weight            [290, 64] F32 -> Q8_0, 0.07 -> 0.02 MiB\n"))
      << o.out;
  EXPECT_FALSE(has(o, "error")) << o.out;
  EXPECT_FALSE(has_written());
}

TEST_F(Quantize, TakesQuantizedInputOnlyWhenTold) {
  const std::string in = write_tiny_model(dir_.file("q8.gguf"), {.matrix = DType::kQ8_0});
  EXPECT_TRUE(failed(quantize(in, {"--out", out(), "--type", "Q4_0"}),
                     {in, "token_embd.weight: is Q8_0", "--allow-requantize"}));
  EXPECT_FALSE(has_written());
  EXPECT_TRUE(succeeded(quantize(in, {"--out", out(), "--type", "Q4_0", "--allow-requantize"})));
}

TEST_F(Quantize, NamesWhatIsWrong) {
  EXPECT_TRUE(misused(quantize(model(), {"--out", out(), "--type", "Q9_0"}),
                      {"--type: \"Q9_0\" is not one of F32, F16, BF16", "Q3_K_M (Q3_K)"}));
  EXPECT_TRUE(misused(quantize(model(), {"--out", out()}), {"--type is required", "COPY"}));
  EXPECT_TRUE(misused(quantize(model(), {"--type", "Q8_0"}), {"--out: is missing", "--dry-run"}));
  EXPECT_TRUE(misused(quantize(model(), {"--type", "Q8_0", "--out", model()}),
                      {"--out: ", "is the input itself"}));
  EXPECT_TRUE(misused(quantize(model(), {"--type", "Q8_0", "--out", out(), "--tensor-type", "x"}),
                      {"--tensor-type: \"x\": is not PATTERN=TYPE"}));
  EXPECT_TRUE(misused(quantize(model(), {"--type", "Q8_0", "--out", out(), "-t", "x"}),
                      {"--threads", "\"x\" is not a whole number"}));
  EXPECT_TRUE(misused(quantize(model(), {"--type", "Q8_0", "--out", out(), "--imatrix", "x"}),
                      {"--imatrix: no such option", "leave it out"}));
  for (const char* option : {"--include-weights", "--exclude-weights", "--keep-split"}) {
    EXPECT_TRUE(misused(quantize(model(), {"--type", "Q8_0", "--out", out(), option}),
                        {std::string(option) + ": no such option", "leave it out"}));
  }
  EXPECT_TRUE(misused(quantize(model(), {"--type", "COPY", "--out", out(), "--pure"}),
                      {"COPY changes no tensor; leave out --pure"}));
  EXPECT_TRUE(misused(quantize(model(), {"--type", "COPY", "-o", out(), "--tensor-type", "a=F16"}),
                      {"COPY changes no tensor", "--tensor-type"}));
  EXPECT_TRUE(failed(quantize(dir_.file("none.gguf"), {"--type", "Q8_0", "--out", out()}),
                     {"none.gguf", "cannot open"}));
  EXPECT_TRUE(failed(quantize(model(), {"--type", "Q8_0", "--out", dir_.file("no/out.gguf")}),
                     {"no/out.gguf: cannot write it", "No such file"}));
  EXPECT_TRUE(failed(quantize(model(), {"--type", "Q8_0", "--out", dir_.path()}),
                     {"cannot write it: it is a folder"}));
  write_text(dir_.file("text.gguf"), "no model");
  EXPECT_TRUE(
      failed(quantize(dir_.file("text.gguf"), {"--type", "Q8_0", "--out", out()}), {"text.gguf"}));
  EXPECT_FALSE(has_written());
}

// As llama-quantize is used.
TEST_F(Quantize, TakesWordsByTheirPlace) {
  ASSERT_TRUE(succeeded(quantize(model(), {"--out", out(), "--type", "Q8_0"})));
  const std::string want = read_file(out());
  const std::string other = dir_.file("other.gguf");
  const std::vector<std::vector<std::string>> same = {{model(), other, "Q8_0"},
                                                      {model(), other, "q8_0", "2"},
                                                      {model(), other, "7"},
                                                      {"--threads", "2", model(), other, "Q8_0"},
                                                      {"--type", "Q8_0", model(), other},
                                                      {model(), "Q8_0", "--out", other}};
  for (std::vector<std::string> args : same) {
    std::filesystem::remove(other);
    args.insert(args.begin(), "quantize");
    EXPECT_TRUE(succeeded(run_rocmforge(args)));
    EXPECT_TRUE(read_file(other) == want);
  }
  EXPECT_TRUE(has(run_rocmforge({"quantize", "--dry-run", model(), "Q8_0"}), "F32 -> Q8_0"));
}

TEST_F(Quantize, NamesWhatIsWrongWithAPlace) {
  const auto told = [&](std::vector<std::string> args, const std::vector<std::string>& parts) {
    args.insert(args.begin(), "quantize");
    return misused(run_rocmforge(args), parts);
  };
  EXPECT_TRUE(told({}, {"which file?", "--gguf PATH", "quantize IN OUT TYPE [THREADS]"}));
  EXPECT_TRUE(told({model()}, {"--type is required", "IN OUT TYPE"}));
  EXPECT_TRUE(told({model(), out()}, {"--type is required", "IN OUT TYPE"}));
  EXPECT_TRUE(told({model(), "Q8_0"}, {"which file to write?", "IN OUT TYPE"}));
  EXPECT_TRUE(told({model(), out(), "Q9"}, {"\"Q9\" is not one of"}));
  EXPECT_TRUE(told({model(), out(), "Q8_0", "x"}, {"threads", "\"x\" is not a whole number"}));
  EXPECT_TRUE(told({model(), out(), "Q8_0", "2", "3"}, {"\"3\": one word too many"}));
  EXPECT_TRUE(told({"--gguf", model(), out(), "Q8_0"}, {"which file to write?"}));
  EXPECT_TRUE(told({"--gguf", model(), model(), out(), "Q8_0"}, {"--gguf: given twice"}));
  EXPECT_TRUE(told({"--type", "Q8_0", model(), out(), "Q8_0"}, {"--type: given twice"}));
  EXPECT_TRUE(told({"", out(), "Q8_0"}, {"the path is empty"}));
  EXPECT_FALSE(has_written());
}

TEST_F(Quantize, MakesOneFileOfParts) {
  const std::string first =
      write_split_model(tiny_model({.matrix = DType::kF16}), dir_.file("parts"), 3);
  const Outcome o = run_rocmforge({"quantize", first, out(), "copy"});
  EXPECT_TRUE(succeeded(o));
  EXPECT_TRUE(has(o, ", kept, ")) << o.out;
  EXPECT_FALSE(has(o, "error")) << o.out;
  const std::vector<std::string> tail = {"-p", "hello", "-n", "4", "--temp", "0"};
  std::vector<std::string> of_parts = {"generate", "--gguf", first}, of_one = of_parts;
  of_one.back() = out();
  of_parts.insert(of_parts.end(), tail.begin(), tail.end());
  of_one.insert(of_one.end(), tail.begin(), tail.end());
  EXPECT_EQ(run_rocmforge(of_one).out, run_rocmforge(of_parts).out);
  EXPECT_TRUE(succeeded(run_rocmforge({"quantize", first, out(), "Q8_0"})));
  EXPECT_TRUE(
      failed(run_rocmforge({"quantize", part_path(dir_.file("parts"), 1, 3), out(), "Q8_0"}),
             {"this is part 2 of 3; give the first"}));
  std::filesystem::remove(part_path(dir_.file("parts"), 1, 3));
  EXPECT_TRUE(
      failed(run_rocmforge({"quantize", first, out(), "Q8_0"}), {"part 2 of 3 is missing"}));
}

TEST_F(Quantize, KeepsTheOutputMatrixWhenTold) {
  const Outcome o = quantize(model(), {"--out", out(), "--type", "Q8_0", "--leave-output-tensor"});
  EXPECT_TRUE(succeeded(o));
  EXPECT_EQ(o.err, "");
  EXPECT_TRUE(has(o, "output.weight            [290, 64] F32, kept, 0.07 MiB\n")) << o.out;
  const std::string tied = write_tiny_model(dir_.file("tied.gguf"), {.tied = true});
  EXPECT_NE(quantize(tied, {"--out", out(), "--type", "Q8_0", "--leave-output-tensor"})
                .err.find("has no output.weight, the embedding serves as one"),
            std::string::npos);
}

TEST_F(Quantize, SetsKeysByHand) {
  EXPECT_TRUE(succeeded(quantize(
      model(), {"--out", out(), "--type", "Q8_0", "--override-kv", "general.name=str:other"})));
  const Outcome o = run_rocmforge({"inspect", out()});
  EXPECT_TRUE(has(o, "general.name")) << o.out;
  EXPECT_TRUE(has(o, "other")) << o.out;
  EXPECT_TRUE(misused(
      quantize(model(), {"--out", out(), "--type", "Q8_0", "--override-kv", "general.name"}),
      {"--override-kv: \"general.name\" is not"}));
}

TEST_F(Quantize, LeavesNothingWhenKilled) {
  const std::string in = write_tiny_model(dir_.file("large.gguf"),
                                          {.dim = 1024, .n_ff = 4096, .matrix = DType::kBF16});
  for (const int signal : {SIGINT, SIGTERM}) {
    Process process(
        rocmforge({"quantize", "--gguf", in, "--out", out(), "--type", "Q2_K", "-t", "1"}));
    ASSERT_TRUE(process.wait_until([](const Outcome& o) { return o.out.size() > 20; }));
    EXPECT_TRUE(std::filesystem::exists(out() + ".partial"));
    process.send(signal);
    const Outcome o = process.wait();
    EXPECT_EQ(o.signal, signal) << to_string(o);
    EXPECT_FALSE(has_written());
  }
}

}  // namespace
}  // namespace rocmforge::test
