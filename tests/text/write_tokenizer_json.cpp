#include "text/write_tokenizer_json.h"

#include <algorithm>
#include <boost/json.hpp>
#include <map>
#include <stdexcept>
#include <tuple>
#include <unordered_map>

#include "text/utf8.h"

namespace rocmforge::test {
namespace {

namespace json = boost::json;
using text::TokenType;
using text::Vocab;

// phi-3's file has it so.
bool strips_right(const Vocab& vocab, const std::string& token) {
  return vocab.model_name.find("hi3") != std::string::npos && token != "<unk>" && token != "<s>" &&
         token != "<|endoftext|>";
}

json::object split(const std::string& regex) {
  return {{"type", "Split"},
          {"pattern", {{"Regex", regex}}},
          {"behavior", "Isolated"},
          {"invert", false}};
}

json::object byte_level(bool use_regex) {
  return {{"type", "ByteLevel"},
          {"add_prefix_space", false},
          {"trim_offsets", true},
          {"use_regex", use_regex}};
}

json::value pre_tokenizer(const std::string& pre) {
  const auto sequence = [](json::array steps) {
    return json::object{{"type", "Sequence"}, {"pretokenizers", std::move(steps)}};
  };
  const std::string llama3 =
      R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
  if (pre == "gpt-2") return byte_level(true);
  if (pre == "llama-bpe") return sequence({split(llama3), byte_level(false)});
  if (pre == "qwen2") {
    std::string regex = llama3;
    regex.replace(regex.find("{1,3}"), 5, "");
    return sequence({split(regex), byte_level(false)});
  }
  if (pre == "smollm")
    return sequence(
        {json::object{{"type", "Digits"}, {"individual_digits", true}}, byte_level(true)});
  if (pre == "deepseek-coder")
    return sequence({split("[\r\n]"), split("\\s?\\p{L}+"), split("\\s?\\p{P}+"),
                     split("[\u4e00-\u9fa5\u0800-\u4e00\uac00-\ud7ff]+"),
                     json::object{{"type", "Digits"}, {"individual_digits", true}},
                     byte_level(false)});
  throw std::runtime_error("no published pattern of " + pre);
}

// Every pair of tokens that makes a token, by the score of what it makes.
std::vector<std::pair<std::string, std::string>> merges_of_scores(const Vocab& vocab) {
  std::unordered_map<std::string, std::size_t> ids;
  const auto joins = [&](std::size_t i) {
    return vocab.types[i] == TokenType::kNormal || vocab.types[i] == TokenType::kUserDefined;
  };
  for (std::size_t i = 0; i < vocab.tokens.size(); ++i)
    if (joins(i)) ids[vocab.tokens[i]] = i;
  std::vector<std::tuple<float, std::size_t, std::size_t>> found;  // minus the score, left, right
  for (const auto& [token, id] : ids)
    for (std::size_t at = token.empty() ? 0 : text::utf8_size(token[0]); at < token.size();
         at += text::utf8_size(token[at])) {
      const auto left = ids.find(token.substr(0, at)), right = ids.find(token.substr(at));
      if (left != ids.end() && right != ids.end())
        found.emplace_back(-vocab.scores[id], left->second, right->second);
    }
  std::sort(found.begin(), found.end());
  std::vector<std::pair<std::string, std::string>> merges;
  for (const auto& [score, left, right] : found)
    merges.emplace_back(vocab.tokens[left], vocab.tokens[right]);
  return merges;
}

json::array merges_of(const Vocab& vocab, bool pairs) {
  json::array out;
  const auto add = [&](const std::string& left, const std::string& right) {
    if (pairs) {
      out.push_back(json::array{left, right});
    } else {
      out.push_back(json::value(left + " " + right));
    }
  };
  if (vocab.model == "llama") {
    for (const auto& [left, right] : merges_of_scores(vocab)) add(left, right);
  } else {
    for (const std::string& merge : vocab.merges) {
      const std::size_t space = merge.find(' ', 1);
      add(merge.substr(0, space), merge.substr(space + 1));
    }
  }
  return out;
}

json::object bos_template(const Vocab& vocab) {
  const std::string bos = vocab.tokens[static_cast<std::size_t>(vocab.bos)];
  const json::object token = {{"SpecialToken", {{"id", bos}, {"type_id", 0}}}};
  const json::object sequence = {{"Sequence", {{"id", "A"}, {"type_id", 0}}}};
  return {{"type", "TemplateProcessing"},
          {"single", json::array{token, sequence}},
          {"pair", json::array{token, sequence}},
          {"special_tokens", json::object{{bos, json::object{{"id", bos},
                                                             {"ids", json::array{vocab.bos}},
                                                             {"tokens", json::array{bos}}}}}}};
}

}  // namespace

std::string write_tokenizer_json(const Vocab& vocab, bool pairs) {
  const bool by_scores = vocab.model == "llama";
  json::object tokens;
  json::array added;
  for (std::size_t i = 0; i < vocab.tokens.size(); ++i) {
    const TokenType type = vocab.types.empty() ? TokenType::kNormal : vocab.types[i];
    const bool special = type == TokenType::kControl || type == TokenType::kUnknown;
    if (special || type == TokenType::kUserDefined)
      added.push_back(json::object{{"id", i},
                                   {"content", vocab.tokens[i]},
                                   {"single_word", false},
                                   {"lstrip", false},
                                   {"rstrip", strips_right(vocab, vocab.tokens[i])},
                                   {"normalized", false},
                                   {"special", special}});
    tokens[vocab.tokens[i]] = i;
  }
  json::object document = {{"version", "1.0"},
                           {"truncation", nullptr},
                           {"padding", nullptr},
                           {"added_tokens", std::move(added)}};
  if (by_scores) {
    document["normalizer"] = json::object{
        {"type", "Sequence"},
        {"normalizers", json::array{json::object{{"type", "Prepend"}, {"prepend", "\u2581"}},
                                    json::object{{"type", "Replace"},
                                                 {"pattern", {{"String", " "}}},
                                                 {"content", "\u2581"}}}}};
    document["pre_tokenizer"] = nullptr;
  } else {
    document["normalizer"] = nullptr;
    document["pre_tokenizer"] = pre_tokenizer(vocab.pre);
  }
  document["post_processor"] = nullptr;
  if (vocab.add_bos > 0) document["post_processor"] = bos_template(vocab);
  document["model"] =
      json::object{{"type", "BPE"},
                   {"dropout", nullptr},
                   {"unk_token", by_scores ? json::value("<unk>") : json::value(nullptr)},
                   {"fuse_unk", by_scores},
                   {"byte_fallback", by_scores},
                   {"ignore_merges", vocab.pre == "llama-bpe"},
                   {"vocab", std::move(tokens)},
                   {"merges", merges_of(vocab, pairs)}};
  return json::serialize(document);
}

}  // namespace rocmforge::test
