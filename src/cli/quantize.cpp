// `rocmforge quantize`: a model file to one of smaller types.
#include "quantize/quantize.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "base/counters.h"
#include "base/error.h"
#include "base/log.h"
#include "base/partial_file.h"
#include "base/thread_pool.h"
#include "cli/app.h"
#include "cli/help.h"
#include "cli/interrupt.h"
#include "cli/load_bar.h"
#include "cli/model_options.h"
#include "cli/output.h"
#include "gguf/model_files.h"
#include "gguf/names.h"
#include "gguf/override.h"

namespace rocmforge::cli {
namespace {

// By name, or by place as llama-quantize has them.
struct Words {
  std::string gguf, out, type;
  std::int32_t threads = 0;
};

struct Options : Words {
  Words places;
  std::vector<std::string> rules, overrides;
  bool allow_requantize = false, pure = false, keep_output = false, dry_run = false;
};

constexpr const char* kForm = "rocmforge quantize IN OUT TYPE [THREADS]";
constexpr const char* kCopy = "COPY";

bool is_copy(const std::string& type) {
  return std::ranges::equal(type, std::string_view(kCopy),
                            [](unsigned char a, char b) { return std::toupper(a) == b; });
}

double mib(std::uint64_t bytes) {
  return static_cast<double>(bytes) / (1 << 20);
}

std::string progress_line(std::int64_t done, std::int64_t total, double) {
  return fmt::format(
      "quantizing {:3} %, {:.2f} of {:.2f} GiB", total > 0 ? 100 * done / total : 100,
      mib(static_cast<std::uint64_t>(done)) / 1024, mib(static_cast<std::uint64_t>(total)) / 1024);
}

// The tensors, one a line, in columns.
class Table {
 public:
  explicit Table(const quantize::Plan& plan) : plan_(plan) {
    for (const quantize::TensorPlan& t : plan.tensors) {
      name_ = std::max(name_, gguf::printable(t.from->name).size());
      shape_ = std::max(shape_, to_string(t.from->shape).size());
    }
  }

  // `loss` is null where nothing is known of it.
  std::string line(std::size_t index, const quantize::Loss* loss) const {
    const quantize::TensorPlan& t = plan_.tensors[index];
    const std::string place = fmt::format("[{}/{}]", index + 1, plan_.tensors.size());
    std::string out =
        fmt::format("{:>{}} {:<{}} {:<{}} {}", place, place_width(), gguf::printable(t.from->name),
                    name_, to_string(t.from->shape), shape_, to_string(t.from->dtype));
    if (t.changes()) {
      out += fmt::format(" -> {}, {:.2f} -> {:.2f} MiB", to_string(t.type), mib(t.from->n_bytes),
                         mib(t.n_bytes));
      if (loss != nullptr) {
        out += fmt::format(", error {:.3g} ({:.2f} %)", loss->rms, 100 * loss->relative);
      }
    } else {
      out += fmt::format(", kept, {:.2f} MiB", mib(t.n_bytes));
    }
    if (t.instead_of) {
      out +=
          fmt::format("; not {}, whose blocks of {} do not fill a row of {}",
                      to_string(*t.instead_of), info(*t.instead_of).block_elems, t.from->shape[-1]);
    }
    return out + "\n";
  }

 private:
  std::size_t place_width() const { return 3 + 2 * std::to_string(plan_.tensors.size()).size(); }

