#include "machine/program.h"

#include <algorithm>
#include <cstring>
#include <set>

#include "base/check.h"
#include "base/error.h"
#include "isa/decode.h"
#include "machine/fault.h"
#include "machine/machine.h"
#include "machine/wave.h"

namespace rocmforge::emu {
namespace {

constexpr std::uint64_t kWord = 4;  // bytes

[[noreturn]] void refuse(ErrorCode code, const std::string& what) {
  throw Error(code, "[emu] code object: " + what);
}

// A word that is no known instruction, or one that nothing here carries out: says which when a wave
// comes to it. What is never reached does no harm.
void run_unknown(Wave& wave, const Step& step) {
  if (step.inst.opcode != nullptr) {
    throw Fault(FaultKind::kUnknownInstruction, mnemonic(step.inst) + " is not modelled");
  }
  const Program& program = *wave.group->dispatch->program;
  try {
    decode(program.words_at(step.inst.address, 4), step.inst.address);
  } catch (const DecodeError& error) {  // says words and address
    throw Fault(FaultKind::kUnknownInstruction, error.what());
  }
  throw Fault(FaultKind::kUnknownInstruction, "an instruction that another function cuts short");
}

void run_end_of_code(Wave&, const Step&) {
  throw Fault(FaultKind::kUnknownInstruction, "the kernel runs past the end of the code");
}

std::uint16_t end_of_vectors(const Inst& inst) {
  int end = 0;
  const Operation* const halves[] = {&inst, &inst.second};
  for (const Operation* half : halves) {
    const Operand* const operands[] = {&half->dst, &half->dst2, &half->src[0], &half->src[1],
                                       &half->src[2]};
    for (const Operand* operand : operands) {
      if (operand->is_vgpr()) end = std::max(end, operand->index + operand->n);
    }
  }
  return static_cast<std::uint16_t>(end);
}

bool branches(const Inst& inst) {
  const std::string_view name = inst.opcode->name;
  return name == "s_branch" || name == "s_call_b64" || name.starts_with("s_cbranch_");
}

std::uint64_t value_of(const CodeObject& object, const Relocation& relocation, std::uint64_t base) {
  const auto addend = static_cast<std::uint64_t>(relocation.addend);
  if (relocation.kind == Relocation::Kind::kRelative64) return base + addend;
  for (const Symbol& symbol : object.symbols) {
    if (symbol.name == relocation.symbol) return base + symbol.address + addend;
  }
  refuse(ErrorCode::kUnsupported, "symbol " + relocation.symbol + " is not defined in it");
}

}  // namespace

Program::Program(CodeObject object, Memory& memory) : object_(std::move(object)), memory_(memory) {
  base_ = memory_.allocate(object_.memory_bytes);
  if (base_ == 0) {
    refuse(ErrorCode::kOutOfMemory,
           "no room for its " + std::to_string(object_.memory_bytes) + " bytes");
  }
  try {
    load();
    decode_text();
  } catch (...) {
    memory_.release(base_);
    throw;
  }
}

Program::~Program() {
  memory_.release(base_);
}

void Program::load() {
  auto* const at = reinterpret_cast<std::byte*>(base_);
  const auto within = [](std::uint64_t begin, std::uint64_t bytes, std::uint64_t end) {
    return begin <= end && bytes <= end - begin;
  };
  std::memset(at, 0, object_.memory_bytes);
  for (const Segment& segment : object_.segments) {
    if (!within(segment.address, segment.memory_bytes, object_.memory_bytes) ||
        !within(segment.file_offset, segment.file_bytes, object_.image.size()) ||
        segment.file_bytes > segment.memory_bytes) {
      refuse(ErrorCode::kFormat, "a segment at " + hex(segment.address) + " that lies outside");
    }
    if (segment.file_bytes == 0) continue;
    std::memcpy(at + segment.address, object_.image.data() + segment.file_offset,
                segment.file_bytes);
  }
  for (const Relocation& relocation : object_.relocations) {
    if (!within(relocation.address, sizeof(std::uint64_t), object_.memory_bytes)) {
      refuse(ErrorCode::kFormat, "a relocation at " + hex(relocation.address) + ", outside");
    }
    const std::uint64_t value = value_of(object_, relocation, base_);
    std::memcpy(at + relocation.address, &value, sizeof(value));
  }
}

void Program::decode_text() {
  std::vector<const Segment*> texts;
  for (const Segment& segment : object_.segments) {
    if (segment.executable && segment.file_bytes >= kWord) texts.push_back(&segment);
  }
  if (texts.empty()) refuse(ErrorCode::kFormat, "no code in it");
  std::sort(texts.begin(), texts.end(),
            [](const Segment* a, const Segment* b) { return a->address < b->address; });
  text_begin_ = texts.front()->address;
  text_end_ = texts.back()->address + texts.back()->file_bytes / kWord * kWord;
  // No instruction reaches over the start of a function: after data that is no code, the
  // instructions are in step again there.
  std::set<std::uint64_t> starts;
  for (const KernelInfo& kernel : object_.kernels) starts.insert(kernel.entry);
  for (const Symbol& symbol : object_.symbols) starts.insert(symbol.address);

  step_of_word_.assign((text_end_ - text_begin_) / kWord, -1);
  for (const Segment* text : texts) {
    const std::uint64_t end = text->address + text->file_bytes / kWord * kWord;
    for (std::uint64_t address = text->address; address < end;) {
      const auto next = starts.upper_bound(address);
      const std::uint64_t limit = next == starts.end() ? end : std::min(end, *next);
      step_of_word_[(address - text_begin_) / kWord] = static_cast<std::int32_t>(steps_.size());
      address += append(address, limit);
    }
    Step after;
    after.inst.address = end;
    after.run = &run_end_of_code;
    steps_.push_back(after);
  }
  for (std::size_t i = 0; i < steps_.size(); ++i) {
    Step& step = steps_[i];
    step.index = static_cast<std::uint32_t>(i);
    if (step.inst.opcode == nullptr || !branches(step.inst)) continue;
    const std::uint64_t to = step.inst.address + step.inst.size +
                             static_cast<std::uint64_t>(std::int64_t{step.inst.immediate} * 4);
    const Step* const target = at_object_address(to);
    if (target != nullptr) step.target = static_cast<std::int32_t>(target - steps_.data());
  }
}

// The step at `address`, whose words end at `limit` at the latest; returns its bytes.
std::uint64_t Program::append(std::uint64_t address, std::uint64_t limit) {
  constexpr std::uint64_t kMostWords = 8;
  Step step;
  try {
    step.inst = decode(words_at(address, std::min(kMostWords, (limit - address) / kWord)), address);
    step.run = find_handler(step.inst);
    if (step.run == nullptr) step.run = &run_unknown;
    step.v_end = end_of_vectors(step.inst);
  } catch (const DecodeError&) {
    step.inst = Inst{};
    step.run = &run_unknown;
  }
  if (step.inst.size == 0) step.inst.size = kWord;
  step.inst.address = address;
  steps_.push_back(step);
  return step.inst.size;
}

std::span<const std::uint32_t> Program::words_at(std::uint64_t address, std::uint64_t n) const {
  check(address % kWord == 0 && address < object_.memory_bytes, "words of a code object outside");
  const std::uint64_t room = (object_.memory_bytes - address) / kWord;
  return {reinterpret_cast<const std::uint32_t*>(base_ + address), std::min(n, room)};
}

const KernelInfo* Program::kernel(const std::string& name) const {
  for (const KernelInfo& kernel : object_.kernels) {
    if (kernel.name == name) return &kernel;
  }
  return nullptr;
}

const Step* Program::at_object_address(std::uint64_t address) const {
  if (address < text_begin_ || address >= text_end_ || address % kWord != 0) return nullptr;
  const std::int32_t index = step_of_word_[(address - text_begin_) / kWord];
  return index < 0 ? nullptr : &steps_[static_cast<std::size_t>(index)];
}

const Step* Program::at_memory_address(std::uint64_t address) const {
  return at_object_address(address - base_);  // below the base: far beyond the text
}

}  // namespace rocmforge::emu
