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

// The model with one tensor's data of another.
gguf::Writer with_tensor_of(const gguf::File& one, const gguf::File& other, std::string_view name) {
  gguf::Writer out;
  for (const gguf::KeyValue& kv : one.metadata()) out.add(kv);
  for (const gguf::TensorInfo& t : one.tensors()) {
    const gguf::File& from = t.name == name ? other : one;
    const auto data = from.data(*from.find_tensor(t.name));
    out.add_tensor(t.name, t.dtype, t.shape, {data.begin(), data.end()});
  }
  return out;
}

// A wrong model must show: the comparison sees each matrix of another seed, one at a time, above
// what it allows any type.
TEST(Support, ComparisonSeesOneWrongMatrix) {
  const TempDir dir;
  const double most = allowed_error(DType::kQ4_0);
  for (const auto& a : model::architectures()) {
    TinyModel shape = tiny_shape(std::string(a.name));
    Counters ignored;
    const std::vector<std::byte> bytes = tiny_model(shape).bytes();
    shape.seed = 2;
    const std::vector<std::byte> other_bytes = tiny_model(shape).bytes();
    const gguf::File one = gguf::parse(bytes, "one", ignored);
    const gguf::File other = gguf::parse(other_bytes, "other", ignored);
    const auto make = on(cpu::best_isa());
    const auto logits = [&](const gguf::Writer& model) {
      model.write(dir.file("m.gguf"));
      return logits_of(dir.file("m.gguf"), make);
    };
    const std::vector<float> truth = logits(with_tensor_of(one, one, ""));
    int n_changed = 0;
    for (const gguf::TensorInfo& t : one.tensors()) {
      if (t.shape.rank() != 2) continue;
      ++n_changed;
      EXPECT_GT(relative_error(logits(with_tensor_of(one, other, t.name)), truth), most)
          << a.name << " " << t.name;
    }
    EXPECT_GT(n_changed, 8) << a.name;
  }
}

TEST(Support, RecordingsAreThoseThatLieThere) {
  for (const char* file : {"golden/stories260K.json", "golden/glm4.Q4_K_M.json"}) {
    ROCMFORGE_NEED_DATA(data_file(file), file);
  }
  EXPECT_TRUE(recorded().contains({"llama", DType::kF32}));
  EXPECT_TRUE(recorded().contains({"glm4", DType::kQ4_K}));
  EXPECT_FALSE(recorded().contains({"llama", DType::kMXFP6_E2M3}));
}

}  // namespace
}  // namespace rocmforge::test
