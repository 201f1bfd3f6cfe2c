// The embedded kernels on one device: a module is loaded when the first of its kernels is wanted.
#pragma once

#include <future>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "backend/gpu/code_objects.h"
#include "backend/gpu/context.h"

namespace rocmforge::gpu {

// For one thread at a time.
class Kernels {
 public:
  // Error{kUnsupported} when the program holds no kernels for the device's target, naming the build
  // command and, where a built relative could serve, what would select it.
  explicit Kernels(ContextPtr context);

  // It will be asked for: where its module takes the driver seconds (PTX), loading begins in a
  // thread of its own. Error{kInternal} when no module has it.
  void want(const std::string& name);
  // Loads its module, or waits for it. Error{kDevice} when it does not load.
  FunctionHandle find(const std::string& name);

  std::size_t n_modules() const { return slots_.size(); }
  std::size_t n_loaded() const;  // of those, waited for

 private:
  struct Slot {
    KernelModule source;
    std::future<Module> loading;
    Module module;
  };

  Slot& slot_of(const std::string& name);
  Module load(const KernelModule& source) const;
  void wait(Slot& slot);

  ContextPtr context_;
  std::vector<Slot> slots_;
  std::map<std::string_view, std::size_t> slot_by_kernel_;
  std::map<std::string, FunctionHandle> functions_;
  double seconds_ = 0;  // waited for modules
  bool told_ = false;
};

}  // namespace rocmforge::gpu
