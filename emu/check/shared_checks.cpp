#include "check/shared_checks.h"

#include <algorithm>

#include "check/global_shadow.h"

namespace rocmforge::emu {

SharedChecks::SharedChecks() : global_(std::make_unique<GlobalShadow>()) {}
SharedChecks::~SharedChecks() = default;

std::shared_ptr<const Footprints> SharedChecks::footprints(
    const std::shared_ptr<const Program>& program) {
  const std::scoped_lock lock(mutex_);
  std::erase_if(programs_, [](const auto& known) { return known.first.expired(); });
  for (const auto& [known, footprints] : programs_) {
    if (known.lock() == program) return footprints;
  }
  auto footprints = std::make_shared<Footprints>();
  for (const Step& step : program->steps()) footprints->push_back(footprint_of(step));
  programs_.emplace_back(program, footprints);
  return footprints;
}

}  // namespace rocmforge::emu
