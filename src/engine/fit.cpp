#include "engine/fit.h"

#include <algorithm>
#include <cstdio>
#include <optional>
#include <utility>

#include "base/check.h"
#include "base/error.h"
#include "base/log.h"
#include "engine/setting.h"

namespace rocmforge::engine {
namespace {

// Contexts that are suggested are multiples of this.
constexpr std::int32_t kContextStep = 64;

std::string size_text(std::int64_t bytes) {
  char text[32];
  if (bytes < 1 << 30) {
    std::snprintf(text, sizeof text, "%.1f MiB", static_cast<double>(bytes) / (1 << 20));
  } else {
    std::snprintf(text, sizeof text, "%.2f GiB", static_cast<double>(bytes) / (1 << 30));
  }
  return text;
}

// The largest in [least, most] that fits; nullopt when not even `least` does. What fits once fits
// for everything smaller.
template <class Fits>
std::optional<std::int32_t> largest(std::int32_t least, std::int32_t most, Fits fits) {
  if (least > most || !fits(least)) return std::nullopt;
  while (least < most) {
    const std::int32_t middle = least + (most - least + 1) / 2;
    if (fits(middle)) {
      least = middle;
    } else {
      most = middle - 1;
    }
  }
  return least;
}

struct Shortage {
  const backend::DeviceInfo* device = nullptr;
  Need need;
};

class Fit {
 public:
  Fit(const model::Model& model, const RunnerOptions& options, backend::Device& device,
      const std::string& name, Counters& counters)
      : model_(model),
        options_(options),
        name_(name),
        counters_(counters),
        n_layers_(model.params.n_layers),
        main_{&device, device.make_executor(), device.info()} {
    if (options.rest == nullptr) return;
    check(options.rest != &device, "two stages on one device");
    rest_ = {options.rest, options.rest->make_executor(), options.rest->info()};
  }

  PlacedModel run() {
    const std::int32_t wanted = options_.max_sequences;
    if (options_.least_sequences > 0) {
      options_.max_sequences = std::min(wanted, options_.least_sequences);
    }
    settle_cut(main_);
    settle_layers();
    if (on_device(options_) == 0) settle_cut(rest_);
    settle_sequences(wanted);
    std::vector<StagePlan> plans = plan(options_);
    if (shortage(options_, plans) && options_.least_ctx > 0) {
      if (shrink_context()) plans = plan(options_);
    }
    if (const auto shortage = this->shortage(options_, plans)) refuse(*shortage);
    log_kv(plans);
    return hand_over(std::move(plans));
  }

 private:
  struct Place {
    backend::Device* device = nullptr;
    std::unique_ptr<backend::Executor> executor;
    backend::DeviceInfo info;
  };
  using Plans = std::vector<StagePlan>;

  // ---- who runs what

  std::int32_t on_device(const RunnerOptions& o) const {
    const bool all = o.n_device_layers == kAllLayers || rest_.device == nullptr;
    return all ? n_layers_ : std::min(o.n_device_layers, n_layers_);
  }

  // In the order that they run.
  std::vector<const Place*> places(const RunnerOptions& o) const {
    const std::int32_t n = on_device(o);
    if (n == n_layers_) return {&main_};
    if (n == 0) return {&rest_};
    return {&rest_, &main_};
  }

  Plans plan(const RunnerOptions& o) const {
    const std::int32_t n = on_device(o);
    const std::vector<const Place*> all = places(o);
    std::vector<StageSpec> specs;
    for (const Place* p : all) {
      const std::int32_t share = p == &main_ ? n : n_layers_ - n;
      specs.push_back({.n_layers = share, .executor = p->executor.get()});
    }
    return plan_stages(model_, o, specs, counters_);
  }

  // One step serves every stage: where two share the layers, the cut is the device's.
  void settle_cut(const Place& place) {
    if (!options_.device_cut) return;
    options_.cut = work_cut(place.info, model_.params.n_heads, model_.params.n_kv_heads);
  }

