#include "engine/sequence.h"

#include <algorithm>
#include <array>
#include <numeric>

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

bool Sequence::append(std::span<const text::TokenId> tokens, std::int32_t wanted, LogitsSink sink,
                      FunctionRef<bool()> cancelled) {
  const auto n_tokens = static_cast<std::int64_t>(tokens.size());
  if (length_ + n_tokens > runner_.n_ctx()) return false;
  if (!blocks_.reserve(length_ + static_cast<std::int32_t>(n_tokens))) return false;
  while (!tokens.empty()) {
    if (cancelled && cancelled()) break;
    const std::size_t n = std::min(tokens.size(), static_cast<std::size_t>(runner_.max_rows()));
    const BatchSequence rows{
        .tokens = tokens.first(n), .first_position = length_, .blocks = &blocks_};
    runner_.run({&rows, 1});
    const auto n_rows = static_cast<std::int32_t>(n);
    read_logits(runner_, length_, std::max(0, wanted - length_), n_rows, sink);
    length_ += n_rows;
    tokens = tokens.subspan(n);
  }
  return true;
}

bool Sequence::make_step(std::span<const Share> shares, std::span<BatchSequence> rows) {
  check(!shares.empty() && shares.size() == rows.size(), "rows for each");
  for (const Share& share : shares) {
    Sequence& s = *share.sequence;
    const std::int64_t length = s.length_ + std::ssize(share.tokens);
    if (length > s.runner_.n_ctx()) return false;
    if (!s.blocks_.reserve(static_cast<std::int32_t>(length))) return false;
  }
  for (std::size_t i = 0; i < shares.size(); ++i) {
    Sequence& s = *shares[i].sequence;
    rows[i] = {.tokens = shares[i].tokens, .first_position = s.length_, .blocks = &s.blocks_};
    s.length_ += static_cast<std::int32_t>(shares[i].tokens.size());
  }
  return true;
}

// The step of one token each, once there is room for all.
bool Sequence::step_each(std::span<Sequence> sequences, std::span<const text::TokenId> tokens,
                         std::span<BatchSequence> rows) {
  check(!sequences.empty() && sequences.size() <= rows.size() && tokens.size() == sequences.size(),
        "a token for each");
  Runner& runner = sequences.front().runner_;
  for (Sequence& s : sequences) {
    if (s.length_ + 1 > runner.n_ctx() || !s.blocks_.reserve(s.length_ + 1)) return false;
  }
  for (std::size_t i = 0; i < sequences.size(); ++i) {
    Sequence& s = sequences[i];
    rows[i] = {.tokens = tokens.subspan(i, 1), .first_position = s.length_, .blocks = &s.blocks_};
    ++s.length_;
  }
  return true;
}

bool Sequence::append_each(std::span<Sequence> sequences, std::span<const text::TokenId> tokens,
                           EachSink sink) {
  std::array<BatchSequence, kMaxTogether> rows;
  if (!step_each(sequences, tokens, rows)) return false;
  Runner& runner = sequences.front().runner_;
  std::array<std::int32_t, kMaxTogether> ids{};
  std::iota(ids.begin(), ids.end(), 0);
  runner.run(std::span(rows).first(sequences.size()));
  const auto n_vocab = static_cast<std::size_t>(runner.params().n_vocab);
  const std::span<const float> all = runner.logits(std::span(ids).first(sequences.size()));
  for (std::size_t i = 0; i < sequences.size(); ++i) {
    sink(static_cast<std::int32_t>(i), all.subspan(i * n_vocab, n_vocab));
  }
  return true;
}

bool Sequence::run_each(std::span<Sequence> sequences, std::span<const text::TokenId> tokens,
                        const ir::SampleParams& params, Ticket& ticket) {
  std::array<BatchSequence, kMaxTogether> rows;
  if (!step_each(sequences, tokens, rows)) return false;
  std::array<Choice, kMaxTogether> choices;
  for (std::size_t i = 0; i < sequences.size(); ++i) {
    choices[i] = {.row = static_cast<std::int32_t>(i), .params = params, .edits = {}};
    choices[i].params.position = static_cast<std::uint32_t>(sequences[i].length_);
  }
  ticket = sequences.front().runner_.run(std::span(rows).first(sequences.size()),
                                         std::span(choices).first(sequences.size()));
  return true;
}

Sequence::Ran Sequence::run(std::span<const text::TokenId> tokens, Choice* choice, Ticket& ticket,
                            FunctionRef<bool()> cancelled) {
  const auto n_tokens = static_cast<std::int64_t>(tokens.size());
  if (length_ + n_tokens > runner_.n_ctx()) return Ran::kNoRoom;
  if (!blocks_.reserve(length_ + static_cast<std::int32_t>(n_tokens))) return Ran::kNoRoom;
  while (!tokens.empty()) {
    if (cancelled && cancelled()) return Ran::kCancelled;
    const std::size_t n = std::min(tokens.size(), static_cast<std::size_t>(runner_.max_rows()));
    const BatchSequence rows{
        .tokens = tokens.first(n), .first_position = length_, .blocks = &blocks_};
    last_row_ = static_cast<std::int32_t>(n) - 1;
    if (n == tokens.size() && choice != nullptr) {
      choice->row = last_row_;
      ticket = runner_.run({&rows, 1}, {choice, 1});
    } else {
      runner_.run({&rows, 1});
    }
    length_ += static_cast<std::int32_t>(n);
    tokens = tokens.subspan(n);
  }
  return Ran::kDone;
}

void Sequence::truncate(std::int32_t length) {
  check(length >= 0 && length <= length_, "a sequence can only be cut");
  blocks_.truncate(length);
  length_ = length;
}

}  // namespace rocmforge::engine
