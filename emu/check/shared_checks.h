// What the checks of one machine's workers share: notes on its programs, and the shadow of global
// memory.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "check/footprint.h"
#include "machine/machine.h"

namespace rocmforge::emu {

class GlobalShadow;

class SharedChecks {
 public:
  SharedChecks();
  ~SharedChecks();

  std::shared_ptr<const Footprints> footprints(const std::shared_ptr<const Program>& program);
  GlobalShadow& global() { return *global_; }

 private:
  std::mutex mutex_;
  std::vector<std::pair<std::weak_ptr<const Program>, std::shared_ptr<const Footprints>>> programs_;
  std::unique_ptr<GlobalShadow> global_;
};

// One watch's hold on the notes of the program that runs.
class Notes {
 public:
  explicit Notes(SharedChecks& shared) : shared_(shared) {}
  void begin(const Dispatch& dispatch) { footprints_ = shared_.footprints(dispatch.program); }
  const Footprint& of(const Step& step) const { return (*footprints_)[step.index]; }

 private:
  SharedChecks& shared_;
  std::shared_ptr<const Footprints> footprints_;
};

}  // namespace rocmforge::emu
