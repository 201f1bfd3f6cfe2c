// What the fake driver's kernels do: see fake_control.h.
#pragma once

#include <functional>
#include <string>

#include "gpu_driver/fake_core.h"

namespace rocmforge::test::fake {

using Command = std::function<bool()>;  // false: not yet

// A launch's work; empty where its arguments are no such kernel's. `computes`: the kernel "probe"
// does.
Command work_of(const std::string& kernel, bool computes, const Launch& shape, void** args);
// Where a matmul's first result goes.
void* result_of_matmul(void** args);

}  // namespace rocmforge::test::fake
