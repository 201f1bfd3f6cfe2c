// Works as text and as JSON.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "report/report.h"

namespace rocmforge::emu {

// Some lines about one kernel; `all`: the instructions of the whole run.
std::string to_text(const Work& work, std::uint64_t all);
// A JSON array.
std::string to_json(const std::vector<Work>& works);

}  // namespace rocmforge::emu
