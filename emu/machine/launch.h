// A dispatch made ready: what the packet processor does between the queue and a wave's first
// instruction.
//
// Source: LLVM, "User Guide for AMDGPU Backend": Initial Kernel Execution State, Kernel Descriptor,
// Code Object V5 Metadata.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "machine/card.h"
#include "machine/machine.h"
#include "machine/wave.h"

namespace rocmforge::emu {

// What registers and LDS hold that no one has set: as numbers of 32 and of 16 bits it is NaN, as an
// address nowhere.
inline constexpr std::uint32_t kPoison = 0xffadfeed;

class Launch {
 public:
  // Error{kInvalidArgument} for what the card would refuse, Error{kUnsupported} or Fault for what
  // is not modelled. `dispatch` stays where it is as long as this lives.
  Launch(const Dispatch& dispatch, const Card& card, Memory& memory);
  ~Launch();
  Launch(const Launch&) = delete;
  Launch& operator=(const Launch&) = delete;

  std::uint64_t n_groups() const { return n_groups_; }
  std::uint32_t lds_bytes() const { return lds_bytes_; }
  // Registers, LDS and scratch of work group `number`, x fastest; reuses what `group` holds.
  void start(Group& group, std::uint64_t number) const;

 private:
  void validate(const Card& card) const;
  void lay_out_arguments();
  void write_packet();
  void set_up_registers();
  void start_wave(Group& group, std::uint32_t index) const;

  const Dispatch& dispatch_;
  const KernelInfo& kernel_;
  Memory& memory_;
  std::uint64_t n_groups_ = 0;
  std::uint32_t n_threads_ = 0;  // a work group
  std::uint32_t lds_bytes_ = 0, scratch_bytes_ = 0;
  std::uint32_t n_vgprs_ = 0;
  std::uint32_t mode_ = 0;
  const Step* entry_ = nullptr;
  std::vector<std::byte> room_;  // of packet and arguments, aligned within
  std::byte* packet_ = nullptr;  // hsa_kernel_dispatch_packet_t
  std::byte* arguments_ = nullptr;
  std::vector<std::uint32_t> scalar_;  // s0 on, before the ids of the work group
};

}  // namespace rocmforge::emu
