#include "engine/sequence.h"

#include <algorithm>
#include <array>

#include "base/check.h"

namespace rocmforge::engine {
namespace {

// The head runs over at most this many rows at a time, on the stack.
constexpr std::int32_t kMaxHeadRows = 64;

// Logits of the last step's rows [from, n_rows), whose positions start at `first_position`.
void read_logits(Runner& runner, std::int32_t first_position, std::int32_t from,
                 std::int32_t n_rows, Sequence::LogitsSink sink) {
  const auto n_vocab = static_cast<std::size_t>(runner.params().n_vocab);
  const std::int32_t most = std::min(kMaxHeadRows, runner.max_head_rows());
  std::array<std::int32_t, kMaxHeadRows> ids{};
  for (std::int32_t row = from; row < n_rows; row += most) {
    const std::int32_t n = std::min(most, n_rows - row);
    for (std::int32_t i = 0; i < n; ++i) ids[static_cast<std::size_t>(i)] = row + i;
    const std::span<const float> all =
        runner.logits(std::span(ids).first(static_cast<std::size_t>(n)));
    for (std::int32_t i = 0; i < n; ++i) {
      sink(first_position + row + i, all.subspan(static_cast<std::size_t>(i) * n_vocab, n_vocab));
    }
  }
}

}  // namespace

bool Sequence::make_room(std::size_t n_tokens) {
  const std::int64_t length = length_ + static_cast<std::int64_t>(n_tokens);
  return length <= runner_.n_ctx() && blocks_.reserve(static_cast<std::int32_t>(length));
}

std::optional<BatchSequence> Sequence::extend(std::span<const text::TokenId> tokens) {
  if (!make_room(tokens.size())) return std::nullopt;
  const BatchSequence rows{.tokens = tokens, .first_position = length_, .blocks = &blocks_};
  length_ += static_cast<std::int32_t>(tokens.size());
  return rows;
}

bool Sequence::append(std::span<const text::TokenId> tokens, std::int32_t wanted, LogitsSink sink) {
  if (!make_room(tokens.size())) return false;
  while (!tokens.empty()) {
    const std::size_t n = std::min(tokens.size(), static_cast<std::size_t>(runner_.max_rows()));
    const BatchSequence rows = *extend(tokens.first(n));
    runner_.run({&rows, 1});
    read_logits(runner_, rows.first_position, std::max(0, wanted - rows.first_position),
                static_cast<std::int32_t>(n), sink);
    tokens = tokens.subspan(n);
  }
  return true;
}

bool Sequence::run_each(std::span<Sequence> sequences, std::span<const text::TokenId> tokens,
                        const ir::SampleParams& params, Ticket& ticket) {
  std::array<BatchSequence, kMaxTogether> rows;
  std::array<Choice, kMaxTogether> choices;
  const std::size_t n = sequences.size();
  check(n > 0 && n <= rows.size() && tokens.size() == n, "a token for each");
  if (!std::all_of(sequences.begin(), sequences.end(), [](Sequence& s) { return s.make_room(1); }))
    return false;
  for (std::size_t i = 0; i < n; ++i) {
    rows[i] = *sequences[i].extend(tokens.subspan(i, 1));
    choices[i] = {.row = static_cast<std::int32_t>(i), .params = params, .edits = {}};
    choices[i].params.position = static_cast<std::uint32_t>(sequences[i].length_);
  }
  ticket = sequences.front().runner_.run(std::span(rows).first(n), std::span(choices).first(n));
  return true;
}

Sequence::Ran Sequence::run(std::span<const text::TokenId> tokens, Choice* choice, Ticket& ticket,
                            FunctionRef<bool()> cancelled) {
  if (!make_room(tokens.size())) return Ran::kNoRoom;
  while (!tokens.empty()) {
    if (cancelled && cancelled()) return Ran::kCancelled;
    const std::size_t n = std::min(tokens.size(), static_cast<std::size_t>(runner_.max_rows()));
    const BatchSequence rows = *extend(tokens.first(n));
    if (n == tokens.size() && choice != nullptr) {
      choice->row = static_cast<std::int32_t>(n) - 1;
      ticket = runner_.run({&rows, 1}, {choice, 1});
    } else {
      runner_.run({&rows, 1});
    }
    tokens = tokens.subspan(n);
  }
  return Ran::kDone;
}

void Sequence::adopt(kv::BlockId block) {
  check(length_ % ir::kBlockTokens == 0, "a block is adopted behind full ones");
  blocks_.share(static_cast<std::size_t>(length_ / ir::kBlockTokens), block);
  length_ += ir::kBlockTokens;
}

void Sequence::truncate(std::int32_t length) {
  check(length >= 0 && length <= length_, "a sequence can only be cut");
  blocks_.truncate(length);
  length_ = length;
}

}  // namespace rocmforge::engine
