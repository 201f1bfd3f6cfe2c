// Real vocabularies: every text of the .inp files gives its line of the .out files.
#include <gtest/gtest.h>

#include <cstdlib>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "base/counters.h"
#include "base/mapped_file.h"
#include "engine/read_vocab.h"
#include "gguf/reader.h"
#include "support/data.h"
#include "support/temp_dir.h"
#include "text/small_vocabs.h"
#include "text/tokenizer.h"
#include "text/tokenizer_json.h"
#include "text/write_tokenizer_json.h"

namespace rocmforge::text {
namespace {

using test::Ids;

std::unique_ptr<Tokenizer> load(const std::string& path) {
  const MappedFile file(path);
  Counters counters;
  return make_tokenizer(engine::read_vocab(gguf::parse(file.bytes(), path, counters)));
}

std::vector<std::string> split(const std::string& text, const std::string& mark) {
  std::vector<std::string> parts;
  std::size_t begin = 0;
  for (std::size_t end = text.find(mark); end != std::string::npos; end = text.find(mark, begin)) {
    parts.push_back(text.substr(begin, end - begin));
    begin = end + mark.size();
  }
  if (begin < text.size()) parts.push_back(text.substr(begin));
  return parts;
}

Ids parse_ids(const std::string& line) {
  Ids ids;
  std::istringstream in(line);
  for (TokenId id = 0; in >> id;) ids.push_back(id);
  return ids;
}

// Texts that trip tokenizers: runs of white space of every kind, digits of other scripts, marks,
// joined emoji, characters of Unicode 15, control characters. The ids are llama.cpp's.
const std::vector<std::string> kOdd = {
    "a  b   c\t\td \n\n e\r\n\r\n  f   ",
    "I'm we'Ve IT'S 'tis don''t 1234567 \u0661\u0662\u0663\u00bd\u2167 3.14e-10",
    "na\u00efve e\u0301 \u4f60\u597d\uff0c\u4e16\u754c\uff01 \uc548\ub155 "
    "\u0928\u092e\u0938\u094d\u0924\u0947 \u05e9\u05dc\u05d5\u05dd",
    "\U0001F468\u200d\U0001F469\u200d\U0001F467 \U0001F1E9\U0001F1EA \u2764\ufe0f!?",
    "\u00a0\u3000\u2028\u180e\u200bx\302\205y",
    "\U00031350\U0002EBF0 \U0001E4F0 \U00011B00",
    "<|im_start|>user\nhi<|im_end|></s> <s>",
    "x\001y\007\177z {\"k\": [1, 2]} \\n // ~ \u2581 \u0120"};

struct Pair {
  std::string vocab, texts;
};
void PrintTo(const Pair& pair, std::ostream* out) {
  *out << pair.vocab;
}

class VocabFiles : public ::testing::TestWithParam<Pair> {};

TEST_P(VocabFiles, EveryTextGivesItsIdsAndComesBack) {
  const std::string packed = test::data_file("vocabs/" + GetParam().vocab + ".gguf.zst");
  ROCMFORGE_NEED_DATA(packed, GetParam().vocab);
  const std::string inp = test::data_file("vocabs/" + GetParam().texts + ".gguf.inp");
  const std::string out = test::data_file("vocabs/" + GetParam().texts + ".gguf.out");
  ROCMFORGE_NEED_DATA(inp, GetParam().texts + ".gguf.inp");
  ROCMFORGE_NEED_DATA(out, GetParam().texts + ".gguf.out");
  if (std::system("zstd --version > /dev/null 2>&1") != 0)
    GTEST_SKIP() << "the program zstd is not installed";
  const test::TempDir dir;
  const std::string path = dir.file("vocab.gguf");
  ASSERT_EQ(std::system(("zstd -dqf '" + packed + "' -o '" + path + "'").c_str()), 0);

  const auto tokenizer = load(path);
  // The same as a tokenizer.json, with merges written in both ways.
  std::vector<std::unique_ptr<Tokenizer>> others;
  for (const bool pairs : {false, true}) {
    const std::string json = test::write_tokenizer_json(tokenizer->vocab(), pairs);
    others.push_back(make_tokenizer(parse_tokenizer_json(json, "tokenizer.json")));
    EXPECT_EQ(others.back()->size(), tokenizer->size());
    EXPECT_EQ(others.back()->adds_bos(), tokenizer->adds_bos());
  }
  const auto texts = split(test::read_file(inp), "\n__ggml_vocab_test__\n");
  const auto lines = split(test::read_file(out), "\n");
  ASSERT_GT(texts.size(), 40u);
  ASSERT_EQ(texts.size(), lines.size());
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const Ids ids = test::plain(*tokenizer, texts[i]);
    EXPECT_EQ(ids, parse_ids(lines[i])) << "text " << i << ": " << texts[i];
    EXPECT_EQ(tokenizer->decode(ids, false), texts[i]) << "text " << i;
    for (const auto& other : others) {
      EXPECT_EQ(test::plain(*other, texts[i]), ids) << "text " << i << ": " << texts[i];
      EXPECT_EQ(other->decode(ids, false), texts[i]) << "text " << i;
    }
  }
  for (const std::string& text : kOdd)
    for (const auto& other : others)
      EXPECT_EQ(other->encode(text, {.parse_special = true}),
                tokenizer->encode(text, {.parse_special = true}))
          << text;
}

INSTANTIATE_TEST_SUITE_P(Files, VocabFiles,
                         ::testing::Values(Pair{"ggml-vocab-llama-spm", "ggml-vocab-llama-spm"},
                                           Pair{"ggml-vocab-phi-3", "ggml-vocab-phi-3"},
                                           Pair{"ggml-vocab-gpt-2", "ggml-vocab-gpt-2"},
                                           Pair{"ggml-vocab-deepseek-coder",
                                                "ggml-vocab-deepseek-coder"},
                                           Pair{"rebuilt-llama-bpe", "ggml-vocab-llama-bpe"},
                                           Pair{"rebuilt-qwen3", "ggml-vocab-qwen2"},
                                           Pair{"rebuilt-qwen3", "ggml-vocab-deepseek-r1-qwen"}));

struct Model {
  std::string path, name;
  std::vector<std::string> ids;  // of kOdd, with BOS where the file says so
};

void expect_ids(const Model& model) {
  ROCMFORGE_NEED_DATA(model.path, model.name);
  const auto tokenizer = load(model.path);
  ASSERT_EQ(model.ids.size(), kOdd.size());
  for (std::size_t i = 0; i < kOdd.size(); ++i) {
    const Ids ids = tokenizer->encode(kOdd[i], {.parse_special = true});
    EXPECT_EQ(ids, parse_ids(model.ids[i])) << kOdd[i];
  }
}

TEST(OddTexts, SmolLM2) {
  expect_ids(
      {test::smollm2_file(),
       "SmolLM2",
       {"81 216 278 256 265 197 197 84 38028 297 18682 216 275 333",
        "57 5248 392 23 25917 9627 23 67 637 34818 1326 3816 100 216 33 34 35 36 37 38 39 216 164 "
        "111 164 112 164 113 16738 173 223 117 216 35 30 33 36 85 29 33 32",
        "3546 46494 297 151 219 216 18645 250 48392 138 12831 7906 240 178 239 230 8083 219 18601 "
        "239 226 182 223 239 12335 118 35090 38770 16525 26293 30581 12960 119 31838 23970 162 247",
        "10813 235 118 321 231 10813 235 119 321 231 10813 235 117 15107 225 119 10813 225 120 "
        "4636 247 114 31752 17 47",
        "15442 12109 218 321 118 172 250 232 321 229 104 141 223 105",
        "187 126 231 234 187 123 124 125 216 187 248 237 125 216 187 235 122 218",
        "1 4093 198 6004 2 9617 99 46 2067 99 46",
        "104 191 105 195 217 106 9583 91 1799 933 33 28 216 34 28852 3814 94 13241 11417 29566 219 "
        "24488 250"}});
}

TEST(OddTexts, Stories260K) {
  expect_ids(
      {test::data_file("models/stories260K.gguf"),
       "stories260K.gguf",
       {"1 261 410 268 410 410 280 12 12 418 410 13 13 344 16 13 16 13 410 272 410 410 410",
        "1 359 439 423 382 439 470 411 359 434 439 437 410 439 413 293 279 289 439 439 413 410 475 "
        "479 472 484 480 490 491 410 220 164 220 165 220 166 197 192 229 136 170 410 472 426 475 "
        "484 411 464 475 477",
        "1 297 412 198 178 360 344 207 132 410 231 192 163 232 168 192 242 191 143 231 187 153 234 "
        "152 143 242 191 132 410 239 152 139 238 136 152 410 227 167 171 227 167 177 227 167 187 "
        "227 168 144 227 167 167 227 168 138 410 218 172 218 159 218 152 218 160",
        "1 410 243 162 148 171 229 131 144 243 162 148 172 229 131 144 243 162 148 170 410 243 162 "
        "138 172 243 162 138 173 410 229 160 167 242 187 146 443 450",
        "1 410 498 230 131 131 229 131 171 228 163 145 229 131 142 444 197 136 422",
        "1 410 243 180 144 147 243 177 178 179 410 243 161 150 179 410 243 148 175 131",
        "1 410 504 506 288 98 356 295 413 506 505 425 419 285 13 415 417 504 506 288 98 367 506 "
        "505 2 410 410 1",
        "1 410 444 4 422 10 130 451 410 126 436 433 436 467 410 508 475 432 410 479 509 128 410 "
        "500 416 410 492 492 410 510 410 410 410 199 163"}});
}

}  // namespace
}  // namespace rocmforge::text
