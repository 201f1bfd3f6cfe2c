#include "gpu/elf_notes.h"

#include <elf.h>

#include <cstring>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string_view>

namespace rocmforge::gputest {
namespace {

constexpr std::uint32_t kMetadataNote = 32;  // NT_AMDGPU_METADATA

// As much of msgpack as the notes use.
struct Value {
  std::int64_t number = 0;
  std::string text;
  std::vector<Value> list;
  std::map<std::string, Value> map;
};

class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}

  Value read() {
    const std::uint8_t tag = static_cast<std::uint8_t>(big_endian(1));
    if (tag < 0x80) return number(tag);
    if (tag < 0x90) return map(tag & 15u);
    if (tag < 0xa0) return list(tag & 15u);
    if (tag < 0xc0) return text(tag & 31u);
    if (tag >= 0xe0) return number(static_cast<std::int8_t>(tag));
    switch (tag) {
      case 0xc0:
      case 0xc2:
        return {};
      case 0xc3:
        return number(1);
      case 0xcc:
      case 0xcd:
      case 0xce:
      case 0xcf:
        return number(static_cast<std::int64_t>(big_endian(std::size_t{1} << (tag - 0xcc))));
      case 0xd9:
      case 0xda:
      case 0xdb:
        return text(big_endian(std::size_t{1} << (tag - 0xd9)));
      case 0xdc:
      case 0xdd:
        return list(big_endian(tag == 0xdc ? 2 : 4));
      case 0xde:
      case 0xdf:
        return map(big_endian(tag == 0xde ? 2 : 4));
      default:
        throw std::runtime_error("metadata: a msgpack tag that is not expected");
    }
  }

 private:
  std::string_view take(std::size_t n) {
    if (n > bytes_.size()) throw std::runtime_error("metadata: cut short");
    const std::string_view out = bytes_.substr(0, n);
    bytes_.remove_prefix(n);
    return out;
  }
  std::uint64_t big_endian(std::size_t n) {
    std::uint64_t x = 0;
    for (const char c : take(n)) x = x << 8 | static_cast<std::uint8_t>(c);
    return x;
  }
  static Value number(std::int64_t x) {
    Value v;
    v.number = x;
    return v;
  }
  Value text(std::uint64_t n) {
    Value v;
    v.text = take(n);
    return v;
  }
  Value list(std::uint64_t n) {
    Value v;
    for (std::uint64_t i = 0; i < n; ++i) v.list.push_back(read());
    return v;
  }
  Value map(std::uint64_t n) {
    Value v;
    for (std::uint64_t i = 0; i < n; ++i) {
      const std::string key = read().text;
      v.map[key] = read();
    }
    return v;
  }
  std::string_view bytes_;
};

template <class T>
T at(const std::string& bytes, std::size_t offset) {
  if (offset + sizeof(T) > bytes.size()) throw std::runtime_error("ELF: cut short");
  T x;
  std::memcpy(&x, bytes.data() + offset, sizeof(T));
  return x;
}

std::string_view find_metadata(const std::string& bytes) {
  const auto header = at<Elf64_Ehdr>(bytes, 0);
  if (std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0) throw std::runtime_error("no ELF file");
  for (std::size_t s = 0; s < header.e_shnum; ++s) {
    const auto section = at<Elf64_Shdr>(bytes, header.e_shoff + s * sizeof(Elf64_Shdr));
    if (section.sh_type != SHT_NOTE) continue;
    std::size_t note = section.sh_offset;
    while (note < section.sh_offset + section.sh_size) {
      const auto head = at<Elf64_Nhdr>(bytes, note);
      const std::size_t desc = note + sizeof(head) + (head.n_namesz + 3) / 4 * 4;
      if (head.n_type == kMetadataNote) {
        return std::string_view(bytes).substr(desc, head.n_descsz);
      }
      note = desc + (head.n_descsz + 3) / 4 * 4;
    }
  }
  throw std::runtime_error("no metadata note");
}

}  // namespace

ObjectInfo read_object(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error(path + " cannot be read");
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  Value root = Reader(find_metadata(bytes)).read();
  ObjectInfo out{.target = root.map["amdhsa.target"].text, .kernels = {}};
  for (Value& kernel : root.map["amdhsa.kernels"].list) {
    KernelInfo info{.name = kernel.map[".name"].text, .numbers = {}, .args = {}};
    for (const auto& [key, value] : kernel.map) info.numbers[key] = value.number;
    for (Value& arg : kernel.map[".args"].list) {
      info.args.push_back({.offset = arg.map[".offset"].number,
                           .size = arg.map[".size"].number,
                           .kind = arg.map[".value_kind"].text});
    }
    out.kernels.push_back(std::move(info));
  }
  return out;
}

}  // namespace rocmforge::gputest
