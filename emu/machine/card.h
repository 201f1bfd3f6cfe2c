// The card that is presented.
#pragma once

#include <cstdint>
#include <string>

namespace rocmforge::emu {

// "RX 7900 XT" unless said otherwise. AMD, "RDNA3 Instruction Set Architecture" and the card's data
// sheet: 84 compute units in 42 WGPs, 20 GB of 320-bit GDDR6 at 20 Gbit/s, 6 MB of L2.
struct Card {
  std::string name = "AMD Radeon RX 7900 XT (emulated)";
  std::string target = "gfx1100";
  std::uint32_t units = 84;  // compute units; HIP tells WGPs on RDNA: half of them
  std::uint64_t memory_bytes = std::uint64_t{20} << 30;
  std::uint32_t clock_mhz = 2400;
  std::uint32_t memory_clock_mhz = 1250;
  std::uint32_t bus_bits = 320;
  std::uint32_t l2_bytes = 6U << 20;
  std::uint32_t lds_bytes = 64U << 10;  // a work group
  std::uint32_t max_group = 1024;       // threads
};

// "" is the default; else comma-separated: a name ("7900xt", "7900xtx", "8060s"), then any of
// "units=8", "memory=512M". Throws Error{kUsage}.
Card parse_card(const std::string& text);

}  // namespace rocmforge::emu
