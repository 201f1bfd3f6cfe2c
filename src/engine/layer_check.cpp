#include "engine/layer_check.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>
#include <span>

#include "base/check.h"
#include "base/error.h"
#include "engine/random_tokens.h"
#include "engine/runner.h"
#include "engine/setting.h"
#include "kv/block_table.h"

namespace rocmforge::engine {
namespace {

constexpr std::uint64_t kTokenSeed = 1;
constexpr std::int32_t kSmallStep = 4;  // rows of the step between prompt and single tokens

// ---- one value

class Statistics {
 public:
  void add_row(std::span<const float> ours, std::span<const float> theirs) {
    double difference = 0, own = 0, norm = 0, product = 0;
    for (std::size_t i = 0; i < theirs.size(); ++i) {
      const double a = ours[i], b = theirs[i];
      if (a == b && std::isinf(b)) continue;  // what attention masks
      const double d = std::abs(a - b);
      // A NaN must show, and max() would drop it.
      if (!(d <= out_.max)) out_.max = std::isnan(d) ? INFINITY : d;
      difference += d * d;
      own += a * a;
      norm += b * b;
      product += a * b;
    }
    // Rows of less than a millionth an element count as zero.
    const double floor = 1e-12 * static_cast<double>(theirs.size());
    double share = std::sqrt(difference / std::max(norm, floor));
    if (!std::isfinite(share)) share = INFINITY;
    sum2_ += share * share;
    out_.worst_row = std::max(out_.worst_row, share);
    if (norm > floor && std::isfinite(own)) {
      const double cosine = own > 0 ? product / std::sqrt(own * norm) : 0;
      out_.cosine = std::min({out_.cosine, cosine, 1.0});
    }
    ++out_.n_rows;
  }
  Deviation result() const {
    Deviation out = out_;
    if (out.n_rows > 0) out.rms = std::sqrt(sum2_ / static_cast<double>(out.n_rows));
    return out;
  }

 private:
  Deviation out_;
  double sum2_ = 0;
};

// ---- the bound

// How far an element of a matmul's input may be rounded, as a share of its row's root mean square.
struct Rounding {
  double share = 0;
  const char* why = "";
};

// int8 with a scale each 32 values: half a step of amax / 127 at most, a step / sqrt(12) in the
// root mean square; amax of 32 normal values is some 2.3 times theirs, and more with heavy tails.
constexpr Rounding kInt8 = {2.3 / 127 / 3.46, "activations rounded to int8"};
// BF16, the coarsest that matrix units take beside 16-bit weights: 8 bits, 2^-9 at most.
constexpr Rounding kBf16 = {0x1p-9 / 1.73, "activations rounded to 16 bits"};
// F16 keys and values: 2^-12 at most.
constexpr Rounding kF16Kv = {0x1p-12 / 1.73, "an F16 KV cache"};
// Sums of some thousand products in F32, in another order.
constexpr Rounding kF32 = {1e-5, "sums in another order"};

Rounding rounding_of(const gguf::File& file, DType kv_dtype) {
  Rounding out = kv_dtype == DType::kF16 ? kF16Kv : kF32;
  for (const gguf::TensorInfo& t : file.tensors()) {
    const bool quantized = info(t.dtype).is_quantized();
    const bool half = t.dtype == DType::kF16 || t.dtype == DType::kBF16;
    const Rounding r = quantized ? kInt8 : half ? kBf16 : kF32;
    if (r.share > out.share) out = r;
  }
  return out;
}

// A layer adds two results to the residual stream, each behind three rounded inputs; what they add
// is independent, and so grows with the square root of the depth. kMargin is for models that
// amplify it: SmolLM2 with Q4_1 weights, one instruction set against another, has a quarter of the
// bound at most in a layer, and two fifths in the logits.
constexpr double kRoundings = 6;
constexpr double kMargin = 2;

double bound_of(const Rounding& rounding, std::int32_t layer) {
  return kMargin * rounding.share * std::sqrt(kRoundings * (layer + 1));
}

std::string rule_of(const Rounding& rounding) {
  char text[300];
  std::snprintf(
      text, sizeof text,
      "layer N (from 0) of the device is within %.2g * sqrt(N + 1) of the reference's, in "
      "the relative root mean square over rows, and no row is beyond %g times that, or "
      "%g: %g times what independent roundings add up to (%s)",
      bound_of(rounding, 0), kWorstRow, kNoRelation, kMargin, rounding.why);
  return text;
}

bool is_beyond(const Deviation& d, double bound) {
  return !(d.rms <= std::min(bound, kNoRelation)) ||
         !(d.worst_row <= std::min(kWorstRow * bound, kNoRelation));
}

// ---- the runs

// A runner with one sequence, stepped by hand so that its taps can be read behind each step.
class Probe {
 public:
  Probe(const gguf::File& file, const RunnerOptions& options, backend::Device& device,
        Counters& counters)
      : runner_(file, options, device, counters), blocks_(runner_.pool(), ir::kBlockTokens) {}

