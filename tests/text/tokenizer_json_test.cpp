#include "text/tokenizer_json.h"

#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "base/error.h"
#include "support/temp_dir.h"
#include "text/small_vocabs.h"
#include "text/write_tokenizer_json.h"

namespace rocmforge::text {
namespace {

using test::Ids;
using test::plain;
using test::spell;
using Strings = std::vector<std::string>;

// Characters and their merges; `more` are members of the document, `model` of its model.
std::string characters(const std::string& more, const std::string& model = "") {
  return R"({"model": {"type": "BPE", "byte_fallback": true, "unk_token": "<unk>", )" + model +
         R"("vocab": {"<unk>": 0, "<s>": 1, "▁": 2, "a": 3, "b": 4, "ab": 5, "▁a": 6, "<0xC3>": 7,
         "<0xA9>": 8, "▁▁": 9}, "merges": ["a b", ["▁", "a"], "▁ ▁"]},
         "added_tokens": [{"id": 0, "content": "<unk>", "special": true},
                          {"id": 1, "content": "<s>", "special": true}])" +
         more + "}";
}
constexpr const char* kPrependReplace = R"(, "normalizer": {"type": "Sequence", "normalizers": [
    {"type": "Prepend", "prepend": "▁"},
    {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}]})";

// Bytes; `pre` is the pre_tokenizer, `more` further members of the document.
std::string bytes(const std::string& pre, const std::string& more = "") {
  const std::string whole = test::write_tokenizer_json(
      test::bpe_vocab("gpt-2", {"a b", "b a", "\u0120 a", "1 2", "1 1", "\u00c3 \u00a9"}));
  const std::string key = "\"pre_tokenizer\":";
  const std::size_t at = whole.find(key) + key.size();
  return whole.substr(0, at) + pre + more + whole.substr(whole.find("},\"post_processor\"") + 1);
}
std::string steps(const std::string& list) {
  return R"({"type":"Sequence","pretokenizers":[)" + list +
         R"(,{"type":"ByteLevel","add_prefix_space":false,"use_regex":false}]})";
}

std::unique_ptr<Tokenizer> make(const std::string& json) {
  return make_tokenizer(parse_tokenizer_json(json, "t.json"));
}

void expect_refused(const std::string& json, ErrorCode code, const std::string& part) {
  try {
    make(json);
    ADD_FAILURE() << "accepted, without " << part;
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), code) << e.what();
    EXPECT_NE(std::string(e.what()).find("[text] t.json: " + part), std::string::npos) << e.what();
    EXPECT_LT(std::string(e.what()).size(), 500u);
  }
}

TEST(TokenizerJson, CharactersWithPrependAndReplace) {
  const auto t = make(characters(kPrependReplace));
  EXPECT_EQ(spell(*t, plain(*t, "ab b")), (Strings{"▁", "ab", "▁", "b"}));  // the first merge wins
  EXPECT_EQ(spell(*t, plain(*t, "a  b")), (Strings{"▁a", "▁▁", "b"}));
  EXPECT_EQ(plain(*t, "é"), (Ids{2, 7, 8}));                      // its bytes
  EXPECT_EQ(spell(*t, plain(*t, "z")), (Strings{"▁", "<unk>"}));  // no bytes
  EXPECT_EQ(t->encode("<s>a", {.parse_special = true}), (Ids{1, 6}));
  EXPECT_EQ(t->decode(Ids{6, 9, 7, 8}, false), "a  é");
  EXPECT_FALSE(t->adds_bos());
  EXPECT_EQ(t->vocab().eos, kNoToken);
}

TEST(TokenizerJson, Metaspace) {
  const auto with = [](const std::string& rest) {
    return make(
        characters(R"(, "pre_tokenizer": {"type": "Metaspace", "replacement": "▁")" + rest + "}"));
  };
  const auto always = with(R"(, "prepend_scheme": "always", "split": false)");
  EXPECT_EQ(spell(*always, plain(*always, "a  b")), (Strings{"▁a", "▁▁", "b"}));
  EXPECT_EQ(always->encode("<s>a", {.parse_special = true}), (Ids{1, 6}));
  const auto first = with(R"(, "prepend_scheme": "first", "split": false)");
  EXPECT_EQ(first->encode("a<s>a", {.parse_special = true}), (Ids{6, 1, 3}));
  const auto never = with(R"(, "prepend_scheme": "never", "split": false)");
  EXPECT_EQ(plain(*never, "a"), Ids{3});
  const auto older = with(R"(, "add_prefix_space": false)");  // which splits
  EXPECT_EQ(spell(*older, plain(*older, "a  a")), (Strings{"a", "▁", "▁a"}));
}

