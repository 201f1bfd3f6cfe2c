#include "engine/bench.h"

#include <algorithm>
#include <chrono>
#include <string>

#include "base/check.h"
#include "base/error.h"
#include "engine/random.h"
#include "engine/sampling.h"
#include "engine/sequence.h"

namespace rocmforge::engine {
namespace {

std::vector<text::TokenId> random_tokens(std::int32_t n, std::int32_t n_vocab) {
  std::vector<text::TokenId> out;
  for (std::int32_t i = 0; i < n; ++i) {
    const std::uint32_t draw = philox(/*seed=*/0, static_cast<std::uint64_t>(i))[0];
    out.push_back(static_cast<text::TokenId>(draw % static_cast<std::uint32_t>(n_vocab)));
  }
  return out;
}

using Clock = std::chrono::steady_clock;

// The sequences of one test, each with the context that it starts from.
class Bench {
 public:
  Bench(Engine& engine, const BenchTest& test)
      : test_(test),
        context_(random_tokens(test.n_depth + test.n_prompt, engine.params().n_vocab)),
        next_(static_cast<std::size_t>(test.n_sequences), 0) {
    for (std::int32_t i = 0; i < test.n_sequences; ++i) {
      sequences_.emplace_back(engine.runner());
      const auto depth = std::span(context_).first(static_cast<std::size_t>(test.n_depth));
      // No logits: the last position wanted is past the end.
      if (!depth.empty()) append(sequences_.back(), depth, test.n_depth, {});
    }
  }

  double run() {
    for (Sequence& s : sequences_) s.truncate(test_.n_depth);
    const auto start = Clock::now();
    const auto choose = [this](std::int32_t position, std::span<const float> logits) {
      choose_token(0, position, logits);
    };
    const auto prompt = std::span(context_).subspan(static_cast<std::size_t>(test_.n_depth));
    if (!prompt.empty()) {
      append(sequences_[0], prompt, test_.n_depth + test_.n_prompt - 1, choose);
    }
    for (std::int32_t i = 0; i < test_.n_gen; ++i) {
      if (sequences_.size() == 1) {
        const text::TokenId token = next_[0];
        append(sequences_[0], {&token, 1}, sequences_[0].length(), choose);
      } else {
        generate_together();
      }
    }
    return std::chrono::duration<double>(Clock::now() - start).count();
  }

 private:
  static void append(Sequence& sequence, std::span<const text::TokenId> tokens, std::int32_t wanted,
                     Sequence::LogitsSink sink) {
    check(sequence.append(tokens, wanted, sink), "[bench] the context was checked to have room");
  }
  void generate_together() {
    const std::int32_t position = sequences_[0].length();
    const bool room = Sequence::append_each(
        sequences_, next_, [&](std::int32_t index, std::span<const float> logits) {
          choose_token(static_cast<std::size_t>(index), position, logits);
        });
    check(room, "[bench] the context was checked to have room");
  }
  void choose_token(std::size_t index, std::int32_t position, std::span<const float> logits) {
    next_[index] = std::max(0, sampler_.sample(logits, {}, position + 1));
  }

  const BenchTest& test_;
  std::vector<text::TokenId> context_;  // depth, then prompt
  std::vector<text::TokenId> next_;     // of each sequence
  std::vector<Sequence> sequences_;
  Sampler sampler_{{.temperature = 0}};
};

void check_fits(const BenchTest& test, const Runner& runner) {
  const auto refuse = [](const std::string& why) {
    throw Error(ErrorCode::kInvalidArgument, "[bench] " + why);
  };
  if (test.n_positions() > runner.n_ctx()) {
    refuse(std::to_string(test.n_positions()) + " tokens do not fit the context of " +
           std::to_string(runner.n_ctx()) + " (--ctx)");
  }
  const std::int32_t most =
      std::min({runner.max_head_rows(), runner.max_sequences(), Sequence::kMaxTogether});
  if (test.n_sequences > most) {
    refuse(std::to_string(test.n_sequences) + " sequences do not run together here, at most " +
           std::to_string(most) + " do (--sequences)");
  }
}

}  // namespace

StepBytes step_bytes(Engine& engine, const BenchTest& test) {
  const gguf::File& file = engine.file();
  const bool is_tied = file.find_tensor("output.weight") == nullptr;
  StepBytes out;
  for (const gguf::TensorInfo& t : file.tensors()) {
    const auto bytes = static_cast<std::int64_t>(t.n_bytes);
    // Of an embedding that is not the output matrix too, a step reads a row a token.
    const bool is_looked_up = t.name == "token_embd.weight" && !is_tied;
    out.weights += is_looked_up ? bytes / t.shape[0] * test.n_sequences : bytes;
  }
  const std::int64_t positions = test.n_depth + test.n_prompt + test.n_gen / 2;
  Runner& runner = engine.runner();
  const std::int64_t room = std::int64_t{runner.pool().n_blocks()} * ir::kBlockTokens;
  out.kv = runner.kv_bytes() / room * positions * test.n_sequences;
  return out;
}

std::vector<double> bench(Engine& engine, const BenchTest& test, std::int32_t repetitions) {
  check_fits(test, engine.runner());
  Bench bench(engine, test);
  std::vector<double> out;
  for (std::int32_t i = 0; i <= repetitions; ++i) {
    const double seconds = bench.run();
    if (i > 0) out.push_back(seconds);
  }
  return out;
}

}  // namespace rocmforge::engine
