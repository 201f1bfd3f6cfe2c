#include "engine/runner.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/check.h"
#include "base/error.h"
#include "engine/loader.h"

namespace rocmforge::engine {
namespace {

// Score matrices of the plain graph hold a whole context for each row and head: fewer rows then.
constexpr std::int32_t kPlainRows = 32;

RopeRows make_rope(const gguf::File& file, const model::RopeParams& params) {
  if (params.factors.empty()) return {params, {}};
  const std::vector<float> factors = read_floats(file, params.factors);
  for (const float factor : factors) {
    if (std::isfinite(factor) && factor > 0) continue;
    throw Error(ErrorCode::kFormat, "[model] " + file.path() + ": " + params.factors + ": holds " +
                                        std::to_string(factor) +
                                        ", must be of finite numbers above 0");
  }
  return {params, factors};
}

// The head's rows, what each wants, and the edits of all; of their masks the place alone.
void write_choices(std::span<const Choice> choices, const ir::StepView& step) {
  ir::StepHeader& header = step.header();
  header.n_head_rows = static_cast<std::int32_t>(choices.size());
  std::size_t n_edits = 0;
  for (const Choice& c : choices) n_edits += c.edits.size();
  header.n_edits = static_cast<std::int32_t>(n_edits);
  const std::span<ir::LogitEdit> edits = step.edits();
  std::int32_t begin = 0, n_masks = 0;
  for (std::size_t i = 0; i < choices.size(); ++i) {
    const Choice& c = choices[i];
    check(c.row >= 0 && c.row < header.n_rows, "a choice for no row of the step");
    step.head_rows()[i] = c.row;
    ir::SampleParams& params = step.samples()[i];
    params = c.params;
    params.edits_begin = begin;
    params.n_edits = static_cast<std::int32_t>(c.edits.size());
    params.mask = c.is_masked ? n_masks++ : -1;
    std::copy(c.edits.begin(), c.edits.end(), edits.begin() + begin);
    begin += params.n_edits;
  }
}

// A step without masks stays as it was: the device need not be given it again for the head.
void write_masks(std::span<const Choice> choices, MaskSource masks, const ir::StepView& step) {
  for (std::size_t i = 0; i < choices.size(); ++i) {
    if (!choices[i].is_masked) continue;
    const std::span<const std::uint32_t> from = masks(i);
    const std::span<std::uint32_t> to = step.mask(step.header().n_masks++);
    check(from.size() == to.size(), "a mask has a bit for each token");
    std::copy(from.begin(), from.end(), to.begin());
  }
}

}  // namespace

Runner::Runner(const gguf::File& file, const RunnerOptions& options, backend::Device& device,
               Counters& counters)
    : Runner(file, place(file, options, device, counters), device, counters) {}

Runner::Placed Runner::place(const gguf::File& file, RunnerOptions options, backend::Device& device,
                             Counters& counters) {
  check(options.n_ctx > 0 && options.max_sequences > 0 && options.max_rows > 0,
        "a runner needs room for a row");
  if (!options.fuse) options.max_rows = std::min(options.max_rows, kPlainRows);
  model::Model model = model::build_model(file,
                                          {.kv_dtype = options.kv_dtype,
                                           .max_rows = options.max_rows,
                                           .max_head_rows = max_head_rows_of(options.max_rows),
                                           .taps = options.tap_layers},
                                          counters);
  PlacedModel where = place_model(model, options, device, file.path(), counters);
  return {std::move(model), std::move(where)};
}

Runner::Runner(const gguf::File& file, Placed placed, backend::Device& device, Counters& counters)
    : options_(placed.where.options),
      counters_(counters),
      params_(placed.model.params),
      rope_(make_rope(file, params_.rope)),
      layout_(step_layout(placed.model, options_)),
      pool_(placed.where.stages.at(0).plan.kv.n_blocks) {
  const StageSource source{file, options_.mappings, options_.progress};
  const backend::Device* last = &device;
  for (PlacedStage& s : placed.where.stages) {
    last = s.device;
    Stage* before = stages_.empty() ? nullptr : stages_.back().get();
    pays_by_row_ = pays_by_row_ || s.device->info().is_host;
    if (s.device == &device) n_device_layers_ += s.plan.n_layers;
    stages_.push_back(std::make_unique<Stage>(std::move(s.plan), std::move(s.executor), source,
                                              layout_, *s.device, before));
  }
  // What the head chooses lies in its own stage's memory.
  runs_ahead_ = stages_.size() == 1 && options_.run_ahead.value_or(last->info().runs_ahead);
  step_.resize(static_cast<std::size_t>(layout_.bytes));
  work_.reserve(static_cast<std::size_t>(layout_.limits.max_work));
}

// A stage may still copy from the one before it.
Runner::~Runner() {
  while (!stages_.empty()) stages_.pop_back();
}

// Writes the step, and gives its body to the stages.
void Runner::give(Batch batch, std::span<const Choice> choices) {
  check(choices.size() <= static_cast<std::size_t>(max_head_rows()), "rows of the head");
  work_.clear();
  const std::int32_t n_partials = plan_work(batch, options_.cut, work_);
  const ir::StepView step(layout_, step_);
  if (stages_.size() > 1) {  // one may still copy rows from the one before it
    for (const auto& stage : stages_) stage->wait();
  }
  write_step(batch, rope_, work_, n_partials, step);
  write_choices(choices, step);
  for (const auto& stage : stages_) stage->run_body(step.header().n_rows, step_);
}

void Runner::run(Batch batch) {
  give(batch, {});
}

Ticket Runner::run(Batch batch, std::span<const Choice> choices, MaskSource masks) {
  check(!choices.empty(), "a choice for no row");
  give(batch, choices);
  write_masks(choices, masks, ir::StepView(layout_, step_));
  Stage& last = *stages_.back();
  Ticket ticket{.n = static_cast<std::int32_t>(choices.size()), .slot = next_slot_, .mark = 0};
  last.run_head(ticket.n, step_);
  ticket.mark = last.read_tokens(ticket.n, ticket.slot);
  next_slot_ = (next_slot_ + 1) % Stage::kTokenSlots;
  return ticket;
}

std::span<const std::int32_t> Runner::tokens(const Ticket& ticket) {
  return stages_.back()->tokens(ticket.n, ticket.slot, ticket.mark);
}

// Rows of the last step, of which no choice is wanted.
void Runner::want_rows(std::span<const std::int32_t> rows) {
  const ir::StepView step(layout_, step_);
  check(!rows.empty() && rows.size() <= static_cast<std::size_t>(max_head_rows()),
        "rows of the head");
  const auto n = static_cast<std::int32_t>(rows.size());
  step.header().n_head_rows = n;
  step.header().n_edits = 0;
  step.header().n_masks = 0;
  std::copy(rows.begin(), rows.end(), step.head_rows().begin());
  std::fill_n(step.samples().begin(), n, ir::SampleParams{});
}

std::span<const float> Runner::logits(std::span<const std::int32_t> rows) {
  want_rows(rows);
  Stage& last = *stages_.back();
  const auto n = static_cast<std::int32_t>(rows.size());
  last.run_head(n, step_);
  counters_.logit_readbacks += rows.size();
  return last.logits(n);
}

std::span<const float> Runner::embeddings(std::span<const std::int32_t> rows) {
  want_rows(rows);
  return stages_.back()->embeddings(static_cast<std::int32_t>(rows.size()), step_);
}

std::vector<Tapped> Runner::taps() {
  std::vector<Tapped> out;
  for (const auto& stage : stages_) stage->read_taps(out);
  return out;
}

std::int64_t Runner::arena_bytes() const {
  std::int64_t bytes = 0;
  for (const auto& stage : stages_) bytes += stage->arena_bytes();
  return bytes;
}

std::int64_t Runner::kv_bytes() const {
  std::int64_t bytes = 0;
  for (const auto& stage : stages_) bytes += stage->kv_bytes();
  return bytes;
}

}  // namespace rocmforge::engine
