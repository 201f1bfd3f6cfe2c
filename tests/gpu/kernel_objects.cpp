#include "gpu/kernel_objects.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <span>

namespace rocmforge::gputest {
namespace {

// The folder of an object: its target.
std::string target_of(const std::string& path) {
  const std::size_t end = path.rfind('/'), begin = path.rfind('/', end - 1) + 1;
  return path.substr(begin, end - begin);
}

emu::CodeObject read_object(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  const std::vector<char> bytes{std::istreambuf_iterator<char>(file), {}};
  return emu::read_code_object(std::as_bytes(std::span(bytes)));
}

}  // namespace

const std::map<std::string, std::vector<std::string>>& objects() {
  static const auto all = [] {
    std::map<std::string, std::vector<std::string>> out;
    std::ifstream in(ROCMFORGE_TEST_OBJECTS);
    for (std::string path; std::getline(in, path);) out[target_of(path)].push_back(path);
    return out;
  }();
  return all;
}

const std::vector<Kernel>& kernels_of(const std::string& target) {
  static std::map<std::string, std::vector<Kernel>> all;
  std::vector<Kernel>& out = all[target];
  if (!out.empty()) return out;
  for (const std::string& path : objects().at(target)) {
    const emu::CodeObject object = read_object(path);
    EXPECT_EQ(object.target, target);
    EXPECT_FALSE(object.kernels.empty()) << path;
    for (const emu::KernelInfo& k : object.kernels) out.push_back({k, path});
  }
  return out;
}

}  // namespace rocmforge::gputest
