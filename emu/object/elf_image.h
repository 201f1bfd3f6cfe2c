// The parts of a code object's ELF file that a loader reads: program headers, what the dynamic
// section names, the note with the metadata. Inside object alone.
#pragma once

#include <elf.h>

#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "object/code_object.h"
#include "object/hex.h"

namespace rocmforge::emu {

[[noreturn]] void fail_format(const std::string& what);
[[noreturn]] void fail_unsupported(const std::string& what);

class ElfImage {
 public:
  // Checks the header and all tables against the image's size.
  explicit ElfImage(std::span<const std::byte> image);

  const Elf64_Ehdr& header() const { return header_; }
  const std::vector<Segment>& segments() const { return segments_; }
  // Where the last segment ends.
  std::uint64_t memory_bytes() const { return memory_bytes_; }
  // What the file has for an address range; `what` is for the message if it has not all of it.
  std::span<const std::byte> at_address(std::uint64_t address, std::uint64_t n,
                                        const std::string& what) const;
  bool is_code(std::uint64_t address) const;
  bool is_memory(std::uint64_t address, std::uint64_t n) const;
  std::span<const std::byte> metadata() const;
  std::vector<Symbol> symbols() const;
  std::vector<Relocation> relocations() const;

 private:
  template <typename T>
  T read(std::uint64_t offset, const std::string& what) const {
    T value;
    const auto bytes = at_offset(offset, sizeof(T), what);
    std::memcpy(&value, bytes.data(), sizeof(T));
    return value;
  }
  std::span<const std::byte> at_offset(std::uint64_t offset, std::uint64_t n,
                                       const std::string& what) const;
  void read_segments();
  void check_sections() const;
  std::optional<std::uint64_t> dynamic(std::int64_t tag) const;
  Elf64_Sym symbol(std::uint64_t index) const;
  std::string symbol_name(const Elf64_Sym& symbol) const;

  std::span<const std::byte> image_;
  Elf64_Ehdr header_{};
  std::vector<Elf64_Phdr> headers_;
  std::vector<Segment> segments_;
  std::vector<Elf64_Dyn> dynamic_;
  std::uint64_t memory_bytes_ = 0;
};

}  // namespace rocmforge::emu