TEST(TokenizerJson, BytesCutInEveryWay) {
  const auto pieces = [](const std::string& pre, const std::string& text) {
    const auto t = make(bytes(pre));
    return spell(*t, plain(*t, text));
  };
  EXPECT_EQ(pieces(R"({"type":"ByteLevel","add_prefix_space":false})", "ab a"),
            (Strings{"ab", "\u0120a"}));
  EXPECT_EQ(pieces(steps(R"({"type":"Digits","individual_digits":true})"), "1112"),
            (Strings{"1", "1", "1", "2"}));
  EXPECT_EQ(pieces(steps(R"({"type":"Digits"})"), "b12ab"), (Strings{"b", "12", "ab"}));
  EXPECT_EQ(
      pieces(steps(R"({"type":"Split","pattern":{"String":"a"},"behavior":"Isolated"})"), "bab"),
      (Strings{"b", "a", "b"}));
  EXPECT_EQ(
      pieces(steps(R"({"type":"Split","pattern":{"Regex":"[0-9]{2}"},"behavior":"Isolated"})"),
             "112"),
      (Strings{"11", "2"}));
  EXPECT_EQ(pieces(steps(R"({"type":"Punctuation","behavior":"Contiguous"})"), "a!!b"),
            (Strings{"a", "!", "!", "b"}));
}

// As with the vocabulary of a GGUF, which has no word for it.
TEST(TokenizerJson, TextIsNotNormalizedToFormC) {
  const std::string json =
      bytes(R"({"type":"ByteLevel","add_prefix_space":false})", R"(,"normalizer":{"type":"NFC"})");
  const auto t = make(json);
  const auto as_gguf = make_tokenizer(
      test::bpe_vocab("gpt-2", {"a b", "b a", "\u0120 a", "1 2", "1 1", "\u00c3 \u00a9"}));
  for (const std::string text : {"e\u0301", "\u00e9", "\u212b \u1100\u1161", "a\u0323\u0301"}) {
    EXPECT_EQ(plain(*t, text), plain(*as_gguf, text)) << text;
    EXPECT_EQ(t->decode(plain(*t, text), false), text);
  }
  EXPECT_EQ(spell(*t, plain(*t, "\u00e9")), Strings{"\u00c3\u00a9"});
  EXPECT_EQ(plain(*t, "e\u0301").size(), 3u);
}

TEST(TokenizerJson, AddedTokensAreFoundInTheTextAsItIs) {
  for (const std::string normalized : {"true", "false"}) {
    std::string json = characters(kPrependReplace);
    json.insert(
        json.find(R"({"id": 0,)"),
        R"({"id": 10, "content": "b b", "special": false, "normalized": )" + normalized + "}, ");
    const auto t = make(json);
    EXPECT_EQ(plain(*t, "ab ba"), (Ids{6, 10, 6})) << normalized;
  }
  std::string json = characters(kPrependReplace);
  json.insert(json.find(R"({"id": 0,)"), R"({"id": 10, "content": "x", "normalized": 1}, )");
  expect_refused(json, ErrorCode::kFormat, "added_tokens[0].normalized: is neither true nor false");
}

TEST(TokenizerJson, TheTemplateAddsTokens) {
  const auto t = make(characters(std::string(kPrependReplace) + R"(, "post_processor":
      {"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}},
       {"Sequence": {"id": "A", "type_id": 0}}, {"SpecialToken": {"id": "<unk>", "type_id": 0}}],
       "special_tokens": {"<s>": {"id": "<s>", "ids": [1], "tokens": ["<s>"]}}})"));
  EXPECT_EQ(t->encode("a", {}), (Ids{1, 6, 0}));
}

TEST(TokenizerJson, AddedTokensSwallowSpaces) {
  std::string json = characters(kPrependReplace);
  json.insert(json.find(R"({"id": 0,)"),
              R"({"id": 10, "content": "[M]", "lstrip": true, "rstrip": true, "special": false},)");
  const auto t = make(json);
  EXPECT_EQ(plain(*t, "a  [M]  a"), (Ids{6, 10, 6}));
}

TEST(TokenizerJson, AFolderWithAConfig) {
  const test::TempDir dir;
  std::ofstream(dir.file("tokenizer.json")) << characters(kPrependReplace);
  std::ofstream(dir.file("tokenizer_config.json"))
      << R"({"bos_token": "<s>", "eos_token": {"content": "ab"}})";
  const auto t = make_tokenizer(read_tokenizer_json(dir.path()));
  EXPECT_EQ(t->vocab().bos, 1);
  EXPECT_EQ(t->vocab().eos, 5);
  EXPECT_TRUE(t->is_end_of_generation(5));
  EXPECT_EQ(read_tokenizer_json(dir.file("tokenizer.json")).tokens.size(), 10u);
  EXPECT_THROW(read_tokenizer_json(dir.file("none.json")), Error);
}

