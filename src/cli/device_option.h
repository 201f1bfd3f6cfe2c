// --device: which device a model runs on.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "backend/device.h"
#include "base/counters.h"

namespace rocmforge::cli {

struct DeviceChoice {
  std::string name;  // "cpu", "cuda:0"
  std::function<std::unique_ptr<backend::Device>(Counters&)> make;
};

// In the order to be tried. `option` is cpu, hip, cuda (the first of its devices that this program
// has kernels for), either with a number ("hip:1"), or auto: every usable GPU's best, then the CPU.
// Error{kUsage} for other words; Error{kNotFound} naming what was passed over, and why, when a GPU
// was asked for and there is none.
void check_device_option(const std::string& option);  // for the words alone
std::vector<DeviceChoice> device_choices(const std::string& option, int n_threads);

// The CPU as a device.
std::unique_ptr<backend::Device> cpu_device(int n_threads, Counters& counters);

}  // namespace rocmforge::cli