  std::int32_t max_rows() const { return runner_.max_rows(); }
  std::int32_t n_device_layers() const { return runner_.n_device_layers(); }
  const model::HyperParams& params() const { return runner_.params(); }

  void run(std::span<const text::TokenId> tokens) {
    const auto n = static_cast<std::int32_t>(tokens.size());
    check(blocks_.reserve(length_ + n), "a check's context holds its tokens");
    const BatchSequence rows{.tokens = tokens, .first_position = length_, .blocks = &blocks_};
    runner_.run({&rows, 1});
    length_ += n;
  }
  std::vector<Tapped> taps() { return runner_.taps(); }
  // Of one row of the last step; valid until the next call.
  std::span<const float> logits(std::int32_t row) { return runner_.logits({&row, 1}); }

 private:
  Runner runner_;
  kv::BlockTable blocks_;
  std::int32_t length_ = 0;
};

RunnerOptions runner_options(const LayerCheckOptions& o) {
  return {.n_ctx = o.n_prompt + kSmallStep + o.n_decode,
          .max_rows = std::max(o.n_prompt, kSmallStep),
          .kv_dtype = o.kv_dtype,
          .fuse = o.fuse,
          .device_cut = true,
          .mappings = o.mappings,
          .tap_layers = true};
}

// A prompt, of one token at least, that leaves the small steps room in the model's context.
std::int32_t prompt_within(const gguf::File& file, const LayerCheckOptions& o) {
  const std::string key =
      std::string(file.get_string("general.architecture").value_or("")) + ".context_length";
  const auto wanted = static_cast<std::uint64_t>(o.n_prompt);
  const auto behind = static_cast<std::uint64_t>(kSmallStep + o.n_decode);
  const std::uint64_t context = file.get_u64(key).value_or(wanted + behind);
  const std::uint64_t room = context > behind ? context - behind : 1;
  return static_cast<std::int32_t>(std::min(wanted, room));
}

// log softmax, in double.
std::vector<double> log_softmax(std::span<const float> logits) {
  double top = -INFINITY, sum = 0;
  for (const float x : logits) top = std::max(top, static_cast<double>(x));
  for (const float x : logits) sum += std::exp(x - top);
  std::vector<double> out;
  for (const float x : logits) out.push_back(x - top - std::log(sum));
  return out;
}

class Comparison {
 public:
  Comparison(const gguf::File& file, const LayerCheckOptions& options, RunnerOptions ours,
             RunnerOptions theirs, backend::Device& device, backend::Device& reference,
             Counters& counters)
      : file_(file),
        options_(options),
        ours_(file, ours, device, counters),
        theirs_(file, theirs, reference, counters) {
    if (ours_.n_device_layers() > 0) return;
    const bool none_fits = ours.n_device_layers == kLayersThatFit;
    throw SettingError(none_fits ? ErrorCode::kOutOfMemory : ErrorCode::kInvalidArgument,
                       "[verify] " + file.path() + ": no layer " +
                           (none_fits ? "fits the memory of " : "is to run on ") +
                           device.info().detail + "; there is nothing of it to compare",
                       {{Setting::kDeviceLayers}});
  }

  void run() {
    const std::int32_t total = options_.n_prompt + kSmallStep + options_.n_decode;
    const std::vector<text::TokenId> tokens =
        random_tokens(kTokenSeed, total, ours_.params().n_vocab);
    std::int32_t done = 0;
    while (done < total) {
      std::int32_t n = 1;
      if (done < options_.n_prompt) {
        n = std::min(options_.n_prompt - done, ours_.max_rows());
      } else if (done == options_.n_prompt) {
        n = kSmallStep;
      }
      step(std::span(tokens).subspan(static_cast<std::size_t>(done), static_cast<std::size_t>(n)),
           done < options_.n_prompt);
      done += n;
    }
  }

  // Of every value, in the graph's order.
  template <class Bound>
  std::vector<Compared> results(Bound bound) const {
    std::vector<Compared> out;
    for (const std::string& name : order_) {
      Compared c{.name = name,
                 .prefill = values_.at(name).prefill.result(),
                 .decode = values_.at(name).decode.result(),
                 .bound = bound(name)};
      c.parted = is_beyond(c.prefill, c.bound) || is_beyond(c.decode, c.bound);
      out.push_back(std::move(c));
    }
    return out;
  }
  void add_logprobs(LayerCheck& out) const {
    out.n_positions = n_positions_;
    out.n_greedy_same = n_greedy_same_;
    out.logprob_rms = std::sqrt(sum2_ / static_cast<double>(std::max<std::int64_t>(n_, 1)));
    out.logprob_max = max_;
  }

 private:
  struct Value {
    Statistics prefill, decode;
  };

