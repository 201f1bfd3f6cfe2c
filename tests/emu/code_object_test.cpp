// The reader of code objects: every shipped one, versions 4 and 5 beside LLVM's own reader, and
// objects that are cut short or have a byte changed.
#include "object/code_object.h"

#include <gtest/gtest.h>

#include <cstring>
#include <fstream>
#include <iterator>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "base/error.h"
#include "support/process.h"

namespace rocmforge::emu {
namespace {

std::vector<std::byte> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file) << path;
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  std::vector<std::byte> bytes(text.size());
  std::memcpy(bytes.data(), text.data(), text.size());
  return bytes;
}

std::vector<std::byte> test_object(int version) {
  return read_file(std::string(EMU_KERNELS) + "/object_v" + std::to_string(version) + ".co");
}

std::vector<std::string> shipped_objects() {
  std::vector<std::string> out;
  std::ifstream in(ROCMFORGE_TEST_GFX1100_OBJECTS);
  for (std::string path; std::getline(in, path);) {
    if (!path.empty()) out.push_back(path);
  }
  return out;
}

// A kernel's metadata as llvm-readelf writes it: "    .vgpr_count:     15", the arguments apart.
struct Listed {
  std::vector<std::pair<std::string, std::string>> fields;
  std::vector<KernelArgument> arguments;

  std::string at(const std::string& key) const {
    for (const auto& [name, value] : fields) {
      if (name == key) return value;
    }
    ADD_FAILURE() << "no " << key;
    return "0";
  }
  std::uint32_t number(const std::string& key) const {
    return static_cast<std::uint32_t>(std::stoul(at(key)));
  }
};

// "  - .args:" opens a kernel, "      - .offset:" an argument; both sort their keys.
std::vector<Listed> listed_kernels(const std::string& path) {
  const test::Outcome listing = test::run({.argv = {ROCMFORGE_TEST_READELF, "--notes", path}});
  EXPECT_EQ(listing.exit_code, 0) << test::to_string(listing);
  std::vector<Listed> out;
  bool in_kernels = false;
  std::istringstream lines(listing.out);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("amdhsa.kernels:")) in_kernels = true;
    if (line.starts_with("amdhsa.target:")) break;
    const std::size_t dot = line.find('.'), colon = line.find(':');
    if (!in_kernels || dot == std::string::npos || line[0] != ' ') continue;
    if (line.starts_with("  - ")) out.emplace_back();
    const std::string key = line.substr(dot, colon - dot);
    std::string value;
    std::istringstream(line.substr(colon + 1)) >> value;
    if (line.starts_with("      - ")) out.back().arguments.emplace_back();
    if (dot >= 8) {
      KernelArgument& argument = out.back().arguments.back();
      if (key == ".offset") argument.offset = static_cast<std::uint32_t>(std::stoul(value));
      if (key == ".size") argument.bytes = static_cast<std::uint32_t>(std::stoul(value));
      if (key == ".value_kind") argument.kind = value;
    } else {
      out.back().fields.emplace_back(key, value);
    }
  }
  return out;
}

void expect_as_listed(const CodeObject& object, const std::string& path) {
  const std::vector<Listed> listed = listed_kernels(path);
  ASSERT_EQ(object.kernels.size(), listed.size()) << path;
  for (std::size_t i = 0; i < listed.size(); ++i) {
    const KernelInfo& kernel = object.kernels[i];
    const Listed& expected = listed[i];
    EXPECT_EQ(kernel.name, expected.at(".name"));
    EXPECT_EQ(kernel.lds_bytes, expected.number(".group_segment_fixed_size"));
    EXPECT_EQ(kernel.scratch_bytes, expected.number(".private_segment_fixed_size"));
    EXPECT_EQ(kernel.argument_bytes, expected.number(".kernarg_segment_size"));
    EXPECT_EQ(kernel.argument_align, expected.number(".kernarg_segment_align"));
    EXPECT_EQ(kernel.n_vgprs, expected.number(".vgpr_count"));
    EXPECT_EQ(kernel.n_sgprs, expected.number(".sgpr_count"));
    EXPECT_EQ(kernel.n_vgpr_spills, expected.number(".vgpr_spill_count"));
    EXPECT_EQ(kernel.n_sgpr_spills, expected.number(".sgpr_spill_count"));
    EXPECT_EQ(kernel.wave_lanes, expected.number(".wavefront_size"));
    EXPECT_EQ(kernel.max_group, expected.number(".max_flat_workgroup_size"));
    ASSERT_EQ(kernel.arguments.size(), expected.arguments.size()) << kernel.name;
    for (std::size_t a = 0; a < kernel.arguments.size(); ++a) {
      EXPECT_EQ(kernel.arguments[a].kind, expected.arguments[a].kind);
      EXPECT_EQ(kernel.arguments[a].offset, expected.arguments[a].offset);
      EXPECT_EQ(kernel.arguments[a].bytes, expected.arguments[a].bytes);
    }
  }
}

