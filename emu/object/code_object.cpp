#include "object/code_object.h"

#include <algorithm>

#include "object/elf_image.h"
#include "object/msgpack.h"

namespace rocmforge::emu {
namespace {

constexpr std::uint32_t kMachGfx1100 = 0x41;  // EF_AMDGPU_MACH_AMDGCN_GFX1100, of e_flags' low byte
constexpr std::uint16_t kUsesDynamicStack = 1U << 11;  // of the descriptor's properties

// amdhsa_kernel_descriptor_t, 64 bytes.
struct Descriptor {
  std::uint32_t lds_bytes, scratch_bytes, argument_bytes, reserved0;
  std::int64_t entry_offset;  // from the descriptor itself
  std::uint8_t reserved1[20];
  std::uint32_t rsrc3, rsrc1, rsrc2;
  std::uint16_t properties, preload;
  std::uint32_t reserved2;
};
static_assert(sizeof(Descriptor) == 64);

// "amdgcn-amd-amdhsa--gfx90a:xnack-" -> "gfx90a"
std::string processor_of(const std::string& triple) {
  const std::string opening = "amdgcn-amd-amdhsa--";
  if (!triple.starts_with(opening)) fail_format("its target is \"" + triple + "\"");
  return triple.substr(opening.size(), triple.find(':') - opening.size());
}

std::uint32_t number_at(const MsgpackValue& map, const std::string& key, const std::string& what) {
  const MsgpackValue* value = map.find(key);
  if (value == nullptr || value->kind != MsgpackValue::Kind::kInt || value->number < 0 ||
      value->number > UINT32_MAX) {
    fail_format(what + ": no number " + key);
  }
  return static_cast<std::uint32_t>(value->number);
}

std::string text_at(const MsgpackValue& map, const std::string& key, const std::string& what) {
  const MsgpackValue* value = map.find(key);
  if (value == nullptr || value->kind != MsgpackValue::Kind::kText) {
    fail_format(what + ": no text " + key);
  }
  return value->text;
}

void read_arguments(const MsgpackValue& metadata, const std::string& what, KernelInfo& kernel) {
  const MsgpackValue* arguments = metadata.find(".args");
  if (arguments == nullptr) return;
  for (const MsgpackValue& from : arguments->list) {
    const KernelArgument argument{.kind = text_at(from, ".value_kind", what),
                                  .offset = number_at(from, ".offset", what),
                                  .bytes = number_at(from, ".size", what)};
    if (std::uint64_t{argument.offset} + argument.bytes > kernel.argument_bytes) {
      fail_format(what + ": the argument at " + std::to_string(argument.offset) +
                  " ends past them all (" + std::to_string(kernel.argument_bytes) + " bytes)");
    }
    kernel.arguments.push_back(argument);
  }
}

void read_descriptor(const ElfImage& elf, const std::string& what, KernelInfo& kernel) {
  Descriptor from;
  std::memcpy(&from, elf.at_address(kernel.descriptor, sizeof from, what + ": descriptor").data(),
              sizeof from);
  if (from.lds_bytes != kernel.lds_bytes || from.scratch_bytes != kernel.scratch_bytes ||
      from.argument_bytes != kernel.argument_bytes) {
    fail_format(what + ": the descriptor and the metadata do not agree");
  }
  kernel.rsrc1 = from.rsrc1;
  kernel.rsrc2 = from.rsrc2;
  kernel.rsrc3 = from.rsrc3;
  kernel.properties = from.properties;
  kernel.dynamic_scratch |= (from.properties & kUsesDynamicStack) != 0;
  kernel.entry = kernel.descriptor + static_cast<std::uint64_t>(from.entry_offset);
  if (kernel.entry % 4 != 0 || !elf.is_code(kernel.entry)) {
    fail_format(what + ": its entry " + hex(kernel.entry) + " is no code");
  }
}

KernelInfo read_kernel(const ElfImage& elf, const MsgpackValue& metadata,
                       const std::vector<Symbol>& symbols) {
  KernelInfo kernel;
  kernel.name = text_at(metadata, ".name", "a kernel");
  const std::string& what = kernel.name;
  kernel.lds_bytes = number_at(metadata, ".group_segment_fixed_size", what);
  kernel.scratch_bytes = number_at(metadata, ".private_segment_fixed_size", what);
  kernel.argument_bytes = number_at(metadata, ".kernarg_segment_size", what);
  kernel.argument_align = number_at(metadata, ".kernarg_segment_align", what);
  kernel.n_vgprs = number_at(metadata, ".vgpr_count", what);
  kernel.n_sgprs = number_at(metadata, ".sgpr_count", what);
  kernel.n_vgpr_spills = number_at(metadata, ".vgpr_spill_count", what);
  kernel.n_sgpr_spills = number_at(metadata, ".sgpr_spill_count", what);
  kernel.wave_lanes = number_at(metadata, ".wavefront_size", what);
  kernel.max_group = number_at(metadata, ".max_flat_workgroup_size", what);
  const MsgpackValue* dynamic = metadata.find(".uses_dynamic_stack");
  kernel.dynamic_scratch = dynamic != nullptr && dynamic->number != 0;
  read_arguments(metadata, what, kernel);

  const std::string name = text_at(metadata, ".symbol", what);
  const auto symbol = std::find_if(symbols.begin(), symbols.end(),
                                   [&](const Symbol& one) { return one.name == name; });
  if (symbol == symbols.end()) fail_format(what + ": no symbol " + name);
  kernel.descriptor = symbol->address;
  read_descriptor(elf, what, kernel);
  return kernel;
}

}  // namespace

CodeObject read_code_object(std::span<const std::byte> image) {
  const ElfImage elf(image);
  CodeObject object;
  const int abi = elf.header().e_ident[EI_ABIVERSION];
  object.version = abi + 2;
  if (object.version != 4 && object.version != 5) {
    fail_unsupported("version " + std::to_string(object.version) + "; 4 and 5 are read");
  }
  object.segments = elf.segments();
  object.memory_bytes = elf.memory_bytes();
  object.symbols = elf.symbols();
  object.relocations = elf.relocations();

  const MsgpackValue metadata = read_msgpack(elf.metadata());
  object.target = processor_of(text_at(metadata, "amdhsa.target", "metadata"));
  if ((object.target == "gfx1100") != ((elf.header().e_flags & 0xff) == kMachGfx1100)) {
    fail_format("its header is of another processor than its metadata (" + object.target + ")");
  }
  if (const MsgpackValue* kernels = metadata.find("amdhsa.kernels")) {
    for (const MsgpackValue& kernel : kernels->list) {
      object.kernels.push_back(read_kernel(elf, kernel, object.symbols));
    }
  }
  object.image.assign(image.begin(), image.end());
  return object;
}

}  // namespace rocmforge::emu