  const quantize::Plan& plan_;
  std::size_t name_ = 0, shape_ = 0;
};

std::string sizes(const quantize::Plan& plan) {
  const auto bits = [&](std::uint64_t bytes) {
    return plan.n_elems > 0 ? 8 * static_cast<double>(bytes) / static_cast<double>(plan.n_elems)
                            : 0.0;
  };
  std::string out = fmt::format("size: {:.2f} -> {:.2f} MiB ({:.2f} -> {:.2f} bits a weight)\n",
                                mib(plan.bytes_before), mib(plan.bytes_after),
                                bits(plan.bytes_before), bits(plan.bytes_after));
  if (plan.n_fallbacks > 0) {
    out +=
        fmt::format("{} of {} tensors have another type than asked for, for their rows' length\n",
                    plan.n_fallbacks, plan.tensors.size());
  }
  return out;
}

quantize::Wishes wishes_of(const Options& o) {
  quantize::Wishes out;
  if (is_copy(o.type)) {
    if (o.rules.empty() && !o.pure) return out;
    throw Error(ErrorCode::kUsage, std::string("--type: COPY changes no tensor; leave out ") +
                                       (o.pure ? "--pure" : "--tensor-type, or give another type"));
  }
  out.file_type = quantize::find_file_type(o.type);
  if (out.file_type == nullptr) {
    throw Error(ErrorCode::kUsage, "--type: \"" + o.type + "\" is not one of " +
                                       quantize::file_type_names() + ", COPY");
  }
  for (const std::string& rule : o.rules) out.rules.emplace_back(rule);
  out.pure = o.pure;
  out.keep_output = o.keep_output;
  return out;
}

template <class T>
void take(T& named, const T& placed, const char* name, const char* place) {
  if (placed == T{}) return;
  if (named != T{}) {
    throw Error(ErrorCode::kUsage, fmt::format("{}: given twice, by name and as {}; words without "
                                               "a name stand so: {}",
                                               name, place, kForm));
  }
  named = placed;
}

// The words by name and by place together, and nothing missing.
Options settled(Options o) {
  // llama-quantize --dry-run IN TYPE; IN TYPE --out OUT.
  const bool is_type = quantize::find_file_type(o.places.out) != nullptr || is_copy(o.places.out);
  if (is_type && o.type.empty() && o.places.type.empty()) {
    if (!o.dry_run && o.out.empty()) {
      throw Error(ErrorCode::kUsage, std::string("which file to write? Give it before the type: ") +
                                         kForm + "; without one there is --dry-run");
    }
    std::swap(o.places.out, o.places.type);
  }
  take(o.gguf, o.places.gguf, "--gguf", "IN");
  take(o.out, o.places.out, "--out", "OUT");
  take(o.type, o.places.type, "--type", "TYPE");
  take(o.threads, o.places.threads, "--threads", "THREADS");
  if (o.gguf.empty()) {
    throw Error(ErrorCode::kUsage, std::string("which file? Give --gguf PATH, or: ") + kForm);
  }
  if (o.type.empty()) {
    throw Error(ErrorCode::kUsage, "--type is required, one of " + quantize::file_type_names() +
                                       ", COPY; or: " + kForm);
  }
  if (o.out.empty() && !o.dry_run) {
    throw Error(ErrorCode::kUsage, "--out: is missing; without it there is --dry-run");
  }
  return o;
}

void write(const Options& o, std::span<const MappedFile> in, const quantize::Plan& plan) {
  const std::string target = quantize::output_of(in, o.out);
  const Table table(plan);
  LoadBar bar(STDERR_FILENO, LoadBar::kPatience, progress_line);
  const quantize::Reports reports{
      .tensor =
          [&](std::size_t index, const quantize::Loss& loss) {
            bar.erase();
            write_output(table.line(index, &loss));
          },
      .progress = [&](std::int64_t done, std::int64_t total) { bar.show(done, total); }};
  ThreadPool pool(o.threads > 0 ? o.threads : ThreadPool::default_threads());
  const auto start = std::chrono::steady_clock::now();
  quantize::Loss loss;
  {
    const RemovedWhenKilled removed(PartialFile::partial_name(target));
    loss = quantize::write_quantized(in, plan, target, pool, reports);
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  write_output(sizes(plan));
  if (!is_copy(o.type)) {
    write_output(fmt::format("error: {:.4g} (root mean square), {:.3f} % of the changed weights'\n",
                             loss.rms, 100 * loss.relative));
  }
  write_output(fmt::format("{}: {:.2f} MiB in {:.1f} s ({:.0f} MB/s read)\n", o.out,
                           mib(plan.file_bytes), took.count(),
                           static_cast<double>(plan.bytes_before) / 1e6 / took.count()));
}

int quantize_file(const Options& given) {
  const Options o = settled(given);
  const quantize::Wishes wishes = wishes_of(o);
  const std::vector<gguf::Override> overrides = gguf::parse_overrides(o.overrides);
  Counters counters;
  gguf::ModelFiles in(o.gguf, counters);
  in.file().set(overrides);
  if (o.keep_output && in.file().find_tensor("output.weight") == nullptr) {
    log(LogLevel::kWarn, "--leave-output-tensor: " + o.gguf +
                             ": has no output.weight, the embedding serves as one; to keep that: "
                             "--tensor-type '^token_embd=TYPE'");
  }
  const quantize::Plan plan = quantize::make_plan(in.file(), wishes, o.allow_requantize);
  if (!o.dry_run) {
    write(o, in.mappings(), plan);
    return kExitDone;
  }
  const Table table(plan);
  for (std::size_t i = 0; i < plan.tensors.size(); ++i) write_output(table.line(i, nullptr));
  write_output(sizes(plan));
  return kExitDone;
}

constexpr const char* kFooter =
    R"(The mixtures (Q2_K to Q5_K_M) give values, outputs and the first layers more bits, as llama.cpp's do,
and the output matrix, or the embedding that serves as one, is Q6_K with most types. Norms, biases and
the like are kept. A row that is not whole blocks of 256 gets the type of blocks of 32 that llama.cpp
takes, and the tensor's line says so. MXFP6 runs here alone: other programs do not know it. COPY changes
no tensor. Of a model in parts, IN is the first; OUT is one whole file.

A tensor's line ends with the error that quantizing brought: root mean square, and its share of the
weights'. The file is written under the name OUT.partial, which takes OUT's place in the end: a file
of that name is replaced then and no sooner.

Examples:
  rocmforge quantize --gguf model.BF16.gguf --out model.Q4_K_M.gguf --type Q4_K_M
  rocmforge quantize --gguf model.F16.gguf --type Q3_K --dry-run
  rocmforge quantize --gguf model.F16.gguf --out m.gguf --type Q8_0 --tensor-type "ffn_.*=MXFP4"
  rocmforge quantize model.F16.gguf model.Q8_0.gguf Q8_0 8
  rocmforge quantize model-00001-of-00003.gguf model.gguf COPY)";

}  // namespace

void add_quantize(CLI::App& app, Action& action) {
  auto o = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("quantize", "Write a model file with smaller weights");
  command->add_option("in", o->places.gguf, "As --gguf")
      ->type_name("PATH")
      ->check(not_empty_path());
  command->add_option("out", o->places.out, "As --out")->type_name("PATH")->check(not_empty_path());
  command->add_option("type", o->places.type, "As --type")->type_name("TYPE");
  command->add_option("threads", o->places.threads, "As --threads")
      ->type_name("N")
      ->transform(whole_number(0, 1024));
  add_gguf_option(*command, o->gguf, "Model file (GGUF) to read, or the first of its parts")
      ->group("Options");
  command->add_option("-o,--out", o->out, "File to write")
      ->type_name("PATH")
      ->check(not_empty_path());
  command
      ->add_option("--type", o->type,
                   "What to make of it:\n" + wrapped(quantize::file_type_names() + ", COPY"))
      ->type_name("TYPE");
  command
      ->add_option("--tensor-type", o->rules,
                   "The type of tensors in whose name the pattern (RE2) is\n"
                   "found; may be given several times, the first that fits counts")
      ->type_name("PATTERN=TYPE")
      ->allow_extra_args(false);
  command->add_flag("--pure", o->pure, "The same type for all matrices, no mixture");
  command->add_flag("--leave-output-tensor", o->keep_output, "Keep output.weight as it is");
  command->add_flag("--allow-requantize", o->allow_requantize,
                    "Quantize what is quantized already, at a loss");
  command->add_flag("--dry-run", o->dry_run, "Show types and sizes, and write nothing");
  command->add_option("-t,--threads", o->threads, "CPU threads; 0: one for each physical core")
      ->type_name("N")
      ->transform(whole_number(0, 1024))
      ->capture_default_str();
  add_override_option(*command, o->overrides);
  command->get_option("--override-kv")->group("Options");
  command->footer(kFooter);
  command->callback([o, &action] { action = [o] { return quantize_file(*o); }; });
}

}  // namespace rocmforge::cli
