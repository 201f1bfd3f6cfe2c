#include "object/elf_image.h"

#include <algorithm>
#include <cstdio>

#include "base/error.h"

namespace rocmforge::emu {
namespace {

constexpr std::uint16_t kMachineAmdGpu = 224;  // EM_AMDGPU
constexpr std::uint8_t kOsAmdHsa = 64;         // ELFOSABI_AMDGPU_HSA
constexpr std::uint32_t kMetadataNote = 32;    // NT_AMDGPU_METADATA
constexpr std::uint32_t kAbsolute64 = 3, kRelative64 = 13;
// Far more than any kernel has; a hostile object shall not make us reserve more.
constexpr std::uint64_t kMaxMemory = std::uint64_t{1} << 30;

// The checks of the header that need nothing but the header.
void check_header(const Elf64_Ehdr& header) {
  if (std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0) fail_format("not an ELF file");
  if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_ident[EI_DATA] != ELFDATA2LSB ||
      header.e_ident[EI_VERSION] != EV_CURRENT || header.e_version != EV_CURRENT) {
    fail_format("not a little-endian ELF file of 64 bits");
  }
  if (header.e_machine != kMachineAmdGpu || header.e_ident[EI_OSABI] != kOsAmdHsa) {
    fail_unsupported("an ELF file for another machine (" + std::to_string(header.e_machine) + ")");
  }
  if (header.e_type != ET_DYN) fail_unsupported("not linked: its ELF type is not DYN");
  if (header.e_ehsize != sizeof(Elf64_Ehdr) || header.e_phentsize != sizeof(Elf64_Phdr) ||
      (header.e_shnum != 0 && header.e_shentsize != sizeof(Elf64_Shdr))) {
    fail_format("its headers have other sizes than ELF's");
  }
}

std::uint64_t end_of(std::uint64_t offset, std::uint64_t n, const char* what) {
  if (offset > UINT64_MAX - n) fail_format(std::string(what) + " wraps around");
  return offset + n;
}

}  // namespace

void fail_format(const std::string& what) {
  throw Error(ErrorCode::kFormat, "[emu] code object: " + what);
}

void fail_unsupported(const std::string& what) {
  throw Error(ErrorCode::kUnsupported, "[emu] code object: " + what);
}

std::string hex(std::uint64_t value) {
  char text[24];
  std::snprintf(text, sizeof text, "0x%llx", static_cast<unsigned long long>(value));
  return text;
}

ElfImage::ElfImage(std::span<const std::byte> image) : image_(image) {
  header_ = read<Elf64_Ehdr>(0, "the ELF header");
  check_header(header_);
  for (std::uint64_t i = 0; i < header_.e_phnum; ++i) {
    const std::uint64_t at = end_of(header_.e_phoff, i * sizeof(Elf64_Phdr), "the program headers");
    headers_.push_back(read<Elf64_Phdr>(at, "a program header"));
  }
  check_sections();
  read_segments();
  for (const Elf64_Phdr& header : headers_) {
    if (header.p_type != PT_DYNAMIC) continue;
    const auto bytes = at_address(header.p_vaddr, header.p_filesz, "the dynamic section");
    for (std::size_t at = 0; at + sizeof(Elf64_Dyn) <= bytes.size(); at += sizeof(Elf64_Dyn)) {
      Elf64_Dyn entry;
      std::memcpy(&entry, bytes.data() + at, sizeof entry);
      if (entry.d_tag == DT_NULL) break;
      dynamic_.push_back(entry);
    }
  }
}

std::span<const std::byte> ElfImage::at_offset(std::uint64_t offset, std::uint64_t n,
                                               const std::string& what) const {
  if (offset > image_.size() || n > image_.size() - offset) {
    fail_format(what + " (" + std::to_string(n) + " bytes at " + std::to_string(offset) +
                ") ends past the file's end (" + std::to_string(image_.size()) + ")");
  }
  return image_.subspan(static_cast<std::size_t>(offset), static_cast<std::size_t>(n));
}

// Sections are of no use to a loader, but a file that ends before them is not whole.
void ElfImage::check_sections() const {
  for (std::uint64_t i = 0; i < header_.e_shnum; ++i) {
    const std::uint64_t at = end_of(header_.e_shoff, i * sizeof(Elf64_Shdr), "the sections");
    const auto section = read<Elf64_Shdr>(at, "a section's header");
    if (section.sh_type == SHT_NOBITS || section.sh_type == SHT_NULL) continue;
    at_offset(section.sh_offset, section.sh_size, "section " + std::to_string(i));
  }
}

