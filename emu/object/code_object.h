// AMD code objects, versions 4 and 5: an ELF file of one target with kernels in it.
//
// Source: LLVM, "User Guide for AMDGPU Backend": ELF Code Object, Kernel Descriptor, Code Object
// Metadata.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace rocmforge::emu {

struct KernelArgument {
  std::string kind;  // ".value_kind": "by_value", "global_buffer", "hidden_block_count_x", ...
  std::uint32_t offset = 0, bytes = 0;
};

// amdhsa_kernel_descriptor_t and the kernel's metadata.
struct KernelInfo {
  std::string name;
  std::uint64_t descriptor = 0;  // addresses in the object
  std::uint64_t entry = 0;
  std::uint32_t lds_bytes = 0;      // static
  std::uint32_t scratch_bytes = 0;  // a lane
  bool dynamic_scratch = false;
  std::uint32_t argument_bytes = 0;
  std::uint32_t argument_align = 16;
  std::uint32_t rsrc1 = 0, rsrc2 = 0, rsrc3 = 0;
  std::uint16_t properties = 0;  // which registers are set up, wave size
  std::uint32_t n_vgprs = 0, n_sgprs = 0;
  std::uint32_t n_vgpr_spills = 0, n_sgpr_spills = 0;
  std::uint32_t wave_lanes = 0;  // 32 or 64
  std::uint32_t max_group = 0;   // threads a work group
  std::vector<KernelArgument> arguments;
};

struct Segment {  // PT_LOAD
  std::uint64_t address = 0, memory_bytes = 0;
  std::uint64_t file_offset = 0, file_bytes = 0;
  bool executable = false, writable = false;
};

struct Symbol {
  std::string name;
  std::uint64_t address = 0, bytes = 0;
};

struct Relocation {
  enum class Kind : std::uint8_t { kAbsolute64, kRelative64 };  // S + A, B + A
  Kind kind{};
  std::uint64_t address = 0;  // what is to be written
  std::int64_t addend = 0;
  std::string symbol;
};

struct CodeObject {
  std::vector<std::byte> image;    // the file
  std::string target;              // "gfx1100"
  int version = 0;                 // 4 or 5
  std::uint64_t memory_bytes = 0;  // from address 0 to the end of the last segment
  std::vector<Segment> segments;
  std::vector<KernelInfo> kernels;
  std::vector<Symbol> symbols;
  std::vector<Relocation> relocations;
};

// Throws Error{kFormat} or Error{kUnsupported} naming what is wrong; `image` need not be trusted.
// Its size: read_code_object_size(), where only a pointer is given (hipModuleLoadData).
CodeObject read_code_object(std::span<const std::byte> image);
// Bytes of the ELF file that starts at `image`, from its own headers.
std::size_t read_code_object_size(const void* image);

}  // namespace rocmforge::emu
