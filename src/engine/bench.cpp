#include "engine/bench.h"

#include <algorithm>
#include <chrono>
#include <string>

#include "base/check.h"
#include "base/error.h"
#include "engine/random_tokens.h"
#include "engine/sequence.h"
#include "engine/setting.h"

namespace rocmforge::engine {
namespace {

constexpr std::uint64_t kTokenSeed = 0;

using Clock = std::chrono::steady_clock;

// The sequences of one test, each with the context that it starts from.
class Bench {
 public:
  Bench(Engine& engine, const BenchTest& test, const FillProgress& progress)
      : test_(test),
        runner_(engine.runner()),
        context_(random_tokens(kTokenSeed, test.n_depth + test.n_prompt, engine.params().n_vocab)),
        next_(static_cast<std::size_t>(test.n_sequences), 0) {
    for (std::int32_t i = 0; i < test.n_sequences; ++i) {
      sequences_.emplace_back(engine.runner());
      fill(sequences_.back(), std::int64_t{i} * test.n_depth, progress);
    }
  }

  double run() {
    for (Sequence& s : sequences_) s.truncate(test_.n_depth);
    const auto start = Clock::now();
    const auto prompt = std::span(context_).subspan(static_cast<std::size_t>(test_.n_depth));
    bool given = false;
    if (!prompt.empty()) {
      Choice choice{.row = 0, .params = greedy_, .edits = {}};
      run_alone(sequences_[0], prompt, &choice);
      given = true;
    }
    for (std::int32_t i = 0; i < test_.n_gen; ++i, given = true) generate(given);
    if (given) take(ticket_);
    return std::chrono::duration<double>(Clock::now() - start).count();
  }

 private:
  // `before`: tokens of the sequences before it.
  void fill(Sequence& sequence, std::int64_t before, const FillProgress& progress) {
    if (test_.n_depth == 0) return;
    const auto tell = [&] {  // between two chunks
      const std::int64_t total = std::int64_t{test_.n_sequences} * test_.n_depth;
      if (progress) progress(before + sequence.length(), total);
      return false;
    };
    const auto depth = std::span(context_).first(static_cast<std::size_t>(test_.n_depth));
    const Sequence::Ran ran = sequence.run(depth, nullptr, ticket_, tell);
    check(ran == Sequence::Ran::kDone, "[bench] the context was checked to have room");
    tell();
  }
  void run_alone(Sequence& sequence, std::span<const text::TokenId> tokens, Choice* choice) {
    const Sequence::Ran ran = sequence.run(tokens, choice, ticket_);
    check(ran == Sequence::Ran::kDone, "[bench] the context was checked to have room");
  }
  // One token for each sequence, chosen by the step before where one was given: before its tokens
  // are read, where that can be.
  void generate(bool after_another) {
    const Ticket before = ticket_;
    const bool ahead = after_another && runner_.runs_ahead();
    for (std::size_t i = 0; ahead && i < next_.size(); ++i) {
      next_[i] = Runner::fed_back(static_cast<std::int32_t>(i));
    }
    if (after_another && !ahead) take(before);
    const bool room = Sequence::run_each(sequences_, next_, greedy_, ticket_);
    check(room, "[bench] the context was checked to have room");
    if (ahead) take(before);
  }
  void take(const Ticket& ticket) {
    const std::span<const std::int32_t> tokens = runner_.tokens(ticket);
    for (std::size_t i = 0; i < next_.size(); ++i) next_[i] = std::max(0, tokens[i]);
  }

  const BenchTest& test_;
  Runner& runner_;
  std::vector<text::TokenId> context_;  // depth, then prompt
  std::vector<text::TokenId> next_;     // of each sequence
  std::vector<Sequence> sequences_;
  ir::SampleParams greedy_ = {.mode = ir::SampleMode::kAll};
  Ticket ticket_;  // of the last step
};

void check_fits(const BenchTest& test, const Runner& runner) {
  const auto refuse = [](const std::string& why, Setting setting) {
    throw SettingError(ErrorCode::kInvalidArgument, "[bench] " + why, {{setting}});
  };
  if (test.n_positions() > runner.n_ctx()) {
    refuse(std::to_string(test.n_positions()) + " tokens do not fit the context of " +
               std::to_string(runner.n_ctx()),
           Setting::kContext);
  }
  const std::int32_t most =
      std::min({runner.max_head_rows(), runner.max_sequences(), Sequence::kMaxTogether});
  if (test.n_sequences > most) {
    refuse(std::to_string(test.n_sequences) + " sequences do not run together here, at most " +
               std::to_string(most) + " do",
           Setting::kSequences);
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

std::vector<double> bench(Engine& engine, const BenchTest& test, std::int32_t repetitions,
                          const FillProgress& progress) {
  check_fits(test, engine.runner());
  Bench bench(engine, test, progress);
  std::vector<double> out;
  for (std::int32_t i = 0; i <= repetitions; ++i) {
    const double seconds = bench.run();
    if (i > 0) out.push_back(seconds);
  }
  return out;
}

}  // namespace rocmforge::engine
