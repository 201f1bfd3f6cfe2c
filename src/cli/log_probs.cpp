#include "cli/log_probs.h"

#include <fmt/format.h>

#include <cmath>

#include "cli/json.h"

namespace rocmforge::cli {
namespace {

namespace json = boost::json;

std::string one(const engine::TokenLogProb& token, const text::Tokenizer& tokenizer) {
  return fmt::format("{:9.5f} {:>6} {}", token.log_prob, token.token,
                     to_json_string(tokenizer.piece(token.token, /*special=*/true)));
}

json::object object_of(const engine::TokenLogProb& token, const text::Tokenizer& tokenizer) {
  json::object out = {{"id", token.token}};
  out["token"] = json::parse(to_json_string(tokenizer.piece(token.token, /*special=*/true)));
  out["logprob"] = std::isfinite(token.log_prob) ? json::value(token.log_prob) : json::value();
  return out;
}

}  // namespace

std::string to_text(std::size_t id, const engine::Completion& answer, bool hide_thinking,
                    const text::Tokenizer& tokenizer) {
  std::string thinking;
  if (!answer.thinking.empty() && !hide_thinking) {
    thinking = "thinking:\n" + answer.thinking + "\n";
  }
  const std::string error = answer.error.empty() ? "" : "error: " + answer.error + "\n";
  return fmt::format("request_id: {}\nfinish_reason: Some(\"{}\")\n{}{}text:\n{}\n", id,
                     engine::to_string(answer.reason), error, thinking, answer.text) +
         log_probs_text(answer.log_probs, tokenizer);
}

std::string log_probs_text(const engine::LogProbList& all, const text::Tokenizer& tokenizer) {
  if (all.empty()) return "";
  std::string out = "logprobs:\n";
  for (std::size_t i = 0; i < all.size(); ++i) {
    const engine::LogProbList::View token = all[i];
    out += one(token.chosen, tokenizer);
    std::string top;
    for (const engine::TokenLogProb& other : token.top) {
      top += (top.empty() ? "  [" : ", ") + one(other, tokenizer);
    }
    out += top + (top.empty() ? "\n" : "]\n");
  }
  return out;
}

json::array log_probs_json(const engine::LogProbList& all, const text::Tokenizer& tokenizer) {
  json::array out;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const engine::LogProbList::View token = all[i];
    json::object entry = object_of(token.chosen, tokenizer);
    json::array top;
    for (const engine::TokenLogProb& other : token.top) top.push_back(object_of(other, tokenizer));
    entry["top"] = std::move(top);
    out.push_back(std::move(entry));
  }
  return out;
}

}  // namespace rocmforge::cli
