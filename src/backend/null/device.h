// A device that executes nothing and records everything: for tests of what the engine asks for.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "backend/device.h"
#include "base/counters.h"

namespace rocmforge::null {

// One line a call, in order: "allocate 4096", "bind_weights 62", "compile llama.body 8 rows",
// "run 3 rows 5", "read ...", "wait".
struct Record {
  std::vector<std::string> calls;
};

// `counters` and `record` outlive the device. Reads give zeros.
std::unique_ptr<backend::Device> make_device(Counters& counters, Record& record);

}  // namespace rocmforge::null