TEST(TokenizerJson, WhatIsNotReadIsNamed) {
  const auto unsupported = [](const std::string& json, const std::string& part) {
    expect_refused(json, ErrorCode::kUnsupported, part);
  };
  const auto pre = [](const std::string& value) {
    return characters(", \"pre_tokenizer\": " + value);
  };
  unsupported(characters(R"(, "normalizer": {"type": "Lowercase"})"), "normalizer: \"Lowercase\"");
  unsupported(pre(R"({"type": "Whitespace"})"), "pre_tokenizer: \"Whitespace\"");
  unsupported(pre("null"), "pre_tokenizer: what is neither ByteLevel nor Metaspace");
  unsupported(pre(R"({"type": "Metaspace", "replacement": "_"})"), "pre_tokenizer.replacement");
  unsupported(bytes(R"({"type":"ByteLevel","add_prefix_space":true})"),
              "pre_tokenizer.add_prefix_space: true");
  unsupported(bytes(steps(R"({"type":"Split","pattern":{"String":"a"},"behavior":"Removed"})")),
              "pre_tokenizer.pretokenizers[0].behavior: \"Removed\"");
  unsupported(
      bytes(steps(R"({"type":"Split","pattern":{"Regex":"[a&&[b]]"},"behavior":"Isolated"})")),
      "pre_tokenizer.pretokenizers[0].pattern.Regex: a class within a class");
  // Half a character, and anchors, which mean lines in one library and texts in the other.
  for (const auto& [pattern, what] : std::vector<std::pair<std::string, std::string>>{
           {"\\\\C", "\\C"}, {"^b", "^"}, {"a$", "$"}}) {
    unsupported(bytes(steps(R"({"type":"Split","pattern":{"Regex":")" + pattern +
                            R"("},"behavior":"Isolated"})")),
                "pre_tokenizer.pretokenizers[0].pattern.Regex: " + what + " in a pattern");
  }
  unsupported(characters(std::string(kPrependReplace) + R"(, "post_processor": {"type": "Bert"})"),
              "post_processor: \"Bert\"");
  unsupported(characters(kPrependReplace, R"("continuing_subword_prefix": "##", )"),
              "model.continuing_subword_prefix");
  std::string unigram = characters(kPrependReplace);
  unigram.replace(unigram.find("\"BPE\""), 5, "\"Unigram\"");
  unsupported(unigram, "model.type: \"Unigram\"");
  try {
    make(bytes(steps(R"({"type":"Split","pattern":{"Regex":"(a"},"behavior":"Isolated"})")));
    ADD_FAILURE() << "accepted";
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::kUnsupported);
    EXPECT_NE(std::string(e.what()).find("[text] t.json: pre_tokenizer: pattern (a: at 2"),
              std::string::npos)
        << e.what();
  }
}

TEST(TokenizerJson, WhatIsMalformedIsNamed) {
  const auto malformed = [](const std::string& json, const std::string& part) {
    expect_refused(json, ErrorCode::kFormat, part);
  };
  malformed("", "byte 0: is not JSON");
  malformed("{\"model\": {]}", "byte 11: is not JSON");
  malformed(std::string(200, '['), "byte ");
  malformed("[]", "");
  malformed("{\"model\": 3" + std::string(kPrependReplace) + "}", "model: is not an object");
  malformed("{\"model\": {}" + std::string(kPrependReplace) + "}", "model.vocab: missing");
  malformed("{\"model\": {\"vocab\": {\"a\": -1}}" + std::string(kPrependReplace) + "}",
            "model.vocab: -1 is not an id");
  malformed("{\"model\": {\"vocab\": {\"a\": 99999999999}}" + std::string(kPrependReplace) + "}",
            "model.vocab: 99999999999 is not an id");
  // Room for all the ids between would be had before anything else were found.
  malformed("{\"model\": {\"vocab\": {\"a\": 16777215}}" + std::string(kPrependReplace) + "}",
            "model.vocab: 16777215 is not an id");
  malformed("{\"model\": {\"vocab\": {\"a\": 1, \"b\": 1}}" + std::string(kPrependReplace) + "}",
            "model.vocab: \"b\" has id 1");
  malformed("{\"model\": {\"vocab\": {\"a\": 1}, \"merges\": [\"a a\"]}" +
                std::string(kPrependReplace) + "}",
            "merges: entry 0 \"a a\": \"aa\" is not a token");
  malformed("{\"model\": {\"vocab\": {\"a\": 1}, \"merges\": [[\"a\"]]}" +
                std::string(kPrependReplace) + "}",
            "model.merges[0]: is not two tokens");
}

}  // namespace
}  // namespace rocmforge::text