void ElfImage::read_segments() {
  for (const Elf64_Phdr& header : headers_) {
    if (header.p_type != PT_LOAD) continue;
    const std::string what = "the segment at " + hex(header.p_vaddr);
    at_offset(header.p_offset, header.p_filesz, what);
    if (header.p_memsz < header.p_filesz) fail_format(what + " has less memory than file");
    if (header.p_vaddr < memory_bytes_) fail_format(what + " overlaps the one before it");
    if (header.p_vaddr > kMaxMemory || header.p_memsz > kMaxMemory - header.p_vaddr) {
      fail_format(what + " ends past 1 GiB");
    }
    memory_bytes_ = header.p_vaddr + header.p_memsz;
    segments_.push_back({.address = header.p_vaddr,
                         .memory_bytes = header.p_memsz,
                         .file_offset = header.p_offset,
                         .file_bytes = header.p_filesz,
                         .executable = (header.p_flags & PF_X) != 0,
                         .writable = (header.p_flags & PF_W) != 0});
  }
  if (segments_.empty()) fail_format("no segment to load");
}

std::span<const std::byte> ElfImage::at_address(std::uint64_t address, std::uint64_t n,
                                                const std::string& what) const {
  for (const Segment& segment : segments_) {
    if (address < segment.address) continue;
    const std::uint64_t into = address - segment.address;
    if (into > segment.file_bytes || n > segment.file_bytes - into) continue;
    return at_offset(segment.file_offset + into, n, what);
  }
  fail_format(what + " (" + std::to_string(n) + " bytes at " + hex(address) +
              ") lies in no segment");
}

bool ElfImage::is_memory(std::uint64_t address, std::uint64_t n) const {
  return std::any_of(segments_.begin(), segments_.end(), [&](const Segment& segment) {
    return address >= segment.address && address - segment.address <= segment.memory_bytes &&
           n <= segment.memory_bytes - (address - segment.address);
  });
}

bool ElfImage::is_code(std::uint64_t address) const {
  return std::any_of(segments_.begin(), segments_.end(), [&](const Segment& segment) {
    return segment.executable && address >= segment.address &&
           address - segment.address < segment.file_bytes;
  });
}

std::span<const std::byte> ElfImage::metadata() const {
  for (const Elf64_Phdr& header : headers_) {
    if (header.p_type != PT_NOTE) continue;
    std::span<const std::byte> rest = at_offset(header.p_offset, header.p_filesz, "the notes");
    // Names and descriptions are padded to four bytes, the last one's maybe not.
    while (rest.size() >= sizeof(Elf64_Nhdr)) {
      Elf64_Nhdr note;
      std::memcpy(&note, rest.data(), sizeof note);
      rest = rest.subspan(sizeof note);
      const std::uint64_t name = (std::uint64_t{note.n_namesz} + 3) / 4 * 4;
      if (name > rest.size() || note.n_descsz > rest.size() - name) fail_format("a note cut short");
      const bool is_amd = note.n_namesz == 7 && std::memcmp(rest.data(), "AMDGPU", 7) == 0;
      rest = rest.subspan(static_cast<std::size_t>(name));
      if (is_amd && note.n_type == kMetadataNote) return rest.first(note.n_descsz);
      const std::uint64_t description = (std::uint64_t{note.n_descsz} + 3) / 4 * 4;
      rest =
          rest.subspan(static_cast<std::size_t>(std::min<std::uint64_t>(description, rest.size())));
    }
  }
  fail_format("no note with metadata");
}

std::optional<std::uint64_t> ElfImage::dynamic(std::int64_t tag) const {
  for (const Elf64_Dyn& entry : dynamic_) {
    if (entry.d_tag == tag) return entry.d_un.d_val;
  }
  return std::nullopt;
}

Elf64_Sym ElfImage::symbol(std::uint64_t index) const {
  const auto table = dynamic(DT_SYMTAB);
  if (!table) fail_format("no table of symbols");
  if (dynamic(DT_SYMENT).value_or(sizeof(Elf64_Sym)) != sizeof(Elf64_Sym)) {
    fail_format("its symbols have another size than ELF's");
  }
  const std::uint64_t at = end_of(*table, index * sizeof(Elf64_Sym), "the table of symbols");
  const auto bytes = at_address(at, sizeof(Elf64_Sym), "symbol " + std::to_string(index));
  Elf64_Sym symbol;
  std::memcpy(&symbol, bytes.data(), sizeof symbol);
  return symbol;
}

