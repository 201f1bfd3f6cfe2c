// The CPU as a device: the embedded default, and the reference for every other one.
#pragma once

#include <memory>
#include <string>

#include "backend/cpu/simd/isa.h"
#include "backend/device.h"
#include "base/counters.h"

namespace rocmforge::cpu {

struct Options {
  int n_threads = 0;  // 0: ThreadPool::default_threads()
  Isa isa = best_isa();
};

// `counters` outlives the device.
std::unique_ptr<backend::Device> make_device(const Options& options, Counters& counters);

std::string processor_name();  // "AMD EPYC"; "CPU" where the system does not say

}  // namespace rocmforge::cpu
