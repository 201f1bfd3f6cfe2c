#include "engine/engine.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"
#include "engine/fixture.h"
#include "engine/perplexity.h"
#include "engine/sampling/log_probs.h"
#include "engine/sequence.h"

namespace rocmforge::test {
namespace {

using engine::Completion;
using engine::FinishReason;
using engine::Rejected;

// Logits of the last of `tokens`, run in chunks of `chunk`.
std::vector<float> last_logits(engine::Engine& engine, std::span<const text::TokenId> tokens,
                               std::size_t chunk) {
  engine::Sequence sequence(engine.runner());
  std::vector<float> out;
  const auto last = static_cast<std::int32_t>(tokens.size()) - 1;
  while (!tokens.empty()) {
    const auto part = tokens.first(std::min(chunk, tokens.size()));
    EXPECT_TRUE(sequence.append(part, last, [&](std::int32_t, std::span<const float> logits) {
      out.assign(logits.begin(), logits.end());
    }));
    tokens = tokens.subspan(part.size());
  }
  return out;
}

void expect_near(const std::vector<float>& a, const std::vector<float>& b, float tolerance) {
  ASSERT_EQ(a.size(), b.size());
  ASSERT_FALSE(a.empty());
  for (std::size_t i = 0; i < a.size(); ++i) ASSERT_NEAR(a[i], b[i], tolerance) << "token " << i;
}

std::vector<text::TokenId> some_tokens(std::size_t n) {
  std::vector<text::TokenId> out;
  for (std::size_t i = 0; i < n; ++i) {
    out.push_back(static_cast<text::TokenId>(3 + (i * 37) % (kTinyVocab - 3)));
  }
  return out;
}

TEST(Engine, ChunksOfAPromptDoNotChangeItsMeaning) {
  TinyEngine tiny;
  const auto tokens = some_tokens(100);
  const auto whole = last_logits(*tiny.engine, tokens, 100);
  for (const std::size_t chunk : {1u, 7u, 16u, 33u, 99u}) {
    expect_near(last_logits(*tiny.engine, tokens, chunk), whole, 1e-3f);
  }
}

TEST(Engine, ThePlainGraphMeansTheSame) {
  const auto tokens = some_tokens(70);
  for (const DType dtype : {DType::kF32, DType::kQ8_0, DType::kQ4_1}) {
    const TinyModel shape{.matrix = dtype, .tied = true, .biases = true, .rope_freqs = true};
    TinyEngine fused(shape), plain(shape, {.fuse = false});
    const auto with = last_logits(*fused.engine, tokens, 100);
    const auto without = last_logits(*plain.engine, tokens, 100);
    expect_near(with, without, dtype == DType::kF32 ? 1e-3f : 0.05f);
  }
}

TEST(Engine, TheTextDoesNotDependOnTheNumberOfThreads) {
  std::string first;
  for (const int n_threads : {1, 2, 5}) {
    TinyEngine tiny({.matrix = DType::kQ8_0}, {}, {.n_threads = n_threads, .isa = cpu::best_isa()});
    engine::Request request = tiny.request("hello", 60);
    request.sampling = {.temperature = 1, .top_k = 0, .top_p = 1, .seed = 11};
    request.ignore_eos = true;
    const std::string text = tiny.complete(request).text;
    if (first.empty()) first = text;
    EXPECT_EQ(text, first);
  }
}

TEST(Engine, SamplingObeysSeedAndTemperature) {
  TinyEngine tiny;
  engine::Request request = tiny.request("hello", 30);
  request.ignore_eos = true;
  EXPECT_EQ(tiny.complete(request).text, tiny.complete(request).text);
  request.sampling = {.temperature = 2, .top_k = 0, .top_p = 1, .seed = 1};
  const std::string one = tiny.complete(request).text;
  EXPECT_EQ(one, tiny.complete(request).text);
  request.sampling.seed = 2;
  EXPECT_NE(one, tiny.complete(request).text);
}

TEST(Engine, EndsByLengthByContextAndByStop) {
  TinyEngine tiny({}, {.n_ctx = 32});
  engine::Request request = tiny.request("hello", 10);
  request.ignore_eos = true;
  const Completion by_length = tiny.complete(request);
  EXPECT_EQ(by_length.reason, FinishReason::kLength);
  EXPECT_EQ(by_length.tokens.size(), 10u);
  EXPECT_FALSE(by_length.context_full);

  request.max_tokens = 1000;
  const Completion by_context = tiny.complete(request);
  EXPECT_EQ(by_context.reason, FinishReason::kLength);
  EXPECT_TRUE(by_context.context_full);
  // Every position of the context holds a token, and the last one's successor is known too.
  EXPECT_EQ(by_context.tokens.size() + request.prompt.size(), 32u + 1);

  // Both at once: what was asked for was given.
  request.max_tokens = static_cast<std::int32_t>(by_context.tokens.size());
  EXPECT_FALSE(tiny.complete(request).context_full);
  request.max_tokens = 1000;

  request.stop = {by_length.text.substr(by_length.text.size() / 2)};
  const Completion by_stop = tiny.complete(request);
  EXPECT_EQ(by_stop.reason, FinishReason::kCompleted);
  EXPECT_EQ(by_stop.text.find(request.stop[0]), std::string::npos);
  EXPECT_TRUE(by_length.text.starts_with(by_stop.text));
}

TEST(Engine, EndsAtAnEndOfGenerationToken) {
  TinyEngine tiny;
  engine::Request request = tiny.request("hello", 500);
  request.sampling = {.temperature = 5, .top_k = 0, .top_p = 1, .seed = 3};
  const Completion completion = tiny.complete(request);
  ASSERT_EQ(completion.reason, FinishReason::kCompleted) << "seed 3 reaches </s> in 500 tokens";
  for (const text::TokenId id : completion.tokens) EXPECT_NE(id, 2);
}

TEST(Engine, PiecesAddUpToTheText) {
  TinyEngine tiny;
  engine::Request request = tiny.request("hello", 40);
  request.ignore_eos = true;
  std::string pieces;
  const auto result = tiny.engine->generate(request, [&](std::string_view t) { pieces += t; });
  EXPECT_EQ(pieces, std::get<Completion>(result).text);
}

TEST(Engine, CancelsWithinOneStepAndGivesItsBlocksBack) {
  TinyEngine tiny;
  engine::Request request = tiny.request("hello", 100);
  request.ignore_eos = true;
  std::atomic<bool> cancel{false};
  int n_pieces = 0;
  const auto result = tiny.engine->generate(
      request,
      [&](std::string_view) {
        if (++n_pieces == 5) cancel = true;
      },
      &cancel);
  const auto& completion = std::get<Completion>(result);
  EXPECT_EQ(completion.reason, FinishReason::kCancelled);
  EXPECT_LT(completion.tokens.size(), 40u);
  EXPECT_EQ(tiny.engine->runner().pool().n_free(), tiny.engine->runner().pool().n_blocks());
  cancel = true;
  EXPECT_EQ(std::get<Completion>(tiny.engine->generate(request, {}, &cancel)).reason,
            FinishReason::kCancelled);
}

TEST(Engine, RejectsWhatCannotStart) {
  TinyEngine tiny({}, {.n_ctx = 16});
  const auto message = [&](engine::Request request) {
    const auto result = tiny.engine->generate(request, {});
    const auto* rejected = std::get_if<Rejected>(&result);
    return rejected != nullptr ? rejected->message : "accepted";
  };
  engine::Request request = tiny.request("hello");
  request.prompt.assign(17, 5);
  EXPECT_EQ(message(request), "the prompt has 17 tokens, more than the context of 16");
  request.prompt.assign(16, 5);
  EXPECT_EQ(message(request), "accepted");
  request.prompt = {};
  EXPECT_EQ(message(request), "the prompt has no tokens");
  request.prompt = {kTinyVocab};
  EXPECT_NE(message(request).find("outside the vocabulary"), std::string::npos);
  request.prompt = {-1};
  EXPECT_NE(message(request).find("outside the vocabulary"), std::string::npos);
}

TEST(Engine, PerplexityOfATextIsThatOfItsTokens) {
  TinyEngine tiny({}, {.n_ctx = 64});
  const auto tokens = some_tokens(200);
  const engine::Perplexity all = engine::perplexity(*tiny.engine, tokens, 32, 0);
  EXPECT_EQ(all.n_chunks, 6);
  EXPECT_EQ(all.n_predicted, 6 * 15);  // positions 16 to 30 of each chunk
  EXPECT_GT(all.value, 1);
  EXPECT_EQ(engine::perplexity(*tiny.engine, tokens, 32, 2).n_chunks, 2);
  EXPECT_THROW(engine::perplexity(*tiny.engine, some_tokens(31), 32, 0), Error);
  EXPECT_THROW(engine::perplexity(*tiny.engine, tokens, 65, 0), Error);
}

TEST(Engine, PerplexityStartsEachChunkWithBosAndPredictsItsSecondHalf) {
  TinyEngine tiny({}, {.n_ctx = 64});
  ASSERT_TRUE(tiny.engine->tokenizer().adds_bos());
  constexpr std::size_t kCtx = 9;  // odd: positions 4 to 7 predict 5 to 8
  const auto tokens = some_tokens(2 * kCtx + 3);
  std::vector<double> nll;
  for (std::size_t c = 0; c < 2; ++c) {
    std::vector<text::TokenId> chunk(tokens.begin() + static_cast<std::ptrdiff_t>(c * kCtx),
                                     tokens.begin() + static_cast<std::ptrdiff_t>((c + 1) * kCtx));
    chunk[0] = tiny.engine->tokenizer().vocab().bos;
    for (std::size_t p = kCtx / 2; p + 1 < kCtx; ++p) {
      const auto logits = last_logits(*tiny.engine, std::span(chunk).first(p + 1), kCtx);
      nll.push_back(-engine::log_probabilities(logits, std::span(&chunk[p + 1], 1))[0]);
    }
  }
  double sum = 0, squares = 0;
  for (const double x : nll) sum += x;
  const auto n = static_cast<double>(nll.size());
  for (const double x : nll) squares += (x - sum / n) * (x - sum / n);
  const engine::Perplexity ours = engine::perplexity(*tiny.engine, tokens, kCtx, 0);
  EXPECT_EQ(ours.n_predicted, 8);
  EXPECT_NEAR(ours.value / std::exp(sum / n), 1, 1e-3);
  EXPECT_NEAR(ours.error / (std::sqrt(squares / n / (n - 1)) * std::exp(sum / n)), 1, 1e-2);
}

// Weights that are no numbers: never an answer, and the file is named.
TEST(Engine, LogitsThatAreNoNumbersAreAnError) {
  const TempDir dir;
  const std::string path = dir.file("nan.gguf");
  edited(tiny_model(), {"output_norm.weight"}, [](gguf::Writer& out) {
    const std::vector<float> nan(64, std::nanf(""));
    const auto bytes = std::as_bytes(std::span(nan));
    out.add_tensor("output_norm.weight", DType::kF32, Shape{64}, {bytes.begin(), bytes.end()});
  }).write(path);
  Counters counters;
  const auto device = cpu::make_device({.n_threads = 1, .isa = cpu::best_isa()}, counters);
  engine::Engine engine({.path = path}, *device, counters);
  const auto completion =
      std::get<Completion>(engine.generate({.prompt = {1, 5}, .sampling = {}}, {}));
  EXPECT_EQ(completion.reason, FinishReason::kFailed);
  EXPECT_NE(completion.error.find(path), std::string::npos) << completion.error;
  try {
    engine::perplexity(engine, some_tokens(20), 10, 0);
    ADD_FAILURE() << "a perplexity of NaN";
  } catch (const Error& e) {
    EXPECT_NE(std::string(e.what()).find(path), std::string::npos) << e.what();
  }
}

// What was opened serves several engines; the file is parsed once.
TEST(Engine, IsMadeOfAModelThatWasOpened) {
  TinyEngine tiny;
  Counters counters;
  const auto opened =
      std::make_shared<const engine::OpenedModel>(tiny.dir.file("tiny.gguf"), counters);
  const auto prompt = opened->require_tokenizer().encode("hello", {});
  const auto device = cpu::make_device({.n_threads = 1, .isa = cpu::best_isa()}, counters);
  for (int i = 0; i < 2; ++i) {
    engine::Engine engine({.opened = opened}, *device, counters);
    EXPECT_EQ(&engine.file(), &opened->file.gguf());
    const engine::Request request{
        .prompt = prompt, .max_tokens = 20, .sampling = {.temperature = 0}};
    EXPECT_EQ(std::get<Completion>(engine.generate(request, {})).tokens,
              tiny.complete(tiny.request("hello", 20)).tokens);
  }
  EXPECT_EQ(counters.read().file_parses, 1u);
}

TEST(Engine, RefusesAVocabularyLargerThanTheEmbedding) {
  const TempDir dir;
  Counters counters;
  const auto device = cpu::make_device({.n_threads = 1, .isa = cpu::best_isa()}, counters);
  edited(tiny_model(),
         {"tokenizer.ggml.tokens", "tokenizer.ggml.scores", "tokenizer.ggml.token_type"},
         [](gguf::Writer& out) {
           std::vector<std::string> tokens;
           for (int i = 0; i <= kTinyVocab; ++i) tokens.push_back(std::to_string(i));
           out.add_strings("tokenizer.ggml.tokens", tokens);
           out.add_f32s("tokenizer.ggml.scores", std::vector<float>(tokens.size(), 0));
         })
      .write(dir.file("b.gguf"));
  try {
    engine::Engine engine({.path = dir.file("b.gguf")}, *device, counters);
    ADD_FAILURE() << "accepted";
  } catch (const Error& e) {
    EXPECT_NE(std::string(e.what()).find("tokenizer.ggml.tokens"), std::string::npos) << e.what();
  }
}

}  // namespace
}  // namespace rocmforge::test