std::string ElfImage::symbol_name(const Elf64_Sym& symbol) const {
  const auto table = dynamic(DT_STRTAB), size = dynamic(DT_STRSZ);
  if (!table || !size) fail_format("no table of names");
  const auto names = at_address(*table, *size, "the table of names");
  if (symbol.st_name >= names.size()) fail_format("a name past the end of the table of names");
  const auto* text = reinterpret_cast<const char*>(names.data()) + symbol.st_name;
  const std::size_t n = ::strnlen(text, names.size() - symbol.st_name);
  if (n == names.size() - symbol.st_name) fail_format("a name without an end");
  return {text, n};
}

std::vector<Symbol> ElfImage::symbols() const {
  const auto hash = dynamic(DT_HASH);
  if (!hash) fail_unsupported("no DT_HASH, which counts the symbols");
  std::uint32_t counts[2];  // buckets, chains; there are as many chains as symbols
  std::memcpy(counts, at_address(*hash, sizeof counts, "the hash table").data(), sizeof counts);
  std::vector<Symbol> out;
  for (std::uint64_t i = 1; i < counts[1]; ++i) {
    const Elf64_Sym entry = symbol(i);
    if (entry.st_shndx == SHN_UNDEF) continue;
    const std::string name = symbol_name(entry);
    if (!is_memory(entry.st_value, entry.st_size)) fail_format(name + " lies in no segment");
    out.push_back({.name = name, .address = entry.st_value, .bytes = entry.st_size});
  }
  return out;
}

std::vector<Relocation> ElfImage::relocations() const {
  if (dynamic(DT_REL).has_value() || dynamic(DT_JMPREL).has_value()) {
    fail_unsupported("relocations without addends, or of procedures");
  }
  const auto table = dynamic(DT_RELA);
  if (!table) return {};
  if (dynamic(DT_RELAENT).value_or(sizeof(Elf64_Rela)) != sizeof(Elf64_Rela)) {
    fail_format("its relocations have another size than ELF's");
  }
  const auto bytes = at_address(*table, dynamic(DT_RELASZ).value_or(0), "the relocations");
  std::vector<Relocation> out;
  for (std::size_t at = 0; at + sizeof(Elf64_Rela) <= bytes.size(); at += sizeof(Elf64_Rela)) {
    Elf64_Rela entry;
    std::memcpy(&entry, bytes.data() + at, sizeof entry);
    Relocation relocation{.address = entry.r_offset, .addend = entry.r_addend, .symbol = {}};
    const std::string what = "the relocation of " + hex(entry.r_offset);
    if (!is_memory(entry.r_offset, 8)) fail_format(what + " lies in no segment");
    switch (ELF64_R_TYPE(entry.r_info)) {
      case kRelative64:
        relocation.kind = Relocation::Kind::kRelative64;
        break;
      case kAbsolute64: {
        relocation.kind = Relocation::Kind::kAbsolute64;
        const Elf64_Sym target = symbol(ELF64_R_SYM(entry.r_info));
        relocation.symbol = symbol_name(target);
        if (target.st_shndx == SHN_UNDEF) {
          fail_unsupported(what + ": " + relocation.symbol + " is not in the object");
        }
        break;
      }
      default:
        fail_unsupported(what + " is of type " + std::to_string(ELF64_R_TYPE(entry.r_info)));
    }
    out.push_back(std::move(relocation));
  }
  return out;
}

std::size_t read_code_object_size(const void* image) {
  const auto* bytes = static_cast<const std::byte*>(image);
  Elf64_Ehdr header;
  std::memcpy(&header, bytes, sizeof header);
  check_header(header);
  std::uint64_t end = sizeof header;
  const auto reach = [&end](std::uint64_t offset, std::uint64_t n, const char* what) {
    end = std::max(end, end_of(offset, n, what));
    if (end > kMaxMemory) fail_format(std::string(what) + " ends past 1 GiB");
  };
  reach(header.e_phoff, header.e_phnum * sizeof(Elf64_Phdr), "the program headers");
  reach(header.e_shoff, header.e_shnum * sizeof(Elf64_Shdr), "the section headers");
  for (std::uint64_t i = 0; i < header.e_phnum; ++i) {
    Elf64_Phdr segment;
    std::memcpy(&segment, bytes + header.e_phoff + i * sizeof segment, sizeof segment);
    reach(segment.p_offset, segment.p_filesz, "a segment");
  }
  for (std::uint64_t i = 0; i < header.e_shnum; ++i) {
    Elf64_Shdr section;
    std::memcpy(&section, bytes + header.e_shoff + i * sizeof section, sizeof section);
    if (section.sh_type == SHT_NOBITS || section.sh_type == SHT_NULL) continue;
    reach(section.sh_offset, section.sh_size, "a section");
  }
  return static_cast<std::size_t>(end);
}

}  // namespace rocmforge::emu
