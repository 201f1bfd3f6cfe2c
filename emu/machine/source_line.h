// From an instruction to the line of source that it was compiled from.
#pragma once

#include <cstdint>
#include <string>

#include "object/code_object.h"

namespace rocmforge::emu {

// "matmul.hip:123" by llvm-symbolizer, the file alone for what comes of no one line; empty where
// the object has no line table, or that program is not installed. Slow: for faults.
std::string source_line(const CodeObject& object, std::uint64_t address);

}  // namespace rocmforge::emu
