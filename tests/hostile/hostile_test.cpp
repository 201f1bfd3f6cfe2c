// Every case of every family, given to the program itself.
#include <gtest/gtest.h>

#include "hostile/cases.h"
#include "hostile/child.h"

namespace rocmforge::test {
namespace {

struct Family {
  const char* name;
  Cases (*cases)();
};
constexpr Family kFamilies[] = {{"Header", header_cases},
                                {"Key", key_cases},
                                {"Tensor", tensor_cases},
                                {"Parameter", parameter_cases},
                                {"Vocabulary", vocabulary_cases}};

struct Named {
  std::string name;
  Case what;
};

std::vector<Named> all_cases() {
  std::vector<Named> out;
  for (const Family& family : kFamilies) {
    for (const Case& c : family.cases()) {
      out.push_back({std::string(family.name) + "_" + c.name, c});
    }
  }
  return out;
}
void PrintTo(const Named& named, std::ostream* out) {
  *out << named.name;
}

class Hostile : public ::testing::TestWithParam<Named> {};

TEST_P(Hostile, IsRefused) {
  const Case& c = GetParam().what;
  const TempDir dir;
  const std::string path = dir.file("m.gguf");
  write_file(path, valid_bytes());
  const Outcome valid = load(path);
  ASSERT_TRUE(succeeded(valid));
  write_file(path, c.make());
  expect_refused(load(path), valid, path, c.message);
}

INSTANTIATE_TEST_SUITE_P(, Hostile, ::testing::ValuesIn(all_cases()),
                         [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace rocmforge::test
