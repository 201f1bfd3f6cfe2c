// What is not a model that runs here: one line that says which file and what in it.
#include <cstring>
#include <functional>

#include "cli/program.h"

namespace rocmforge::test {
namespace {

class BadModel : public Cli {
 protected:
  Outcome load(const std::string& path) {
    return run_rocmforge({"generate", "--gguf", path, "-p", "hi", "-n", "1"});
  }
  // The small model without some keys and tensors, and with what `then` adds.
  std::string other(const std::vector<std::string>& left_out,
                    const std::function<void(gguf::Writer&)>& then = {}) {
    const std::string path = dir_.file("other.gguf");
    edited(tiny_model(), left_out, then).write(path);
    return path;
  }
  std::string bytes(const std::string& text) {
    const std::string path = dir_.file("bytes.gguf");
    write_text(path, text);
    return path;
  }
};

TEST_F(BadModel, NotThereOrNotAFile) {
  EXPECT_TRUE(failed(load(dir_.file("none.gguf")), {"none.gguf", "No such file"}));
  EXPECT_TRUE(failed(load("/dev/null"), {"/dev/null", "not a regular file"}));
  EXPECT_TRUE(failed(load("/dev/zero"), {"/dev/zero", "not a regular file"}));
  EXPECT_TRUE(failed(load(dir_.path()), {dir_.path(), "directory"}));
  EXPECT_TRUE(misused(load(""), {"--gguf", "empty"}));
}

TEST_F(BadModel, EmptyOrText) {
  EXPECT_TRUE(failed(load(bytes("")), {"bytes.gguf", "empty"}));
  EXPECT_TRUE(failed(load(bytes("Once upon a time there was a file.\n")), {"bytes.gguf", "GGUF"}));
  EXPECT_TRUE(failed(load(bytes("GGUF")), {"bytes.gguf"}));
}

TEST_F(BadModel, Truncated) {
  const std::string whole = read_file(model());
  for (std::size_t eighth = 1; eighth < 8; ++eighth) {
    const Outcome o = load(bytes(whole.substr(0, whole.size() * eighth / 8)));
    EXPECT_TRUE(failed(o, {"bytes.gguf"})) << eighth;
  }
  EXPECT_TRUE(
      failed(load(bytes(whole.substr(0, whole.size() - 64))), {"bytes.gguf", "output.weight"}));
}

TEST_F(BadModel, OfATensorTypeThatIsNotSupported) {
  std::string patched = read_file(model());
  const std::string name = "blk.0.attn_q.weight";
  // The name, its number of dimensions, two dimensions of 8 bytes, the type.
  const std::size_t at = patched.find(name) + name.size() + 4 + 2 * 8;
  for (const std::uint32_t type : {16U, 40U, 999U}) {  // IQ2_XXS, NVFP4, none at all
    std::memcpy(patched.data() + at, &type, sizeof type);
    EXPECT_TRUE(failed(load(bytes(patched)), {"bytes.gguf", name, "type"})) << type;
  }
}

TEST_F(BadModel, OfAnotherArchitectureAndTensorTypeTheArchitectureIsNamed) {
  const std::string key = "general.architecture", name = "blk.0.attn_q.weight";
  std::string patched = read_file(other({key}, [&](auto& w) { w.add_string(key, "rwkv9"); }));
  const std::uint32_t type = 16;  // IQ2_XXS
  std::memcpy(patched.data() + patched.find(name) + name.size() + 4 + 2 * 8, &type, sizeof type);
  const Outcome o = load(bytes(patched));
  EXPECT_TRUE(failed(o, {"bytes.gguf", "rwkv9", "architecture"}));
  EXPECT_EQ(o.err.find("IQ2_XXS"), std::string::npos) << o.err;
}

TEST_F(BadModel, OfAnotherArchitecture) {
  const std::string key = "general.architecture";
  EXPECT_TRUE(failed(load(other({key}, [&](gguf::Writer& w) { w.add_string(key, "rwkv9"); })),
                     {"other.gguf", "rwkv9", "architecture"}));
  EXPECT_TRUE(failed(load(other({key})), {"other.gguf", key}));
}

TEST_F(BadModel, WithATensorMissingOrOfAnotherShape) {
  const std::string name = "blk.1.ffn_up.weight";
  EXPECT_TRUE(failed(load(other({name})), {"other.gguf", name}));
  const auto narrow = [&](gguf::Writer& w) {
    w.add_tensor(name, DType::kF32, Shape{96, 32}, std::vector<std::byte>(96 * 32 * 4));
  };
  EXPECT_TRUE(failed(load(other({name}, narrow)), {"other.gguf", name, "32", "96", "64"}));
}

TEST_F(BadModel, WithHyperParametersMissingOrWrong) {
  for (const char* key :
       {"llama.embedding_length", "llama.attention.head_count", "llama.block_count"}) {
    EXPECT_TRUE(failed(load(other({key})), {"other.gguf", key}));
    EXPECT_TRUE(failed(load(other({key}, [&](gguf::Writer& w) { w.add_u32(key, 0); })),
                       {"other.gguf", key}));
  }
}

TEST_F(BadModel, WithATokenizerThatIsNotKnown) {
  const std::string kind = "tokenizer.ggml.model";
  EXPECT_TRUE(failed(load(other({kind}, [&](gguf::Writer& w) { w.add_string(kind, "unigram9"); })),
                     {"other.gguf", "unigram9"}));
  EXPECT_TRUE(failed(load(other({kind})), {"other.gguf", kind}));
  const std::string path = other({kind}, [&](gguf::Writer& w) {
    w.add_string(kind, "gpt2");
    w.add_string("tokenizer.ggml.pre", "martian");
    w.add_strings("tokenizer.ggml.merges", {"h e"});
  });
  EXPECT_TRUE(failed(load(path), {"other.gguf", "martian"}));
  EXPECT_TRUE(failed(run_rocmforge({"tokenize", "--gguf", path, "hi"}), {"other.gguf", "martian"}));
}

// 0xffffffff is a NaN.
TEST_F(BadModel, WithWeightsThatAreNoNumbers) {
  const auto no_numbers = [](gguf::Writer& w) {
    w.add_tensor("output_norm.weight", DType::kF32, Shape{64},
                 std::vector<std::byte>(64 * sizeof(float), std::byte{0xff}));
  };
  const std::string path = other({"output_norm.weight"}, no_numbers);
  const std::string text = dir_.file("text");
  write_text(text, std::string(100, 'a'));
  const auto said = [](std::vector<std::string> args) {
    Command command = rocmforge(std::move(args));
    command.env["ROCMFORGE_LOG_LEVEL"] = "error";  // a warning names the tensor
    return run(command);
  };
  EXPECT_TRUE(failed(said({"generate", "--gguf", path, "-p", "hi", "-n", "1"}),
                     {"other.gguf", "no finite logit", "position"}));
  EXPECT_TRUE(failed(said({"perplexity", "--gguf", path, "--file", text, "--ctx", "32"}),
                     {"other.gguf", "chunk 1", "no finite log-probability at position 16"}));
}

// Neither a path nor a name out of a file breaks the line or reaches the terminal as it is.
TEST_F(BadModel, ControlCharactersAreEscaped) {
  EXPECT_TRUE(failed(load(dir_.file("no\n\x1b[31mmodel")), {"no\\x0a\\x1b[31mmodel"}));
}

// The other subcommands say the same.
TEST_F(BadModel, IsRefusedByEverySubcommand) {
  const std::string text = dir_.file("text"), golden = dir_.file("golden.json");
  write_text(text, "hello");
  write_text(golden, R"([{"prompt": [1], "steps": [{"id": 1, "top": [[1, -1]]}]}])");
  const std::string bad = bytes("Not a model at all, but long enough for a header.");
  const std::vector<std::vector<std::string>> commands = {{"tokenize", "hi"},
                                                          {"perplexity", "--file", text},
                                                          {"verify", "--golden", golden},
                                                          {"bench", "-p", "1", "-n", "1"}};
  for (std::vector<std::string> args : commands) {
    args.insert(args.end(), {"--gguf", bad});
    EXPECT_TRUE(failed(run_rocmforge(args), {"bytes.gguf", "GGUF"})) << args[0];
  }
}

}  // namespace
}  // namespace rocmforge::test
