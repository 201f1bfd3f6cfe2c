// /v1/embeddings.
#include <fmt/format.h>

#include <bit>
#include <cmath>
#include <utility>

#include "serve/json/write.h"
#include "serve/openai/job.h"
#include "serve/openai/prompts.h"
#include "serve/openai/request_fields.h"
#include "serve/openai/routes.h"

namespace rocmforge::serve {
namespace {

constexpr std::size_t kFloatChars = 16;  // of one, in decimal

// Of unit length; 0 in place of what is no number.
void normalize(std::vector<float>& vector) {
  double sum = 0;
  for (float& x : vector) {
    if (!std::isfinite(x)) x = 0;
    sum += double{x} * x;
  }
  if (sum == 0) return;
  const double scale = 1 / std::sqrt(sum);
  for (float& x : vector) x = static_cast<float>(x * scale);
}

std::string decimal(const std::vector<float>& vector) {
  std::string out = "[";
  out.reserve(vector.size() * kFloatChars);
  for (std::size_t i = 0; i < vector.size(); ++i) {
    fmt::format_to(std::back_inserter(out), "{}{:.9g}", i == 0 ? "" : ",", vector[i]);
  }
  return out += ']';
}

// The bytes of 32-bit floats, the least significant first.
std::string base64(const std::vector<float>& vector) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string bytes;
  bytes.reserve(vector.size() * sizeof(float));
  for (const float x : vector) {
    const auto bits = std::bit_cast<std::uint32_t>(x);
    for (unsigned shift = 0; shift < 32; shift += 8) {
      bytes += static_cast<char>(bits >> shift & 0xffU);
    }
  }
  std::string out = "\"";
  out.reserve(bytes.size() / 3 * 4 + 8);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t n = std::min<std::size_t>(3, bytes.size() - i);
    std::uint32_t group = 0;
    for (std::size_t j = 0; j < 3; ++j) {
      group = group << 8 | (j < n ? static_cast<unsigned char>(bytes[i + j]) : 0U);
    }
    for (std::size_t j = 0; j < 4; ++j) {
      out += j <= n ? kDigits[group >> (18 - 6 * j) & 63U] : '=';
    }
  }
  return out += '"';
}

class EmbeddingJob final : public Job {
 public:
  EmbeddingJob(Context& context, std::shared_ptr<Call> call, std::vector<engine::Request> requests,
               std::string model, bool in_base64)
      : Job(context, std::move(call), std::move(requests), {}),
        model_(std::move(model)),
        in_base64_(in_base64),
        vectors_(n_choices()) {}

 private:
  std::string piece(std::size_t, const engine::TokenPiece&) override { return ""; }
  std::string ended(std::size_t choice, const engine::Completion& completion) override {
    std::vector<float> vector = completion.embedding;
    normalize(vector);
    vectors_[choice] = in_base64_ ? base64(vector) : decimal(vector);
    return "";
  }
  std::string usage_event(const Usage&) override { return ""; }
  std::string whole(const Usage& usage) override {
    std::string out = R"({"object":"list","data":[)";
    std::size_t n_bytes = 256 + model_.size();
    for (const std::string& vector : vectors_) n_bytes += vector.size() + 64;
    out.reserve(n_bytes);
    for (std::size_t i = 0; i < vectors_.size(); ++i) {
      out +=
          fmt::format(R"({}{{"object":"embedding","index":{},"embedding":)", i == 0 ? "" : ",", i);
      out.append(vectors_[i]).append("}");
      std::string().swap(vectors_[i]);
    }
    out += fmt::format(R"(],"model":{},"usage":{{"prompt_tokens":{},"total_tokens":{}}}}})",
                       quoted(model_), usage.n_prompt, usage.n_prompt);
    return out;
  }

  std::string model_;
  bool in_base64_;
  std::vector<std::string> vectors_;
};

bool read_encoding(const Field& field) {
  if (!field) return false;
  const std::string_view name = field.text();
  if (name != "float" && name != "base64") field.bad("is neither float nor base64");
  return name == "base64";
}

void answer_embeddings(Context& context, const std::shared_ptr<Call>& call) {
  const Body parsed(call->request().body);
  const Field body = parsed.root();
  const bool in_base64 = read_encoding(body.at("encoding_format"));
  const std::int32_t dim = context.engine().params().dim;
  if (const Field wanted = body.at("dimensions"); wanted && wanted.integer(1, 1 << 24) != dim) {
    wanted.bad(fmt::format("this model's embeddings have {} dimensions, and cannot be cut", dim));
  }
  const Field input = body.at("input");
  if (input.is_text() && input.text().empty()) input.bad("is empty");
  std::vector<Prompt> prompts = read_prompts(input, context);
  if (prompts.size() > context.options().max_choices) {
    input.bad(
        fmt::format("has {} texts, more than {}", prompts.size(), context.options().max_choices));
  }
  std::vector<engine::Request> requests;
  requests.reserve(prompts.size());
  for (Prompt& prompt : prompts) {
    requests.push_back({.prompt = std::move(prompt.tokens),
                        .max_tokens = 0,
                        .sampling = {.temperature = 0},
                        .embedding = context.options().embedding});
    context.check_runs(requests.back());
  }
  std::make_shared<EmbeddingJob>(context, call, std::move(requests), answering_model(body, context),
                                 in_base64)
      ->start();
}

}  // namespace

void add_embeddings(Router& router, Context& context) {
  for (const char* path : {"/v1/embeddings", "/embeddings"}) {
    router.add({.method = "POST", .pattern = path, .handle = [&context](const auto& call) {
                  answer_embeddings(context, call);
                }});
  }
}

}  // namespace rocmforge::serve
