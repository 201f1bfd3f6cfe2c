#include "engine/scheduler.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/error.h"
#include "engine/chooser.h"
#include "engine/sequence.h"

namespace rocmforge::engine {

struct Scheduler::Entry {
  Entry(Engine& engine, std::size_t number, Request asked, TextSinks sinks)
      : id(number),
        request(std::move(asked)),
        answer(engine.tokenizer(), request, std::move(sinks), engine.runner().n_ctx()),
        chooser(request.sampling, engine.params().n_vocab,
                dry_breakers(request.sampling, engine.tokenizer())),
        sequence(engine.runner()) {}

  // What has not been run so far.
  std::span<const text::TokenId> pending() const {
    return answer.history().subspan(static_cast<std::size_t>(sequence.length()));
  }
  // Of the token to be chosen next.
  std::int64_t position() const { return std::ssize(answer.history()); }

  std::size_t id;
  Request request;
  Answer answer;
  Chooser chooser;
  Sequence sequence;
  bool ended = false;
};

Scheduler::Scheduler(Engine& engine, Done done) : engine_(engine), done_(std::move(done)) {}
Scheduler::~Scheduler() = default;

std::size_t Scheduler::add(Request request, TextSinks sinks) {
  const std::size_t id = n_added_++;
  const Runner& runner = engine_.runner();
  if (auto rejected = reject(request, runner.n_ctx(), runner.params().n_vocab)) {
    ++n_done_;
    done_(id, *std::move(rejected));
    return id;
  }
  waiting_.push_back(std::make_unique<Entry>(engine_, id, std::move(request), std::move(sinks)));
  return id;
}

bool Scheduler::step() {
  fill_places();
  if (running_.empty()) return false;
  try {
    const std::vector<Entry*> share = next_share();
    if (share.size() == 1) {
      run_alone(*share.front());
    } else {
      run_together(share);
    }
  } catch (const Error& e) {
    if (e.code() != ErrorCode::kDevice) throw;
    end_all(FinishReason::kFailed, e.what());
  }
  std::erase_if(running_, [](const auto& entry) { return entry->ended; });
  return true;
}

void Scheduler::cancel() {
  end_all(FinishReason::kCancelled, "");
  running_.clear();
}

void Scheduler::fill_places() {
  const auto places = static_cast<std::size_t>(engine_.runner().max_sequences());
  while (running_.size() < places && !waiting_.empty()) {
    running_.push_back(std::move(waiting_.front()));
    waiting_.pop_front();
    Entry& entry = *running_.back();
    if (!take_forced(entry)) continue;
    leave(entry);
    running_.pop_back();
  }
}

// Those of the next step: the oldest that has more than a token to run, on its own, where that
// leaves no room for the others' tokens.
std::vector<Scheduler::Entry*> Scheduler::next_share() const {
  const auto rows = static_cast<std::size_t>(engine_.runner().max_rows());
  const auto most = static_cast<std::size_t>(engine_.runner().max_head_rows());
  std::vector<Entry*> share;
  std::size_t n_rows = 0;
  for (const auto& entry : running_) {
    if (entry->pending().size() > 1 || share.size() == most) continue;
    share.push_back(entry.get());
    ++n_rows;
  }
  for (const auto& entry : running_) {
    const std::size_t n = entry->pending().size();
    if (n == 1) continue;
    const bool fits = n_rows + n <= rows && share.size() < most;
    if (!fits && n_rows <= share.size()) return {entry.get()};  // no prompt is in this step so far
    if (!fits) break;
    share.push_back(entry.get());
    n_rows += n;
  }
  return share;
}

void Scheduler::run_alone(Entry& entry) {
  entry.chooser.look_back(entry.answer.history());
  Choice choice = entry.chooser.choice(0, entry.position());
  Ticket ticket;
  const bool on_device = entry.chooser.on_device();
  const auto ran = entry.sequence.run(entry.pending(), on_device ? &choice : nullptr, ticket);
  check(ran == Sequence::Ran::kDone, "each place has room for a context");
  const std::int32_t chosen = on_device ? engine_.runner().tokens(ticket)[0] : ir::kUndecided;
  take(entry, choose(entry, chosen, entry.sequence.last_row()));
}

void Scheduler::run_together(const std::vector<Entry*>& share) {
  Runner& runner = engine_.runner();
  std::vector<Sequence::Share> shares;
  for (Entry* e : share) shares.push_back({.sequence = &e->sequence, .tokens = e->pending()});
  std::vector<BatchSequence> batch(share.size());
  check(Sequence::make_step(shares, batch), "each place has room for a context");
  std::vector<Choice> choices;
  std::int32_t row = -1;
  std::vector<std::int32_t> rows;
  for (std::size_t i = 0; i < share.size(); ++i) {
    row += static_cast<std::int32_t>(shares[i].tokens.size());
    rows.push_back(row);
    Entry& e = *share[i];
    e.chooser.look_back(e.answer.history());
    if (e.chooser.on_device()) choices.push_back(e.chooser.choice(row, e.position()));
  }
  std::vector<std::int32_t> tokens;
  if (choices.empty()) {
    runner.run(batch);
  } else {
    const std::span<const std::int32_t> chosen = runner.tokens(runner.run(batch, choices));
    tokens.assign(chosen.begin(), chosen.end());
  }
  auto chosen = tokens.begin();
  for (std::size_t i = 0; i < share.size(); ++i) {
    const std::int32_t token = share[i]->chooser.on_device() ? *chosen++ : ir::kUndecided;
    take(*share[i], choose(*share[i], token, rows[i]));
  }
}

// The step's row is still there.
text::TokenId Scheduler::choose(Entry& entry, std::int32_t chosen, std::int32_t row) {
  if (chosen == ir::kNoSample) return text::kNoToken;
  if (chosen != ir::kUndecided) return chosen;
  return entry.chooser.choose(engine_.runner().logits({&row, 1}), entry.answer.history(),
                              entry.position());
}

void Scheduler::take(Entry& entry, text::TokenId token) {
  if (token == text::kNoToken) {
    entry.answer.end(FinishReason::kFailed);
    entry.answer.completion().error = "[engine] " + engine_.file().path() +
                                      ": the model gave no finite logit at position " +
                                      std::to_string(entry.position() - 1);
    leave(entry);
  } else if (entry.answer.take(token, &entry.chooser.log_probs()) || take_forced(entry)) {
    leave(entry);
  }
}

// True when the answer has ended by it.
bool Scheduler::take_forced(Entry& entry) {
  for (const text::TokenId token : entry.answer.forced()) {
    if (entry.answer.take(token, nullptr)) return true;
  }
  return false;
}

void Scheduler::leave(Entry& entry) {
  entry.ended = true;
  entry.answer.finish();
  ++n_done_;
  done_(entry.id, std::move(entry.answer.completion()));
}

void Scheduler::end_all(FinishReason reason, const std::string& error) {
  for (auto& entry : waiting_) running_.push_back(std::move(entry));
  waiting_.clear();
  for (const auto& entry : running_) {
    if (entry->ended) continue;
    entry->answer.end(reason);
    entry->answer.completion().error = error;
    leave(*entry);
  }
}

}  // namespace rocmforge::engine