  // With kLayersThatFit: as many as the device holds.
  void settle_layers() {
    check(options_.n_device_layers >= kLayersThatFit, "a negative number of layers");
    if (options_.n_device_layers != kLayersThatFit) return;
    options_.n_device_layers = kAllLayers;
    if (rest_.device == nullptr) return;
    options_.n_device_layers = largest(1, n_layers_, [&](std::int32_t n) {
                                 return device_holds(options_, n);
                               }).value_or(0);
    log(LogLevel::kInfo, std::to_string(options_.n_device_layers) + " of " +
                             std::to_string(n_layers_) + " layers fit the memory of " +
                             main_.info.detail);
  }

  // As many of those wanted as fit, with the context and the layers that there are.
  void settle_sequences(std::int32_t wanted) {
    const std::int32_t least = options_.max_sequences;
    const auto most = largest(least, wanted, [&](std::int32_t n) {
      RunnerOptions o = options_;
      o.max_sequences = n;
      return fits(o);
    });
    options_.max_sequences = most.value_or(least);
    if (!most || *most == wanted) return;
    log(LogLevel::kInfo, "[engine] " + name_ + ": the memory has room for " +
                             std::to_string(options_.max_sequences) + " of " +
                             std::to_string(wanted) + " sequences of " +
                             std::to_string(options_.n_ctx) + " tokens");
  }

  // ---- what fits

  static Need need_of(const StagePlan& plan, const backend::DeviceInfo& info, DType kv_dtype) {
    backend::KvLayout kv = plan.kv;
    kv.dtype = kv_dtype;
    return {.weights = plan.weight_bytes,
            .kv = kv.bytes(),
            .work = plan.arena_bytes,
            .reserve = info.memory_reserve};
  }

  static bool holds(const backend::DeviceInfo& info, const Need& need) {
    return info.memory_total == 0 || need.total() <= info.memory_free;
  }

  // The first stage whose device has too little. Two stages are on two devices.
  std::optional<Shortage> shortage(const RunnerOptions& o, const Plans& plans) const {
    const std::vector<const Place*> all = places(o);
    for (std::size_t i = 0; i < all.size(); ++i) {
      const Need need = need_of(plans[i], all[i]->info, o.kv_dtype);
      if (!holds(all[i]->info, need)) return Shortage{&all[i]->info, need};
    }
    return std::nullopt;
  }
  bool fits(const RunnerOptions& o) const { return !shortage(o, plan(o)); }
  bool context_fits(std::int32_t n_ctx) const {
    RunnerOptions o = options_;
    o.n_ctx = n_ctx;
    return fits(o);
  }

  // Whether the last n layers and the head fit the device, whatever runs the others.
  bool device_holds(const RunnerOptions& o, std::int32_t n) const {
    std::vector<StageSpec> specs = {{n_layers_ - n, nullptr}, {n, main_.executor.get()}};
    if (n == n_layers_) specs.erase(specs.begin());
    const Plans plans = plan_stages(model_, o, specs, counters_);
    return holds(main_.info, need_of(plans.back(), main_.info, o.kv_dtype));
  }

  bool shrink_context() {
    const auto n_ctx = largest_context(options_.least_ctx);
    if (!n_ctx) return false;
    log(LogLevel::kInfo, "[engine] " + name_ + ": a context of " + std::to_string(options_.n_ctx) +
                             " tokens does not fit the memory; it is " + std::to_string(*n_ctx));
    options_.n_ctx = *n_ctx;
    return true;
  }
  // Shorter than the one asked for.
  std::optional<std::int32_t> largest_context(std::int32_t least) const {
    const std::int32_t first = (least + kContextStep - 1) / kContextStep;
    const auto steps = largest(first, (options_.n_ctx - 1) / kContextStep,
                               [&](std::int32_t n) { return context_fits(n * kContextStep); });
    if (!steps) return std::nullopt;
    return *steps * kContextStep;
  }

  // ---- what is said

