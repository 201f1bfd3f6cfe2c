// Completions and the man page know every option that --help shows.
#include <filesystem>
#include <set>

#include "cli/program.h"

namespace rocmforge::test {
namespace {

std::string made(const std::string& kind) {
  const Outcome o = run_rocmforge({"completions", kind});
  EXPECT_TRUE(succeeded(o));
  return o.out;
}

std::set<std::string> commands() {
  std::set<std::string> out;
  const std::string help = run_rocmforge({"--help"}).out;
  std::size_t at = help.find("Subcommands:");
  EXPECT_NE(at, std::string::npos) << help;
  while ((at = help.find('\n', at)) != std::string::npos && help.substr(at, 3) == "\n  ") {
    const std::size_t end = help.find(' ', at + 3);
    if (end > at + 3) out.insert(help.substr(at + 3, end - at - 3));
    at += 3;
  }
  EXPECT_GT(out.size(), 5u) << help;
  return out;
}

// "--words" at the left of a subcommand's help.
std::set<std::string> options(const std::string& command) {
  std::set<std::string> out;
  const std::string help = run_rocmforge({command, "--help"}).out;
  std::size_t begin = 0;
  for (std::size_t end; (end = help.find('\n', begin)) != std::string::npos; begin = end + 1) {
    const std::string line = help.substr(begin, end - begin);
    if (!line.starts_with("  -")) continue;
    const std::string names = line.substr(2, line.find(' ', 2) - 2);
    for (std::size_t at = 0; (at = names.find("--", at)) != std::string::npos; at += 2) {
      out.insert(names.substr(at, names.find(',', at) - at));
    }
  }
  return out;
}

TEST(Completions, KnowEveryOption) {
  const std::string bash = made("bash"), zsh = made("zsh"), fish = made("fish"), man = made("man");
  for (const std::string& command : commands()) {
    EXPECT_NE(bash.find("    " + command + ") words="), std::string::npos) << command;
    EXPECT_NE(man.find(".SS rocmforge " + command), std::string::npos) << command;
    for (const std::string& option : options(command)) {
      EXPECT_NE(bash.find(option), std::string::npos) << command << " " << option;
      EXPECT_NE(zsh.find(option), std::string::npos) << command << " " << option;
      EXPECT_NE(fish.find("from " + command + "'"), std::string::npos) << command;
      EXPECT_NE(fish.find("-l " + option.substr(2)), std::string::npos) << command << " " << option;
      std::string dashes;
      for (const char c : option) dashes += c == '-' ? "\\-" : std::string(1, c);
      EXPECT_NE(man.find(dashes), std::string::npos) << command << " " << option;
    }
  }
}

// What bash offers for the last of some words.
std::string offered(const std::string& script, const std::vector<std::string>& words) {
  std::string line = "source '" + script + "'; COMP_WORDS=(rocmforge";
  for (const std::string& word : words) line += " '" + word + "'";
  line += "); COMP_CWORD=" + std::to_string(words.size()) +
          "; _rocmforge 2>/dev/null; printf '%s\\n' \"${COMPREPLY[@]}\"";
  return run({.argv = {"/bin/bash", "--norc", "-c", line}}).out;
}

TEST(Completions, BashOffersWhatFits) {
  const TempDir dir;
  const std::string script = dir.file("rocmforge");
  write_text(script, made("bash"));
  write_text(dir.file("a model.gguf"), "");
  EXPECT_EQ(offered(script, {"insp"}), "inspect\n");
  EXPECT_EQ(offered(script, {"inspect", "--js"}), "--json\n");
  EXPECT_EQ(offered(script, {"--host", "x", "model"}), "models\n");
  EXPECT_EQ(offered(script, {"inspect", "--gguf", dir.file("a m")}), dir.file("a model.gguf\n"));
  EXPECT_EQ(offered(script, {"inspect", dir.file("a m")}), dir.file("a model.gguf\n"));
  EXPECT_EQ(offered(script, {"inspect", "--ctx", ""}), "\n");
  EXPECT_EQ(offered(script, {"completions", "z"}), "zsh\n");
}

void check_syntax(const std::string& shell, const std::string& text) {
  for (const char* folder : {"/bin/", "/usr/bin/", "/usr/local/bin/"}) {
    if (!std::filesystem::exists(folder + shell)) continue;
    const TempDir dir;
    write_text(dir.file("script"), text);
    EXPECT_TRUE(succeeded(run({.argv = {folder + shell, "-n", dir.file("script")}})));
    return;
  }
  GTEST_SKIP() << "no " << shell << " here";
}
TEST(Completions, ZshReadsThem) {
  check_syntax("zsh", made("zsh"));
}
TEST(Completions, FishReadsThem) {
  check_syntax("fish", made("fish"));
}
TEST(Completions, OtherShellsAreNamed) {
  EXPECT_TRUE(misused(run_rocmforge({"completions", "tcsh"}), {"tcsh", "bash, zsh, fish"}));
}

}  // namespace
}  // namespace rocmforge::test
