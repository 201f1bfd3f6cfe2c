// A code object in the card's memory, decoded once: what waves step through.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "isa/inst.h"
#include "machine/memory.h"
#include "object/code_object.h"

namespace rocmforge::emu {

struct Wave;
struct Step;
// Does the instruction: reads and writes the wave, and only that, LDS and memory. `wave.pc` is
// already behind it.
using Handler = void (*)(Wave& wave, const Step& step);

struct Step {
  Inst inst;  // of unknown words: no opcode, but address and size
  Handler run = nullptr;
  std::uint32_t index = 0;   // in its program: counters go by it
  std::uint16_t v_end = 0;   // one past the highest vector register that it names
  std::int32_t target = -1;  // direct branches: the index of the step they go to
};

// The handler of an instruction, or null: one row a mnemonic in each of machine/exec/*.cpp. A dual
// instruction has one for both halves.
Handler find_handler(const Inst& inst);

class Program {
 public:
  // Loads the object into `memory`, relocates it there and decodes its executable segments. An
  // instruction that is not known becomes a step that faults when it is reached, with its words.
  Program(CodeObject object, Memory& memory);
  ~Program();
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  const CodeObject& object() const { return object_; }
  const KernelInfo* kernel(const std::string& name) const;  // null: none of that name
  std::span<const Step> steps() const { return steps_; }
  // The step at an address of the object, or of the card's memory; null between instructions.
  const Step* at_object_address(std::uint64_t address) const;
  const Step* at_memory_address(std::uint64_t address) const;
  std::uint64_t base() const { return base_; }  // memory address of object address 0
  // Up to `n` words at an address of the object, as loaded.
  std::span<const std::uint32_t> words_at(std::uint64_t address, std::uint64_t n) const;

 private:
  void load();
  void decode_text();
  std::uint64_t append(std::uint64_t address, std::uint64_t limit);

  CodeObject object_;
  Memory& memory_;
  std::uint64_t base_ = 0;
  std::uint64_t text_begin_ = 0, text_end_ = 0;  // object addresses
  std::vector<Step> steps_;
  std::vector<std::int32_t> step_of_word_;  // from text_begin_, in words; -1: none starts there
};

}  // namespace rocmforge::emu
