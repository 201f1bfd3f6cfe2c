// Log-probabilities and embeddings of prompts, whole or in chunks, alone or among others, on one
// device or two.
#include "engine/prompt_reader.h"

#include <gtest/gtest.h>

#include <map>

#include "engine/fixture.h"
#include "engine/scheduler.h"
#include "engine/sequence.h"

namespace rocmforge::test {
namespace {

using engine::Completion;
using engine::Embedding;
using engine::FinishReason;
using engine::Request;

Request of_length(std::size_t n, std::int32_t max_tokens) {
  Request out{.max_tokens = max_tokens, .sampling = {.temperature = 0}, .ignore_eos = true};
  for (std::size_t i = 0; i < n; ++i) {
    out.prompt.push_back(static_cast<text::TokenId>(3 + (i * 37) % (kTinyVocab - 3)));
  }
  return out;
}

// As the model's logits say, token by token.
std::vector<double> expected(TinyEngine& tiny, const std::vector<text::TokenId>& prompt) {
  std::vector<double> out;
  engine::Sequence sequence(tiny.engine->runner());
  sequence.append(prompt, 0, [&](std::int32_t position, std::span<const float> logits) {
    const auto following = static_cast<std::size_t>(position) + 1;
    if (following == prompt.size()) return;
    out.push_back(engine::log_probabilities(logits, {&prompt[following], 1}).front());
  });
  return out;
}

TEST(PromptReader, GivesEachTokensLogProbability) {
  for (const bool ahead : {false, true}) {
    TinyEngine tiny({}, {.n_ctx = 256, .max_rows = 16, .max_sequences = 3, .run_ahead = ahead});
    for (const std::size_t n : {1U, 2U, 16U, 17U, 100U}) {
      for (const std::int32_t max_tokens : {0, 1, 8}) {
        SCOPED_TRACE(std::to_string(n) + " tokens, " + std::to_string(max_tokens) + " more");
        Request request = of_length(n, max_tokens);
        const std::vector<text::TokenId> plain =
            max_tokens > 0 ? tiny.complete(request).tokens : std::vector<text::TokenId>();
        request.n_prompt_logprobs = 2;
        std::map<std::size_t, Completion> done;
        engine::Scheduler scheduler(*tiny.engine, [&](std::size_t id, engine::Result result) {
          done[id] = std::get<Completion>(std::move(result));
        });
        scheduler.add(of_length(5, 30));  // company
        scheduler.step();
        scheduler.add(request);
        while (scheduler.step()) {
        }
        const Completion& got = done.at(1);
        EXPECT_EQ(got.reason, FinishReason::kLength);
        EXPECT_EQ(got.tokens, plain);
        const std::vector<double> want = expected(tiny, request.prompt);
        ASSERT_EQ(got.prompt_log_probs.size(), n - 1);
        for (std::size_t i = 0; i < want.size(); ++i) {
          EXPECT_EQ(got.prompt_log_probs[i].chosen.token, request.prompt[i + 1]);
          EXPECT_NEAR(got.prompt_log_probs[i].chosen.log_prob, want[i], 1e-5);
          EXPECT_EQ(got.prompt_log_probs[i].top.size(), 2U);
        }
        EXPECT_EQ(done.at(0).tokens, tiny.complete(of_length(5, 30)).tokens);
      }
    }
  }
}

TEST(PromptReader, EmbeddingsAreWhatTheOutputMatrixTakes) {
  for (const std::int32_t device_layers : {engine::kAllLayers, 1}) {
    TinyEngine plain;
    Counters counters;
    const auto rest = cpu::make_device({.n_threads = 1, .isa = cpu::best_isa()}, counters);
    TinyEngine tiny({}, {.n_ctx = 256,
                         .max_rows = 16,
                         .n_device_layers = device_layers,
                         .rest = device_layers == 1 ? rest.get() : nullptr});
    const auto embed = [&](std::size_t n, Embedding kind) {
      Request request = of_length(n, 0);
      request.embedding = kind;
      const Completion done = tiny.complete(request);
      EXPECT_EQ(done.reason, FinishReason::kLength);
      EXPECT_TRUE(done.tokens.empty());
      EXPECT_EQ(std::ssize(done.embedding), tiny.engine->params().dim);
      return done.embedding;
    };
    // The mean over all beginnings' last ones.
    std::vector<double> sum(static_cast<std::size_t>(tiny.engine->params().dim));
    for (std::size_t n = 1; n <= 40; ++n) {
      const std::vector<float> last = embed(n, Embedding::kLast);
      for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += static_cast<double>(last[i]);
    }
    const std::vector<float> mean = embed(40, Embedding::kMean);
    for (std::size_t i = 0; i < sum.size(); ++i) {
      EXPECT_NEAR(static_cast<double>(mean[i]), sum[i] / 40, 1e-4) << i;
    }
    EXPECT_EQ(embed(40, Embedding::kMean), mean);
    // Normed: without its gain the state's mean square is 1, which what the layers leave is not.
    const std::vector<float> gain = engine::read_floats(tiny.engine->file(), "output_norm.weight");
    const std::vector<float> last = embed(7, Embedding::kLast);
    double square = 0;
    for (std::size_t i = 0; i < last.size(); ++i) {
      const double x = static_cast<double>(last[i]) / static_cast<double>(gain[i]);
      square += x * x;
    }
    EXPECT_NEAR(square / static_cast<double>(last.size()), 1, 0.01);
  }
}

TEST(PromptReader, NothingAskedForIsNoRequest) {
  TinyEngine tiny;
  Request request = of_length(3, 0);
  const auto ask = [&] { return tiny.engine->generate(request, {}); };
  EXPECT_TRUE(std::holds_alternative<engine::Rejected>(ask()));
  request.n_prompt_logprobs = 101;
  EXPECT_TRUE(std::holds_alternative<engine::Rejected>(ask()));
  request.n_prompt_logprobs = 0;
  EXPECT_TRUE(std::holds_alternative<Completion>(ask()));
}

}  // namespace
}  // namespace rocmforge::test