  void step(std::span<const text::TokenId> tokens, bool is_prefill) {
    ours_.run(tokens);
    theirs_.run(tokens);
    const std::vector<Tapped> a = ours_.taps();
    const std::vector<Tapped> b = theirs_.taps();
    check(a.size() == b.size(), "two devices tap the same values");
    for (std::size_t i = 0; i < a.size(); ++i) {
      check(a[i].name == b[i].name && a[i].values.size() == b[i].values.size(),
            "two devices tap the same values");
      const auto cols = static_cast<std::size_t>(b[i].cols);
      for (std::size_t at = 0; at < b[i].values.size(); at += cols) {
        add(b[i].name, std::span(a[i].values).subspan(at, cols),
            std::span(b[i].values).subspan(at, cols), is_prefill);
      }
    }
    for (std::int32_t row = 0; row < static_cast<std::int32_t>(tokens.size()); ++row) {
      add_logits(ours_.logits(row), theirs_.logits(row), is_prefill);
    }
  }

  void add(const std::string& name, std::span<const float> ours, std::span<const float> theirs,
           bool is_prefill) {
    if (std::any_of(theirs.begin(), theirs.end(), [](float x) { return std::isnan(x); })) {
      throw Error(ErrorCode::kInvalidArgument, "[verify] " + file_.path() + ": " + name +
                                                   ": the reference itself gives no numbers");
    }
    if (!values_.contains(name)) order_.push_back(name);
    Value& value = values_[name];
    (is_prefill ? value.prefill : value.decode).add_row(ours, theirs);
  }

  void add_logits(std::span<const float> ours, std::span<const float> theirs, bool is_prefill) {
    // Without what all logits of a row have in common, which no probability depends on.
    add("logits", centred(ours), centred(theirs), is_prefill);
    const std::vector<double> a = log_softmax(ours), b = log_softmax(theirs);
    for (std::size_t i = 0; i < b.size(); ++i) {
      const double d = std::abs(a[i] - b[i]);
      sum2_ += d * d;
      if (!(d <= max_)) max_ = std::isnan(d) ? INFINITY : d;
    }
    n_ += static_cast<std::int64_t>(b.size());
    ++n_positions_;
    const auto best = [](const std::vector<double>& x) {
      return std::max_element(x.begin(), x.end()) - x.begin();
    };
    if (best(a) == best(b)) ++n_greedy_same_;
  }

  static std::vector<float> centred(std::span<const float> row) {
    double mean = 0;
    for (const float x : row) mean += x;
    mean /= static_cast<double>(row.size());
    std::vector<float> out;
    for (const float x : row) out.push_back(static_cast<float>(x - mean));
    return out;
  }

  const gguf::File& file_;
  const LayerCheckOptions& options_;
  Probe ours_, theirs_;
  std::vector<std::string> order_;
  std::map<std::string, Value> values_;
  double sum2_ = 0, max_ = 0;
  std::int64_t n_ = 0, n_positions_ = 0, n_greedy_same_ = 0;
};

std::int32_t first_parted(const std::vector<Compared>& all) {
  const auto found =
      std::find_if(all.begin(), all.end(), [](const Compared& c) { return c.parted; });
  return found == all.end() ? -1 : static_cast<std::int32_t>(found - all.begin());
}

}  // namespace

LayerCheck check_layers(const gguf::File& file, const LayerCheckOptions& wanted,
                        backend::Device& device, backend::Device& reference, Counters& counters) {
  LayerCheckOptions options = wanted;
  options.n_prompt = prompt_within(file, wanted);
  RunnerOptions ours = runner_options(options);
  ours.n_device_layers = options.n_device_layers;
  ours.rest = options.rest;
  RunnerOptions theirs = runner_options(options);
  const Rounding rounding = rounding_of(file, options.kv_dtype);

  LayerCheck out;
  out.rule = rule_of(rounding);
  {
    Comparison comparison(file, options, ours, theirs, device, reference, counters);
    comparison.run();
    std::int32_t layer = 0;  // the logits count as a layer behind the last
    out.layers =
        comparison.results([&](const std::string&) { return bound_of(rounding, layer++); });
    comparison.add_logprobs(out);
  }
  out.first_parted = first_parted(out.layers);
  const std::int32_t n_layers = static_cast<std::int32_t>(out.layers.size()) - 1;
  check(n_layers > 0, "the model taps its layers");
  if (out.first_parted < 0 || out.first_parted == n_layers) return out;

  // Once more, with the result of every op of that layer kept.
  ours.tap_ops_of = theirs.tap_ops_of = out.first_parted;
  Comparison comparison(file, options, ours, theirs, device, reference, counters);
  comparison.run();
  const double bound = bound_of(rounding, out.first_parted);
  for (Compared& c : comparison.results([&](const std::string&) { return bound; })) {
    if (!c.name.starts_with("blk.") && c.name != "logits") out.ops.push_back(std::move(c));
  }
  out.first_op = first_parted(out.ops);
  return out;
}

}  // namespace rocmforge::engine
