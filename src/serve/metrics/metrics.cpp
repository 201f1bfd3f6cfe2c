#include "serve/metrics/metrics.h"

#include <algorithm>
#include <utility>

#include "base/version.h"
#include "ir/step.h"

namespace rocmforge::serve {
namespace {

// Blocks that nobody uses may stay filled, for prompts to come: they count as free.
double kv_usage(const ModelThread::Counts& counts) {
  const engine::Scheduler::Stats& s = counts.scheduler;
  if (s.n_blocks == 0) return 0;
  return static_cast<double>(s.n_blocks - s.n_free_blocks) / s.n_blocks;
}

double seconds_of(std::chrono::steady_clock::duration time) {
  return std::chrono::duration<double>(time).count();
}

double number(std::uint64_t n) {
  return static_cast<double>(n);
}

}  // namespace

void TokenRate::add(std::int64_t second) {
  Slot& slot = slots_[static_cast<std::size_t>(second) % slots_.size()];
  if (slot.second.load() != second) {
    slot.n.store(0);
    slot.second.store(second);
  }
  slot.n.fetch_add(1);
}

double TokenRate::read(std::int64_t second) const {
  std::int64_t n = 0, first = second;
  for (const Slot& slot : slots_) {
    const std::int64_t at = slot.second.load();
    if (at < 0 || at >= second || at < second - kSeconds) continue;
    n += slot.n.load();
    first = std::min(first, at);
  }
  return first == second ? 0 : static_cast<double>(n) / static_cast<double>(second - first);
}

// Of one request; its callbacks come one at a time.
struct Metrics::Heard {
  Clock::time_point began = Clock::now(), last = {};
  std::size_t n_prompt = 0;
  bool any = false;
};

Metrics::Metrics(Context& context, const Counters& counters)
    : context_(context), counters_(counters) {}

// The context keeps what it is given until its requests have ended: `this` of the callbacks is
// there.
std::shared_ptr<Metrics> Metrics::make(Context& context, const Counters& counters) {
  std::shared_ptr<Metrics> out(new Metrics(context, counters));
  context.watch([out](const engine::Request& request, engine::TextSinks& sinks,
                      ModelThread::Done& done) { out->watch(request, sinks, done); });
  return out;
}

void Metrics::watch(const engine::Request& request, engine::TextSinks& sinks,
                    ModelThread::Done& done) {
  const auto heard = std::make_shared<Heard>();
  heard->n_prompt = request.prompt.size();
  sinks.token = [this, heard, next = std::move(sinks.token)](const engine::TokenPiece& piece) {
    if (piece.token != text::kNoToken) hear_token(*heard);
    if (next) next(piece);
  };
  done = [this, heard, next = std::move(done)](engine::Result result) {
    hear_end(*heard, result);
    next(std::move(result));
  };
}

std::int64_t Metrics::second() const {
  return static_cast<std::int64_t>(seconds_of(Clock::now() - start_));
}

// On the model's thread, as the next.
void Metrics::hear_token(Heard& heard) {
  const auto now = Clock::now();
  if (!std::exchange(heard.any, true)) {
    first_token_.observe(seconds_of(now - heard.began));
    n_prompt_ += heard.n_prompt;
  } else {
    between_tokens_.observe(seconds_of(now - heard.last));
  }
  heard.last = now;
  ++n_generated_;
  rate_.add(second());
}

void Metrics::hear_end(const Heard& heard, const engine::Result& result) {
  const auto* completion = std::get_if<engine::Completion>(&result);
  if (completion == nullptr) return;  // it was never run
  total_.observe(seconds_of(Clock::now() - heard.began));
  queue_.observe(completion->timing.queue_seconds);
  if (heard.any) {
    prefill_.observe(completion->timing.prompt_seconds);
    decode_.observe(completion->timing.generate_seconds);
  }
  switch (completion->reason) {
    case engine::FinishReason::kCompleted:
      ++n_stop_;
      break;
    case engine::FinishReason::kLength:
      ++n_length_;
      break;
    case engine::FinishReason::kCancelled:
      ++n_abort_;
      break;
    case engine::FinishReason::kFailed:
      ++n_error_;
  }
}

std::string Metrics::text() const {
  const ModelThread::Counts counts = context_.thread().counts();
  Exposition out;
  add_old(out, counts);
  add_vllm(out, counts);
  add_own(out, counts);
  return out.take();
}

void Metrics::add_old(Exposition& out, const ModelThread::Counts& counts) const {
  out.counter("rocmforge_requests_started_total", "Requests taken in", number(counts.n_taken), {});
  out.counter("rocmforge_requests_completed_total", "Requests answered to their end",
              number(counts.n_completed), {});
  out.counter("rocmforge_requests_failed_total", "Requests that failed or could not be run",
              number(counts.n_failed), {});
  out.counter("rocmforge_requests_cancelled_total", "Requests ended by their clients",
              number(counts.n_cancelled), {});
  out.counter("rocmforge_tokens_generated_total", "Tokens generated", number(n_generated_), {});
  out.histogram("rocmforge_prefill_duration_seconds", "Time on a prompt, without the queue",
                prefill_.read(), {});
  out.histogram("rocmforge_decode_duration_seconds", "Time on the tokens after the first",
                decode_.read(), {});
  out.histogram("rocmforge_total_duration_seconds", "Time from a request to its end", total_.read(),
                {});
  out.histogram("rocmforge_ttft_seconds", "Time from a request to its first token",
                first_token_.read(), {});
  out.gauge("rocmforge_queue_length", "Requests that wait for a place", number(counts.n_waiting),
            {});
  out.gauge("rocmforge_active_requests", "Requests that run", number(counts.n_running), {});
  out.gauge("rocmforge_tokens_per_second", "Tokens generated a second, over the last 8 s",
            rate_.read(second()), {});
}

void Metrics::add_vllm(Exposition& out, const ModelThread::Counts& counts) const {
  const Exposition::Labels model = {{"model_name", context_.options().model}};
  out.gauge("vllm:num_requests_running", "Requests that run", number(counts.n_running), model);
  out.gauge("vllm:num_requests_waiting", "Requests that wait", number(counts.n_waiting), model);
  const double usage = kv_usage(counts);
  out.gauge("vllm:kv_cache_usage_perc", "Part of the KV cache in use, 0 to 1", usage, model);
  out.gauge("vllm:gpu_cache_usage_perc", "The same by its older name", usage, model);
  const double queries = number(counts.scheduler.n_queries), hits = number(counts.scheduler.n_hits);
  out.counter("vllm:prefix_cache_queries_total", "Prompt tokens looked for in the prefix cache",
              queries, model);
  out.counter("vllm:prefix_cache_hits_total", "Prompt tokens found there", hits, model);
  out.counter("vllm:gpu_prefix_cache_queries_total", "The same by its older name", queries, model);
  out.counter("vllm:gpu_prefix_cache_hits_total", "The same by its older name", hits, model);
  out.counter("vllm:num_preemptions_total", "Times that a request gave its KV blocks up",
              number(counts.scheduler.n_preemptions), model);
  out.counter("vllm:prompt_tokens_total", "Prompt tokens processed", number(n_prompt_), model);
  out.counter("vllm:generation_tokens_total", "Tokens generated", number(n_generated_), model);
  out.family("vllm:request_success_total", "counter", "Requests that ended, by reason");
  for (const auto& [reason, n] : {std::pair<const char*, double>{"stop", number(n_stop_)},
                                  {"length", number(n_length_)},
                                  {"abort", number(n_abort_)},
                                  {"error", number(n_error_)}}) {
    Exposition::Labels labels = model;
    labels.emplace_back("finished_reason", reason);
    out.sample("vllm:request_success_total", n, labels);
  }
  out.histogram("vllm:time_to_first_token_seconds", "Time from a request to its first token",
                first_token_.read(), model);
  out.histogram("vllm:inter_token_latency_seconds", "Time between two tokens of a request",
                between_tokens_.read(), model);
  out.histogram("vllm:time_per_output_token_seconds", "The same by its older name",
                between_tokens_.read(), model);
  out.histogram("vllm:e2e_request_latency_seconds", "Time from a request to its end", total_.read(),
                model);
  out.histogram("vllm:request_queue_time_seconds", "Time that a request waited for a place",
                queue_.read(), model);
  out.gauge("vllm:cache_config_info", "The KV cache: tokens a block, and blocks", 1,
            {{"block_size", std::to_string(ir::kBlockTokens)},
             {"num_gpu_blocks", std::to_string(counts.scheduler.n_blocks)}});
  out.gauge("vllm:lora_requests_info", "Adapters: there are none",
            static_cast<double>(context_.created()),
            {{"max_lora", "0"}, {"running_lora_adapters", ""}, {"waiting_lora_adapters", ""}});
}

void Metrics::add_own(Exposition& out, const ModelThread::Counts& counts) const {
  out.gauge("rocmforge_build_info", "The program", 1, {{"version", version()}});
  out.counter("rocmforge_requests_refused_total", "Requests that found the queue full",
              number(counts.n_refused), {});
  out.counter("rocmforge_prompt_tokens_total", "Prompt tokens processed", number(n_prompt_), {});
  out.counter("rocmforge_prefix_cache_hits_total", "Prompt tokens that were in the KV cache",
              number(counts.scheduler.n_hits), {});
  out.gauge("rocmforge_kv_blocks", "Blocks of the KV cache",
            static_cast<double>(counts.scheduler.n_blocks), {});
  out.gauge("rocmforge_kv_blocks_free", "Of them: that no request holds",
            static_cast<double>(counts.scheduler.n_free_blocks), {});
  out.gauge("rocmforge_kv_blocks_kept", "Of the free: filled, for prompts that begin alike",
            static_cast<double>(counts.scheduler.n_filled_blocks), {});
  out.gauge("rocmforge_kv_cache_usage_ratio", "Part of the KV cache in use, 0 to 1",
            kv_usage(counts), {});
  out.histogram("rocmforge_inter_token_seconds", "Time between two tokens of a request",
                between_tokens_.read(), {});
  const CounterValues all = counters_.read();
  const auto proof = [&](std::string_view name, std::string_view help, std::uint64_t n) {
    out.counter(name, help, number(n), {});
  };
  proof("rocmforge_file_parses_total", "Passes over the model file's header", all.file_parses);
  proof("rocmforge_graph_builds_total", "Graphs built or compiled", all.graph_builds);
  proof("rocmforge_weight_binds_total", "Weights handed to an executor", all.weight_binds);
  proof("rocmforge_device_allocations_total", "Buffers allocated on a device",
        all.device_allocations);
  proof("rocmforge_steps_total", "Runs of the model over a batch", all.steps);
  proof("rocmforge_rows_total", "Tokens through the model, prompts included", all.rows);
  proof("rocmforge_dispatches_total", "Operations launched", all.dispatches);
  proof("rocmforge_logit_readbacks_total", "Rows of logits read by the host", all.logit_readbacks);
}

void add_metrics(Router& router, std::shared_ptr<const Metrics> metrics) {
  router.add({.method = "GET",
              .pattern = "/metrics",
              .handle =
                  [metrics = std::move(metrics)](const std::shared_ptr<Call>& call) {
                    call->send({.content_type = Exposition::kContentType, .body = metrics->text()});
                  },
              .needs_key = false});
}

}  // namespace rocmforge::serve
