// `rocmforge tokenize`.
#include "cli/program.h"

namespace rocmforge::test {
namespace {

class Tokenize : public Cli {
 protected:
  Command command(std::vector<std::string> more, const std::string& path = "") {
    more.insert(more.begin(), {"tokenize", "--gguf", path.empty() ? model() : path});
    return rocmforge(more);
  }
  std::string ids(const std::vector<std::string>& more) {
    const Outcome o = run(command(more));
    EXPECT_TRUE(succeeded(o));
    EXPECT_EQ(o.err, "");
    return o.out;
  }
  std::string text_file(const std::string& text) {
    const std::string path = dir_.file("text.txt");
    write_text(path, text);
    return path;
  }
};

TEST_F(Tokenize, IdsOnOneLine) {
  // Byte tokens begin at 3, "▁" is 259, letters follow.
  EXPECT_EQ(ids({"!"}), "1 259 36\n");
  EXPECT_EQ(ids({"!", "--no-bos"}), "259 36\n");
  EXPECT_EQ(ids({"--no-bos", "a\n"}), "259 260 13\n");
}

TEST_F(Tokenize, EmptyTextIsTheBeginOfText) {
  EXPECT_EQ(ids({""}), "1\n");
  EXPECT_EQ(ids({"--no-bos", ""}), "\n");
  EXPECT_EQ(ids({"--file", text_file("")}), "1\n");
  EXPECT_EQ(ids({"--file", "/dev/null"}), "1\n");
}

TEST_F(Tokenize, SpecialTokensOnRequest) {
  const std::string plain = ids({"</s>", "--no-bos"});
  EXPECT_EQ(plain.find("259 "), 0U) << plain;
  EXPECT_GT(plain.size(), 10U);
  EXPECT_EQ(ids({"--parse-special", "--no-bos", "</s>"}), "2\n");
}

TEST_F(Tokenize, KeysSetByHand) {
  EXPECT_EQ(ids({"!", "--override-kv", "tokenizer.ggml.add_bos_token=bool:false"}), "259 36\n");
  EXPECT_EQ(ids({"!", "--override-kv", "tokenizer.ggml.add_space_prefix=bool:false",
                 "--override-kv", "tokenizer.ggml.bos_token_id=int:2"}),
            "2 36\n");
  EXPECT_EQ(
      ids({"--override-kv",
           "tokenizer.ggml.add_bos_token=bool:false,tokenizer.ggml.add_eos_token=bool:true", "!"}),
      "259 36 2\n");
  const auto fails = [&](const std::string& text, int status, const std::string& part) {
    const Outcome o = run(command({"!", "--override-kv", text}));
    EXPECT_EQ(o.exit_code, status) << text;
    EXPECT_NE(o.err.find(part), std::string::npos) << o.err;
  };
  fails("tokenizer.ggml.bos_token_id=int:x", 2,
        "tokenizer.ggml.bos_token_id: \"x\" is not a whole");
  fails("tokenizer.ggml.bos_token_id=int:99999", 1, "tokenizer.ggml.bos_token_id: 99999");
  fails("tokenizer.ggml.add_bos_token=int:1", 1, "tokenizer.ggml.add_bos_token: is of type i64");
  fails("tokenizer.ggml.model=str:gpt2", 1, "tokenizer.ggml.merges");
}

TEST_F(Tokenize, ATokenizerJson) {
  const std::string json =
      R"({"pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false},
          "model": {"type": "BPE", "vocab": {"a": 7, "b": 1, "ab": 2}, "merges": ["a b"]}})";
  write_text(dir_.file("tokenizer.json"), json);
  EXPECT_EQ(ids({"ab", "--tokenizer", dir_.file("tokenizer.json")}), "2\n");
  EXPECT_EQ(ids({"ba", "--tokenizer", dir_.path()}), "1 7\n");
  Command by_variable = command({"ab"});
  by_variable.env["ROCMFORGE_TOKENIZER"] = dir_.path();
  EXPECT_EQ(run(by_variable).out, "2\n");
  // Beside the model, and wanted by a model without a vocabulary alone.
  EXPECT_NE(ids({"ab"}), "2\n");
  EXPECT_EQ(run(command({"ab", "--override-kv", "tokenizer.ggml.model=str:none"})).out, "2\n");
}

TEST_F(Tokenize, AFileAndStandardInput) {
  const std::string text = "Hello,\nworld \xc3\xa9";
  const std::string expected = ids({text});
  EXPECT_EQ(ids({"--file", text_file(text)}), expected);
  Command piped = command({"--file", "-"});
  piped.input = text;
  EXPECT_EQ(run(piped).out, expected);
  piped = command({"-f", "/dev/stdin"});
  piped.input = text;
  EXPECT_EQ(run(piped).out, expected);
  Command none = command({"--file", "-"});
  EXPECT_EQ(run(none).out, "1\n");
}

TEST_F(Tokenize, ATextThatBeginsWithADash) {
  EXPECT_EQ(ids({"--", "-a"}), "1 259 48 260\n");
  EXPECT_TRUE(misused(run(command({"-hello"})), {"-hello", "--"}));
  EXPECT_TRUE(misused(run(command({"-5"})), {"-5", "behind --"}));
}

TEST_F(Tokenize, AVocabularyAloneIsEnough) {
  std::vector<std::string> tensors = {"token_embd.weight", "output_norm.weight", "output.weight"};
  for (const char* name : {"attn_norm", "attn_q", "attn_k", "attn_v", "attn_output", "ffn_norm",
                           "ffn_gate", "ffn_up", "ffn_down"}) {
    tensors.push_back(std::string("blk.0.") + name + ".weight");
  }
  const std::string path = dir_.file("vocabulary.gguf");
  edited(tiny_model({.n_layers = 1}), tensors).write(path);
  EXPECT_EQ(run(command({"!"}, path)).out, "1 259 36\n");
  EXPECT_TRUE(failed(run_rocmforge({"generate", "--gguf", path, "-p", "hi"}),
                     {"vocabulary.gguf", "token_embd.weight"}));
}

TEST_F(Tokenize, Refuses) {
  EXPECT_TRUE(misused(run(command({})), {"TEXT or --file"}));
  EXPECT_TRUE(misused(run(command({"a", "--file", text_file("b")})), {"TEXT or --file"}));
  EXPECT_TRUE(misused(run(command({"two", "words"})), {"words", "quotes"}));
  EXPECT_TRUE(
      failed(run(command({"--file", dir_.file("none.txt")})), {"none.txt", "No such file"}));
  EXPECT_TRUE(failed(run(command({"--file", dir_.path()})), {dir_.path(), "directory"}));
  EXPECT_TRUE(failed(run(command({"--file", ""})), {"cannot open"}));
  EXPECT_TRUE(failed(run(command({"--file", text_file("ab\x80")})),
                     {"text.txt", "UTF-8", "byte offset 2"}));
  EXPECT_TRUE(failed(run(command({"ab\x80"})), {"TEXT", "UTF-8", "byte offset 2"}));
  EXPECT_TRUE(misused(run_rocmforge({"tokenize", "hi"}), {"--gguf is required"}));
}

}  // namespace
}  // namespace rocmforge::test