TEST(EmuObject, EveryShippedObjectIsAsLlvmReadsIt) {
  const std::vector<std::string> paths = shipped_objects();
  EXPECT_GT(paths.size(), 20U);
  for (const std::string& path : paths) {
    const std::vector<std::byte> image = read_file(path);
    const CodeObject object = read_code_object(image);
    EXPECT_EQ(object.target, "gfx1100") << path;
    EXPECT_EQ(object.version, 4) << path;
    EXPECT_EQ(object.image, image) << path;
    EXPECT_EQ(read_code_object_size(image.data()), image.size()) << path;
    EXPECT_FALSE(object.kernels.empty()) << path;
    expect_as_listed(object, path);
    for (const KernelInfo& kernel : object.kernels) {
      EXPECT_EQ(kernel.entry % 256, 0U) << kernel.name;
      EXPECT_NE(kernel.properties & 1U << 10, 0) << kernel.name << ": not of 32 lanes";
    }
  }
}

const KernelInfo& kernel_of(const CodeObject& object, const std::string& name) {
  for (const KernelInfo& kernel : object.kernels) {
    if (kernel.name == name) return kernel;
  }
  throw std::runtime_error("no kernel " + name);
}

const Symbol& symbol_of(const CodeObject& object, const std::string& name) {
  for (const Symbol& symbol : object.symbols) {
    if (symbol.name == name) return symbol;
  }
  throw std::runtime_error("no symbol " + name);
}

bool has_argument(const KernelInfo& kernel, const std::string& kind) {
  for (const KernelArgument& argument : kernel.arguments) {
    if (argument.kind == kind) return true;
  }
  return false;
}

TEST(EmuObject, Versions4And5) {
  for (const int version : {4, 5}) {
    const CodeObject object = read_code_object(test_object(version));
    EXPECT_EQ(object.version, version);
    expect_as_listed(object,
                     std::string(EMU_KERNELS) + "/object_v" + std::to_string(version) + ".co");
    const KernelInfo& hidden = kernel_of(object, "with_hidden");
    EXPECT_EQ(hidden.arguments.at(0).kind, "global_buffer");
    EXPECT_EQ(hidden.arguments.at(2).bytes, 24U);
    EXPECT_EQ(has_argument(hidden, "hidden_group_size_x"), version == 5);
    EXPECT_EQ(kernel_of(object, "with_lds").lds_bytes, 256U);
    EXPECT_EQ(kernel_of(object, "with_lds").max_group, 64U);
    EXPECT_EQ(symbol_of(object, "blank").bytes, 400U);
    EXPECT_EQ(symbol_of(object, "with_lds.kd").address, kernel_of(object, "with_lds").descriptor);
    EXPECT_EQ(symbol_of(object, "with_lds").address, kernel_of(object, "with_lds").entry);
    // blank has no bytes in the file.
    EXPECT_LE(symbol_of(object, "blank").address + 400, object.memory_bytes);
  }
}

