#include "engine/scheduler_entry.h"

#include "ir/step.h"

namespace rocmforge::engine {

Scheduler::Entry::Entry(Engine& engine, const Waiting& from)
    : id(from.id),
      request(from.request),
      listener(from.listener),
      answer(engine.tokenizer(), request, listener.sinks, engine.runner().n_ctx()),
      reader(request),
      chooser(request.sampling, engine.params().n_vocab, engine.dry_breakers(request.sampling)),
      sequence(listener.cache != nullptr ? listener.cache->sequence
                                         : own.emplace(engine.runner())) {
  if (listener.cache != nullptr) {
    if (reader.needs_all()) listener.cache->clear();
    answer.completion().timing.n_kept = listener.cache->keep(request.prompt);
  }
}

std::span<const text::TokenId> Scheduler::Entry::next_block() const {
  constexpr auto kTokens = static_cast<std::size_t>(ir::kBlockTokens);
  const std::size_t begin = n_shared * kTokens;
  const std::span<const text::TokenId> all = answer.history();
  if (!shares() || reader.needs_all() || static_cast<std::size_t>(sequence.length()) != begin ||
      begin + kTokens >= all.size()) {
    return {};
  }
  return all.subspan(begin, kTokens);
}

void Scheduler::Entry::fail(const std::string& error) {
  answer.end(FinishReason::kFailed);
  answer.completion().error = error;
}

void Scheduler::Entry::settle() {
  Completion& out = answer.completion();
  if (listener.cache != nullptr) {
    if (out.reason == FinishReason::kFailed) {
      listener.cache->clear();
    } else {
      listener.cache->follow(answer.history());
    }
  }
  const Clock::time_point end = Clock::now();
  const Clock::time_point begin = start.value_or(end);
  out.timing.queue_seconds = seconds(*listener.arrived, begin);
  out.timing.prompt_seconds = seconds(begin, first.value_or(end));
  out.timing.generate_seconds = seconds(first.value_or(end), end);
}

}  // namespace rocmforge::engine
