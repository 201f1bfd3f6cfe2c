// `rocmforge bench`: prompt and generation speed, in the form of llama-bench; and the model files
// of made-up weights that it can run on.
#include "engine/bench.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/partial_file.h"
#include "base/thread_pool.h"
#include "cli/app.h"
#include "cli/bench_report.h"
#include "cli/help.h"
#include "cli/interrupt.h"
#include "cli/load_bar.h"
#include "cli/model_options.h"
#include "cli/output.h"
#include "engine/sequence.h"
#include "model/random_model.h"

namespace rocmforge::cli {
namespace {

struct Options {
  ModelOptions model;
  std::string random;  // SHAPE:TYPE
  std::string save;    // a path to write it to
  std::vector<std::int32_t> n_prompt = {512};
  std::vector<std::int32_t> n_gen = {128};
  std::vector<std::int32_t> n_depth = {0};
  std::vector<std::int32_t> n_sequences = {1};
  std::int32_t repetitions = 5;
  std::string output = "md";
};

std::string now() {
  const std::time_t t = std::time(nullptr);
  std::tm utc{};
  ::gmtime_r(&t, &utc);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc);
  return text;
}

// In llama-bench's order: depth by depth, prompts before generation.
std::vector<engine::BenchTest> tests_of(const Options& o) {
  std::vector<engine::BenchTest> out;
  for (const std::int32_t depth : o.n_depth) {
    for (const std::int32_t n : o.n_prompt) {
      if (n > 0) out.push_back({.n_prompt = n, .n_depth = depth});
    }
    for (const std::int32_t n : o.n_gen) {
      for (const std::int32_t sequences : o.n_sequences) {
        if (n > 0) out.push_back({.n_gen = n, .n_depth = depth, .n_sequences = sequences});
      }
    }
  }
  if (out.empty()) throw Error(ErrorCode::kUsage, "bench: nothing to measure: -p and -n are 0");
  return out;
}

int save(const Options& o) {
  if (!o.model.random) {
    throw Error(ErrorCode::kUsage, "--save: writes what --random makes up, which is missing");
  }
  Counters counters;
  const model::RandomModel random(*o.model.random, counters);
  ThreadPool pool(o.model.threads > 0 ? o.model.threads : ThreadPool::default_threads());
  const auto start = std::chrono::steady_clock::now();
  const std::string target = output_target(o.save);
  {
    const RemovedWhenKilled removed(PartialFile::partial_name(target));
    model::save_random(random, target, pool);
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  write_output(fmt::format("{}: {:.2f} MiB in {:.1f} s\n", o.save,
                           static_cast<double>(random.file_bytes()) / (1 << 20), took.count()));
  return kExitDone;
}

int bench(Options o) {
  if (o.model.gguf.empty() && o.random.empty()) {
    throw Error(ErrorCode::kUsage, "bench: a model is missing: --gguf PATH or --random SHAPE:TYPE");
  }
  if (!o.random.empty()) o.model.random = model::parse_random_spec(o.random);
  if (!o.save.empty()) return save(o);

  const std::vector<engine::BenchTest> tests = tests_of(o);
  const bool ctx_given = o.model.ctx != 0;  // then it is held to
  for (const engine::BenchTest& t : tests) {
    if (!ctx_given) o.model.ctx = std::max(o.model.ctx, t.n_positions());
    o.model.max_sequences = std::max(o.model.max_sequences, t.n_sequences);
  }
  Session session(o.model);
  const BenchFacts facts = facts_of(session);
  std::vector<BenchRow> rows;
  LoadBar bar(STDERR_FILENO, LoadBar::kPatience, fill_line);
  const auto progress = [&bar](std::int64_t done, std::int64_t total) {
    bar.show(done, total);
    if (done == total) bar.erase();
  };
  for (const engine::BenchTest& t : tests) {
    const std::string start = now();
    rows.push_back({.test = t,
                    .step = engine::step_bytes(session.engine(), t),
                    .seconds = engine::bench(session.engine(), t, o.repetitions, progress),
                    .time = start});
  }
  write_report(o.output, rows, facts, o.model);
  // An emulator's counts; its seconds, above, say nothing of a card.
  const std::string counts = session.device().report();
  if (o.output == "md" && !counts.empty()) write_output("\n" + counts);
  return kExitDone;
}

// "LABEL: a, b, c." in lines of at most 100 characters.
std::string list_lines(const std::string& label, const std::vector<std::string>& items) {
  std::string lines = label + ":";
  std::size_t width = lines.size();
  for (std::size_t i = 0; i < items.size(); ++i) {
    const bool last = i + 1 == items.size();
    const bool fits = width + items[i].size() + 2 <= 100;
    lines += fits ? " " : "\n";
    width = (fits ? width : 0) + items[i].size() + 2;
    lines += items[i] + (last ? "." : ",");
  }
  return lines;
}

std::string random_help() {
  std::vector<std::string> shapes, types;
  for (const model::RandomShape& s : model::random_shapes()) {
    shapes.push_back(fmt::format("{} ({})", s.name, s.what));
  }
  for (const DType type : model::random_types()) types.emplace_back(to_string(type));
  return fmt::format(
      R"(Made-up weights, for speed without a file: --random SHAPE:TYPE[,MATRIX=TYPE]...
{}
{}
The output matrix, or the embedding that serves as one, is Q6_K where TYPE is quantized, but Q8_0 with
Q8_0 and MXFP4: what llama-quantize makes of it. Name it to change that, or any other, in all layers
(ffn_down=Q6_K) or in one (blk.0.attn_v=Q8_0). layers=2 makes so many layers instead of the shape's.)",
      list_lines("Shapes", shapes), list_lines("Types", types));
}

void add_random_options(CLI::App& command, Options& o) {
  CLI::Option* gguf = command.get_option("--gguf");
  CLI::Option* random = command.add_option(
      "--random", o.random, "Instead of a file, made-up weights of a known shape:\nllama-8b:Q4_0");
  random->type_name("SHAPE:TYPE")->excludes(gguf)->group(kModelGroup);
  CLI::Option* save = command.add_option(
      "--save", o.save,
      "Write that model as a GGUF file, without a vocabulary, and\nmeasure nothing");
  save->type_name("PATH")->check(not_empty_path())->group(kModelGroup);
}

}  // namespace

void add_bench(CLI::App& app, Action& action) {
  auto o = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("bench", "Measure prompt and generation speed");
  const auto add = [command](const char* names, auto& value, const CLI::Validator& check,
                             const char* description) {
    return command->add_option(names, value, description)
        ->type_name("N")
        ->transform(check)
        ->capture_default_str();
  };
  const auto add_list = [&add](const char* names, auto& value, const CLI::Validator& check,
                               const char* description) {
    add(names, value, check, description)->delimiter(',')->allow_extra_args(false);
  };
  const CLI::Validator tokens = whole_number(0, 1 << 20);
  add_list("-p,--n-prompt", o->n_prompt, tokens,
           "Tokens of a prompt; several with commas; 0: none");
  add_list("-n,--n-gen", o->n_gen, tokens, "Tokens to generate; several with commas; 0: none");
  add_list("-d,--n-depth", o->n_depth, tokens,
           "Tokens of context that are there before; several with commas");
  add_list("--sequences", o->n_sequences, whole_number(1, engine::Sequence::kMaxTogether),
           "Sequences that generate together; several with commas");
  add("-r,--repetitions", o->repetitions, whole_number(1, 1000), "Runs of each test");
  command->add_option("-o,--output", o->output, "Form of the result: md, json or csv")
      ->type_name("FORM")
      ->check(one_of({"md", "json", "csv"}))
      ->capture_default_str();
  add_model_options(*command, o->model);
  command->get_option("--gguf")->required(false);  // or --random
  add_random_options(*command, *o);
  command->footer(
      R"(ppN: a prompt of N tokens at once. tgN: N tokens one by one, each from the last one's logits; with
x8, 8 sequences together, all their tokens counted. @ d512: behind 512 tokens that are not timed. Each
test runs once more than asked, and the first run does not count. The result is mean and standard
deviation of tokens a second; json and csv name their fields as llama-bench does, and add
n_sequences, load_seconds, and the bytes of weights and KV that a step of generation has to read.

)" + random_help() +
      R"(

Examples:
  rocmforge bench --gguf model.gguf
  rocmforge bench --gguf model.gguf -p 128,512 -n 0 -r 3 -o json
  rocmforge bench --gguf model.gguf --gpu-layers 20
  rocmforge bench --random llama-8b:Q4_0 -p 0 -n 128 --sequences 1,8,32
  rocmforge bench --random llama-8b:Q8_0 -p 512 -n 64 -d 0,16384 --device cuda
  rocmforge bench --random llama-8b:Q4_0 --save llama-8b.gguf)");
  command->callback([o, &action] { action = [o] { return bench(*o); }; });
}

}  // namespace rocmforge::cli