TEST(EmuObject, Relocations) {
  const CodeObject object = read_code_object(test_object(5));
  ASSERT_EQ(object.relocations.size(), 1U);
  const Relocation& relocation = object.relocations[0];
  EXPECT_EQ(relocation.address, symbol_of(object, "pointer").address);
  const std::uint64_t table = symbol_of(object, "table").address;
  if (relocation.kind == Relocation::Kind::kRelative64) {
    EXPECT_EQ(static_cast<std::uint64_t>(relocation.addend), table);
  } else {
    EXPECT_EQ(relocation.symbol, "table");
    EXPECT_EQ(relocation.addend, 0);
  }
}

ErrorCode code_of(const std::vector<std::byte>& image, std::string* what = nullptr) {
  try {
    read_code_object(image);
  } catch (const Error& error) {
    if (what != nullptr) *what = error.what();
    return error.code();
  }
  ADD_FAILURE() << "was read";
  return ErrorCode::kInternal;
}

TEST(EmuObject, EveryTruncationIsAnError) {
  const std::vector<std::byte> image = test_object(5);
  for (std::size_t n = 0; n < image.size(); ++n) {
    // A copy of its own, so that a read past the end is seen by the sanitizers.
    const std::vector<std::byte> cut(image.begin(), image.begin() + static_cast<std::ptrdiff_t>(n));
    ASSERT_EQ(code_of(cut), ErrorCode::kFormat) << n;
  }
}

TEST(EmuObject, ChangedBytesAreReadOrRefused) {
  const std::vector<std::byte> image = test_object(5);
  std::mt19937 random(7);
  std::size_t n_refused = 0;
  for (std::size_t at = 0; at < image.size(); ++at) {
    for (const std::uint32_t change :
         {0xffU, 0x80U, 1U + static_cast<std::uint32_t>(random() % 255)}) {
      std::vector<std::byte> other = image;
      other[at] ^= static_cast<std::byte>(change);
      try {
        const CodeObject object = read_code_object(other);
        for (const KernelInfo& kernel : object.kernels) {
          ASSERT_LT(kernel.entry, object.memory_bytes);
        }
      } catch (const Error& error) {
        ASSERT_TRUE(error.code() == ErrorCode::kFormat || error.code() == ErrorCode::kUnsupported);
        ++n_refused;
      }
    }
  }
  EXPECT_GT(n_refused, 500U);
}

TEST(EmuObject, SaysWhatIsWrong) {
  std::string what;
  std::vector<std::byte> image = test_object(4);
  image[0] = std::byte{0};
  EXPECT_EQ(code_of(image, &what), ErrorCode::kFormat);
  EXPECT_EQ(what, "[emu] code object: not an ELF file");

  image = test_object(4);
  image[18] = std::byte{62};  // x86-64
  EXPECT_EQ(code_of(image, &what), ErrorCode::kUnsupported);
  EXPECT_EQ(what, "[emu] code object: an ELF file for another machine (62)");
  EXPECT_THROW(read_code_object_size(image.data()), Error);

  image = test_object(4);
  image[8] = std::byte{4};  // the version of the ABI
  EXPECT_EQ(code_of(image, &what), ErrorCode::kUnsupported);
  EXPECT_EQ(what, "[emu] code object: version 6; 4 and 5 are read");

  image = test_object(4);
  image[48] = std::byte{0x36};  // gfx1030 in e_flags
  EXPECT_EQ(code_of(image, &what), ErrorCode::kFormat);

  // The descriptor says something else than the metadata.
  image = test_object(4);
  const CodeObject object = read_code_object(image);
  const std::uint64_t descriptor = kernel_of(object, "with_lds").descriptor;
  for (const Segment& segment : object.segments) {
    if (descriptor < segment.address || descriptor >= segment.address + segment.file_bytes)
      continue;
    image[segment.file_offset + (descriptor - segment.address)] = std::byte{1};
  }
  EXPECT_EQ(code_of(image, &what), ErrorCode::kFormat);
  EXPECT_EQ(what, "[emu] code object: with_lds: the descriptor and the metadata do not agree");
}

}  // namespace
}  // namespace rocmforge::emu
