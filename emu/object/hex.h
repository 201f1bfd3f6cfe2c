// Addresses, as all messages write them.
#pragma once

#include <cstdint>
#include <string>

namespace rocmforge::emu {

std::string hex(std::uint64_t value);  // "0x1a40"

}  // namespace rocmforge::emu
