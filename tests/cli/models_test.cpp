// `models`: exactly the lines that scripts read.
#include <filesystem>

#include "cli/program.h"
#include "support/split_model.h"

namespace rocmforge::test {
namespace {

namespace fs = std::filesystem;

class Models : public ::testing::Test {
 protected:
  std::string in(const std::string& name) const { return dir_.file(name); }
  Outcome list(const std::string& dir) { return run_rocmforge({"models", "--dir", dir}); }

  TempDir dir_;
};

std::string tiny_line(int layers) {
  return "  arch: llama | layers: " + std::to_string(layers) +
         " | heads: 4 | hidden: 64 | ctx: 512 | vocab: 290 | file_type: 0 | embedded tokenizer: "
         "yes\n";
}

TEST_F(Models, NoneIsNoError) {
  const std::string said = "No GGUF models found in '" + dir_.path() +
                           "'. Use --dir or ROCMFORGE_MODELS to specify a directory.\n";
  write_text(in("notes.txt"), "no model");
  const Outcome empty = list(dir_.path());
  EXPECT_TRUE(succeeded(empty));
  EXPECT_EQ(empty.out, said);
  const Outcome missing = list(in("none"));
  EXPECT_TRUE(succeeded(missing));
  EXPECT_EQ(missing.out, "No GGUF models found in '" + in("none") +
                             "'. Use --dir or ROCMFORGE_MODELS to specify a directory.\n");
}

TEST_F(Models, TheFolderMayStandAlone) {
  write_tiny_model(in("m.gguf"));
  const Outcome o = run_rocmforge({"models", dir_.path()});
  EXPECT_TRUE(succeeded(o));
  EXPECT_EQ(o.out, list(dir_.path()).out);
  EXPECT_NE(o.out.find("- m\n"), std::string::npos) << o.out;
  EXPECT_TRUE(misused(run_rocmforge({"models", dir_.path(), "--dir", dir_.path()}),
                      {"--dir: the folder is given twice"}));
  EXPECT_TRUE(misused(run_rocmforge({"models", ""}), {"the path is empty"}));
  EXPECT_TRUE(misused(run_rocmforge({"models", "a", "b"}), {"\"b\": one word too many"}));
}

TEST_F(Models, AreListedByNameWithWhatTheirKeysSay) {
  fs::create_directories(in("a/deep"));
  write_tiny_model(in("zebra.gguf"));
  write_tiny_model(in("a/deep/Apple.GGUF"), {.n_layers = 3});
  write_text(in("a/deep/tokenizer.json"), "{}");
  const Outcome o = list(dir_.path());
  EXPECT_TRUE(succeeded(o));
  EXPECT_EQ(o.out, "Discovered models:\n- Apple\n  gguf: " + in("a/deep/Apple.GGUF") +
                       "\n  tokenizer: " + in("a/deep/tokenizer.json") + "\n" + tiny_line(3) +
                       "- zebra\n  gguf: " + in("zebra.gguf") + "\n  tokenizer: (no tokenizer)\n" +
                       tiny_line(2));
}

TEST_F(Models, ABrokenOneIsListedWithItsError) {
  write_text(in("bad.gguf"), "Not a model.\n");
  write_tiny_model(in("good.gguf"));
  const Outcome o = list(dir_.path());
  EXPECT_TRUE(succeeded(o));
  EXPECT_EQ(o.out,
            "Discovered models:\n- bad\n  gguf: " + in("bad.gguf") +
                "\n  tokenizer: (no tokenizer)\n  error: [gguf] " + in("bad.gguf") +
                ": header: byte 0: not a GGUF file: it starts with 'Not '\n- good\n  gguf: " +
                in("good.gguf") + "\n  tokenizer: (no tokenizer)\n" + tiny_line(2));
}

TEST_F(Models, OfSeveralPartsTheFirstStandsForAll) {
  write_split_model(tiny_model(), in("split"), 3);
  const std::string alone = part_path(in("lost"), 1, 2);
  fs::copy_file(part_path(in("split"), 1, 3), alone);
  const std::string out = list(dir_.path()).out;
  EXPECT_NE(out.find("- split-00001-of-00003\n"), std::string::npos) << out;
  EXPECT_EQ(out.find("- split-00002"), std::string::npos) << out;
  EXPECT_NE(out.find("- lost-00002-of-00002\n"), std::string::npos) << out;
}

TEST_F(Models, TheFolderComesFromTheEnvironment) {
  write_tiny_model(in("m.gguf"));
  Command command = rocmforge({"models"});
  command.env["ROCMFORGE_MODELS"] = dir_.path();
  EXPECT_NE(run(command).out.find("- m\n"), std::string::npos);
  command.env["ROCMFORGE_MODELS"] = "";  // unset
  EXPECT_NE(run(command).out.find("in 'models'"), std::string::npos);
}

TEST_F(Models, FoldersThatLeadIntoOneAnotherAreLookedAtOnce) {
  fs::create_directories(in("a"));
  write_tiny_model(in("a/m.gguf"));
  fs::create_directory_symlink(dir_.path(), in("a/up"));
  const std::string out = list(dir_.path()).out;
  EXPECT_EQ(out.find("- m\n"), out.rfind("- m\n")) << out;
}

}  // namespace
}  // namespace rocmforge::test
