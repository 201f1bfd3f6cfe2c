// `rocmforge perplexity`: its output. Its figures are tested with the engine.
#include <regex>

#include "cli/program.h"

namespace rocmforge::test {
namespace {

class Perplexity : public Cli {
 protected:
  std::string text_file(std::size_t n_letters) {
    std::string text;
    for (std::size_t i = 0; i < n_letters; ++i) text += static_cast<char>('a' + i * i % 23);
    const std::string path = dir_.file("text.txt");
    write_text(path, text);
    return path;
  }
  Command command(const std::string& file, std::vector<std::string> more = {}) {
    more.insert(more.begin(), {"perplexity", "--gguf", model(), "--file", file});
    return rocmforge(more);
  }
};

const std::regex kForm("perplexity: [0-9]+\\.[0-9]{4} \\+/- [0-9]+\\.[0-9]{5}\n");

TEST_F(Perplexity, TheLastLineIsTheFigure) {
  const Outcome o = run(command(text_file(300), {"--ctx", "64"}));
  EXPECT_TRUE(succeeded(o));
  EXPECT_TRUE(std::regex_match(o.out, kForm)) << o.out;
  EXPECT_TRUE(std::regex_match(o.err, std::regex("(\\[[0-9]+\\] [0-9.]+\n){4}"))) << o.err;
}

TEST_F(Perplexity, ChunksAreCounted) {
  const std::string file = text_file(300);
  const Outcome one = run(command(file, {"--ctx", "64", "--chunks", "1"}));
  EXPECT_EQ(std::count(one.err.begin(), one.err.end(), '\n'), 1) << one.err;
  const Outcome many = run(command(file, {"--ctx", "64", "--chunks", "99"}));
  EXPECT_TRUE(std::regex_match(many.out, kForm)) << many.out;
  EXPECT_NE(many.err.find("the text has only 4 chunks of 64 tokens"), std::string::npos);
  EXPECT_EQ(many.out, run(command(file, {"--ctx", "64"})).out);
  EXPECT_NE(many.out, one.out);
}

TEST_F(Perplexity, ReadsStandardInput) {
  const std::string file = text_file(300);
  Command piped = command("-", {"--ctx", "64"});
  piped.input = read_file(file);
  EXPECT_EQ(run(piped).out, run(command(file, {"--ctx", "64"})).out);
}

TEST_F(Perplexity, Refuses) {
  EXPECT_TRUE(failed(run(command(text_file(300))), {"text.txt", "less than one chunk of 512"}));
  EXPECT_TRUE(failed(run(command(text_file(0))), {"text.txt", "less than one chunk"}));
  EXPECT_TRUE(failed(run(command(dir_.file("none.txt"))), {"none.txt", "No such file"}));
  EXPECT_TRUE(misused(run(command(text_file(9), {"--ctx", "3"})), {"--ctx", "3"}));
  EXPECT_TRUE(misused(run(command(text_file(9), {"--chunks", "-1"})), {"--chunks", "-1"}));
  const std::string latin1(700, '\xe9');
  write_text(dir_.file("latin1.txt"), latin1);
  EXPECT_TRUE(
      failed(run(command(dir_.file("latin1.txt"))), {"latin1.txt", "UTF-8", "byte offset 0"}));
}

}  // namespace
}  // namespace rocmforge::test
