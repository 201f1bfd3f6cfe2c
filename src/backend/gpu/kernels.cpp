#include "backend/gpu/kernels.h"

#include <chrono>
#include <cmath>
#include <utility>

#include "base/error.h"
#include "base/log.h"

namespace rocmforge::gpu {
namespace {

constexpr double kWorthTelling = 3;  // seconds

}  // namespace

Kernels::Kernels(ContextPtr context) : context_(std::move(context)) {
  const std::string& target = context_->properties.target;
  for (KernelModule& source : kernel_modules(target)) {
    for (const std::string_view kernel : source.kernels) {
      slot_by_kernel_.emplace(kernel, slots_.size());
    }
    slots_.push_back({.source = std::move(source), .loading = {}, .module = {}});
  }
  if (slots_.empty()) {
    throw Error(ErrorCode::kUnsupported, explain_missing(target, built_targets()));
  }
}

Kernels::Slot& Kernels::slot_of(const std::string& name) {
  const auto at = slot_by_kernel_.find(name);
  if (at == slot_by_kernel_.end()) {
    throw Error(ErrorCode::kInternal, "[gpu] no kernel " + name + " was compiled");
  }
  return slots_[at->second];
}

// Of several images the first that loads: a cubin of a newer CUDA than the driver's is refused, and
// then its PTX serves.
Module Kernels::load(const KernelModule& source) const {
  Api& api = context_->enter();
  for (std::size_t i = 0;; ++i) {
    const std::vector<std::byte> image = decompress(*source.images[i]);
    try {
      return load_module(api, image);
    } catch (const Error& e) {
      if (i + 1 == source.images.size()) throw;
      log(LogLevel::kDebug, std::string("[gpu] ") + std::string(source.name) +
                                ": another image is tried: " + e.what());
    }
  }
}

void Kernels::want(const std::string& name) {
  Slot& slot = slot_of(name);
  if (slot.module || slot.loading.valid()) return;
  // Where the system starts no thread, it is loaded when it is waited for.
  if (slot.source.images.back()->image == Image::kPtx) {
    slot.loading = std::async(std::launch::async | std::launch::deferred,
                              [this, &slot] { return load(slot.source); });
  }
}

void Kernels::wait(Slot& slot) {
  const auto start = std::chrono::steady_clock::now();
  slot.module = slot.loading.valid() ? slot.loading.get() : load(slot.source);
  seconds_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  // A driver assembles PTX for its card once and keeps the result: say why this start was slow.
  if (seconds_ > kWorthTelling && !told_) {
    told_ = true;
    log(LogLevel::kWarn, "[gpu] the driver has taken " + std::to_string(std::lround(seconds_)) +
                             " s so far to prepare kernels for " + context_->properties.target +
                             "; it keeps them, so later starts take less");
  }
}

FunctionHandle Kernels::find(const std::string& name) {
  const auto found = functions_.find(name);
  if (found != functions_.end()) return found->second;
  Slot& slot = slot_of(name);
  if (!slot.module) wait(slot);
  const FunctionHandle function = context_->enter().function(slot.module.get(), name);
  functions_.emplace(name, function);
  return function;
}

std::size_t Kernels::n_loaded() const {
  std::size_t n = 0;
  for (const Slot& slot : slots_) n += slot.module ? 1 : 0;
  return n;
}

}  // namespace rocmforge::gpu
