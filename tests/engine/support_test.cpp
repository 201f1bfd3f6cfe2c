// Every type on every architecture, on every instruction set of this CPU; docs/support.md.
#include <gtest/gtest.h>

#include "backend/cpu/device.h"
#include "engine/support_table.h"

namespace rocmforge::test {
namespace {

MakeDevice on(cpu::Isa isa) {
  return [isa](Counters& counters) {
    return cpu::make_device({.n_threads = 1, .isa = isa}, counters);
  };
}

TEST(Support, OfTheCpuIsAsDocumented) {
  std::vector<MakeDevice> devices;
  for (const cpu::Isa isa : cpu::available_isas()) devices.push_back(on(isa));
  expect_documented("cpu", support_table([&](std::string_view architecture, DType type) {
                      return runs(architecture, type, devices, on(cpu::best_isa()));
                    }));
}

// A wrong model must show: the rule would see one matrix of another seed.
TEST(Support, ComparisonSeesAWrongModel) {
  const TempDir dir;
  for (const auto& a : model::architectures()) {
    TinyModel other = tiny_shape(std::string(a.name));
    const std::string one = write_tiny_model(dir.file("one.gguf"), other);
    other.seed = 2;
    const std::string two = write_tiny_model(dir.file("two.gguf"), other);
    const auto make = on(cpu::best_isa());
    EXPECT_GT(relative_error(logits_of(one, make), logits_of(two, make)), 0.5) << a.name;
  }
}

}  // namespace
}  // namespace rocmforge::test
