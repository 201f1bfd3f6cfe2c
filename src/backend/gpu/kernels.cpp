#include "backend/gpu/kernels.h"

#include <array>
#include <chrono>
#include <cmath>
#include <optional>
#include <string_view>
#include <utility>

#include "backend/gpu/code_objects.h"
#include "base/error.h"
#include "base/log.h"

namespace rocmforge::gpu {
namespace {

// Targets whose code runs on one another's cards: they differ in cache and unit counts alone, as
// far as our kernels use them. Source: LLVM, "User Guide for AMDGPU Backend", generic targets.
struct Family {
  std::string_view prefix;    // of the targets
  std::string_view override;  // HSA_OVERRIDE_GFX_VERSION's form for "prefix" + last digit
};
constexpr std::array kFamilies = {Family{"gfx103", "10.3."}, Family{"gfx110", "11.0."},
                                  Family{"gfx115", "11.5."}, Family{"gfx120", "12.0."}};

std::optional<std::string> override_for(std::string_view target,
                                        std::span<const std::string_view> built) {
  for (const Family& family : kFamilies) {
    if (!target.starts_with(family.prefix)) continue;
    for (const std::string_view other : built) {
      if (other != target && other.size() == family.prefix.size() + 1 &&
          other.starts_with(family.prefix)) {
        return std::string(family.override) + std::string(1, other.back());
      }
    }
  }
  return std::nullopt;
}

constexpr double kWorthTelling = 3;  // seconds

Module load(const Context& context) {
  const std::string& target = context.properties.target;
  const std::optional<CodeObject> object = find_code_object(target);
  if (!object) {
    const std::vector<std::string_view> built = list_code_objects();
    throw Error(ErrorCode::kUnsupported,
                explain_missing(target, built, missing_code_object(target)));
  }
  const auto start = std::chrono::steady_clock::now();
  Module module = load_module(context.enter(), object->bytes);
  // A driver assembles PTX for its card once and keeps the result: say why this start was slow.
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  if (seconds > kWorthTelling) {
    log(LogLevel::kWarn, "[gpu] the driver took " + std::to_string(std::lround(seconds)) +
                             " s to prepare the kernels for " + target +
                             "; it keeps them, so later starts take less");
  }
  return module;
}

}  // namespace

std::string explain_missing(const std::string& target, std::span<const std::string_view> built,
                            const std::string& missing) {
  const std::optional<std::string> version = override_for(target, built);
  if (!version) return missing;
  return missing + "; or set HSA_OVERRIDE_GFX_VERSION=" + *version +
         " to run the kernels of a near relative";
}

Kernels::Kernels(ContextPtr context) : context_(std::move(context)), module_(load(*context_)) {}

FunctionHandle Kernels::find(const std::string& name) {
  const auto found = functions_.find(name);
  if (found != functions_.end()) return found->second;
  const FunctionHandle function = context_->enter().function(module_.get(), name);
  functions_.emplace(name, function);
  return function;
}

}  // namespace rocmforge::gpu
