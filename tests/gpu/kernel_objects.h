// The code objects that tests read: those of one target of each AMD family, as the compiler left
// them.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "object/code_object.h"

namespace rocmforge::gputest {

// Paths of the objects of each target.
const std::map<std::string, std::vector<std::string>>& objects();

struct Kernel : emu::KernelInfo {
  std::string object;  // path
};
// Of all modules of a target.
const std::vector<Kernel>& kernels_of(const std::string& target);

}  // namespace rocmforge::gputest