  [[noreturn]] void refuse(const Shortage& shortage) const {
    const Need& need = shortage.need;
    std::string what = "[engine] " + name_ + ": needs " + size_text(need.total()) + " on " +
                       shortage.device->detail + ", where " +
                       size_text(shortage.device->memory_free) + " are free: weights " +
                       size_text(need.weights) + ", KV cache for " + tokens_text() + " " +
                       size_text(need.kv) + ", work " + size_text(need.work);
    if (need.reserve > 0) what += ", driver " + size_text(need.reserve);
    std::vector<Remedy> would_fit = remedies(shortage);
    if (would_fit.empty()) what += "; no context and no share of its layers would fit";
    throw SettingError(ErrorCode::kOutOfMemory, what, std::move(would_fit));
  }

  // What the KV cache holds: "4096 tokens", "8 sequences of 4096 tokens".
  std::string tokens_text() const {
    const std::string one = std::to_string(options_.n_ctx) + " tokens";
    if (options_.max_sequences == 1) return one;
    if (options_.kv_tokens > 0) {
      return std::to_string(options_.kv_tokens) + " tokens of " +
             std::to_string(options_.max_sequences) + " sequences";
    }
    return std::to_string(options_.max_sequences) + " sequences of " + one;
  }

  // Of use to the model too: what it was trained for where that fits.
  std::optional<std::int32_t> context_to_suggest() const {
    const std::int32_t trained = model_.params.n_ctx_train;
    if (trained < options_.n_ctx && context_fits(trained)) return trained;
    return largest_context(kContextStep);
  }

  std::vector<Remedy> remedies(const Shortage& shortage) const {
    std::vector<Remedy> out;
    if (const auto n_ctx = context_to_suggest()) {
      out.push_back({Setting::kContext, std::to_string(*n_ctx)});
    }
    if (options_.kv_dtype == DType::kF32) {
      RunnerOptions half = options_;
      half.kv_dtype = DType::kF16;
      if (!this->shortage(half, plan(options_))) out.push_back({Setting::kKvType, "f16"});
    }
    if (shortage.device == &main_.info && !main_.info.is_host) {
      const std::int32_t n = largest(0, on_device(options_) - 1, [&](std::int32_t layers) {
                               return layers == 0 || device_holds(options_, layers);
                             }).value_or(0);
      out.push_back({Setting::kDeviceLayers, std::to_string(n)});
    }
    return out;
  }

  void log_kv(const Plans& plans) const {
    std::int64_t kv = 0;
    std::optional<std::int64_t> most;
    const std::vector<const Place*> all = places(options_);
    for (std::size_t i = 0; i < all.size(); ++i) {
      const Need need = need_of(plans[i], all[i]->info, options_.kv_dtype);
      kv += need.kv;
      if (all[i]->info.memory_total == 0 || need.kv == 0) continue;
      const std::int64_t free = all[i]->info.memory_free - (need.total() - need.kv);
      const auto tokens = static_cast<std::int64_t>(static_cast<double>(free) /
                                                    static_cast<double>(need.kv) * options_.n_ctx);
      most = std::min(most.value_or(tokens), tokens);
    }
    std::string line = name_ + ": the KV cache takes " + size_text(kv) + " for " + tokens_text();
    if (most) line += "; a context of some " + std::to_string(*most) + " would fit";
    log(LogLevel::kInfo, line);
  }

  PlacedModel hand_over(Plans plans) {
    PlacedModel out{.options = options_, .stages = {}};
    const std::vector<const Place*> all = places(options_);
    for (std::size_t i = 0; i < all.size(); ++i) {
      Place& place = all[i] == &main_ ? main_ : rest_;
      out.stages.push_back({place.device, std::move(place.executor), std::move(plans[i])});
    }
    return out;
  }

  const model::Model& model_;
  RunnerOptions options_;
  const std::string& name_;
  Counters& counters_;
  std::int32_t n_layers_;
  Place main_, rest_;  // rest_: no device where all is on the main one
};

}  // namespace

PlacedModel place_model(const model::Model& model, const RunnerOptions& options,
                        backend::Device& device, const std::string& name, Counters& counters) {
  return Fit(model, options, device, name, counters).run();
}

}  // namespace rocmforge::engine
