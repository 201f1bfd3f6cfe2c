// Models in several files: run as one, and refused by the part at fault.
#include <filesystem>

#include "engine/loader.h"
#include "gguf/reader.h"
#include "hostile/cases.h"
#include "hostile/child.h"
#include "support/split_model.h"

namespace rocmforge::test {
namespace {

class Split : public ::testing::Test {
 protected:
  static constexpr int kParts = 3;

  std::string part(int number) const { return part_path(stem_, number, kParts); }
  std::string write(const std::vector<std::string>& left_out = {}, const EditPart& edit = {}) {
    return write_split_model(valid_model(), stem_, kParts, left_out, edit);
  }
  // With one key of one part replaced.
  std::string with(int number, const std::string& key, std::uint32_t value) {
    return write({key}, [&](gguf::Writer& w, int n) {
      const std::uint32_t usual = key == "split.no"      ? static_cast<std::uint32_t>(n)
                                  : key == "split.count" ? std::uint32_t{kParts}
                                                         : std::uint32_t{12};
      w.add_u32(key, n == number ? value : usual);
    });
  }
  void expect_refused(const std::string& path, const std::string& message) {
    const Outcome o = load(path);
    EXPECT_EQ(o.exit_code, 1);
    EXPECT_EQ(shortened(o.err, dir_.path()), "error: " + message + "\n");
  }

  TempDir dir_;
  std::string stem_ = dir_.file("m");
};

TEST_F(Split, RunsAsTheWholeDoes) {
  const std::string whole = dir_.file("whole.gguf");
  valid_model().write(whole);
  const Outcome one = load(whole);
  ASSERT_TRUE(succeeded(one));
  for (const int parts : {1, 2, 3, 12, 20}) {  // of 20 some have no tensors
    const Outcome split = load(write_split_model(valid_model(), stem_, parts));
    EXPECT_TRUE(succeeded(split));
    EXPECT_EQ(split.out, one.out) << parts;
  }
}

TEST_F(Split, TensorsCarryTheirFile) {
  Counters counters;
  const engine::ModelFile file(write(), counters);
  EXPECT_EQ(file.mappings().size(), 3u);
  EXPECT_EQ(counters.file_parses, 3);
  const Bytes bytes = valid_bytes();
  const gguf::File whole = gguf::parse(bytes, "whole", counters);
  ASSERT_EQ(file.gguf().tensors().size(), whole.tensors().size());
  for (std::size_t i = 0; i < whole.tensors().size(); ++i) {
    const gguf::TensorInfo &a = whole.tensors()[i], &b = file.gguf().tensors()[i];
    EXPECT_EQ(a.name, b.name);
    EXPECT_EQ(b.part, i / 4);
    const auto x = whole.data(a), y = file.gguf().data(b);
    EXPECT_TRUE(std::equal(x.begin(), x.end(), y.begin(), y.end())) << a.name;
  }
}

TEST_F(Split, AnotherPartThanTheFirst) {
  write();
  expect_refused(part(2),
                 "[gguf] @/m-00003-of-00003.gguf: split.no: this is part 3 of 3; give the first, "
                 "@/m-00001-of-00003.gguf");
}

TEST_F(Split, AMissingPart) {
  const std::string first = write();
  std::filesystem::remove(part(1));
  expect_refused(first,
                 "[gguf] @/m-00001-of-00003.gguf: part 2 of 3 is missing: @/m-00002-of-00003.gguf");
}

TEST_F(Split, AnotherName) {
  const std::string first = write();
  std::filesystem::rename(first, dir_.file("renamed.gguf"));
  expect_refused(dir_.file("renamed.gguf"),
                 "[gguf] @/renamed.gguf: split.count: the model has 3 parts, which are found by "
                 "their names; this one's must end in -00001-of-00003.gguf");
}

TEST_F(Split, PartsChangedAbout) {
  const std::string first = write();
  std::filesystem::rename(part(1), dir_.file("t"));
  std::filesystem::rename(part(2), part(1));
  std::filesystem::rename(dir_.file("t"), part(2));
  expect_refused(first,
                 "[gguf] @/m-00002-of-00003.gguf: split.no: is 2 (parts are counted from 0), but "
                 "the file's name says 1");
}

TEST_F(Split, NumbersThatDisagree) {
  expect_refused(with(1, "split.count", 4),
                 "[gguf] @/m-00002-of-00003.gguf: split.count: is 4, but "
                 "@/m-00001-of-00003.gguf says 3");
  expect_refused(with(0, "split.count", 0),
                 "[gguf] @/m-00001-of-00003.gguf: split.count: is 0, must be from 1 to 65535");
  expect_refused(with(0, "split.count", 0xffffffff),
                 "[gguf] @/m-00001-of-00003.gguf: split.count: is 4294967295, must be from 1 to "
                 "65535");
  expect_refused(with(0, "split.no", 3),
                 "[gguf] @/m-00001-of-00003.gguf: split.no: is 3, must be below split.count, 3");
  expect_refused(with(2, "split.tensors.count", 13),
                 "[gguf] @/m-00003-of-00003.gguf: split.tensors.count: is not what "
                 "@/m-00001-of-00003.gguf says");
  expect_refused(write({"split.no"}), "[gguf] @/m-00001-of-00003.gguf: split.no: is missing");
  const std::string first = write(
      {"split.tensors.count"}, [](gguf::Writer& w, int) { w.add_u32("split.tensors.count", 13); });
  expect_refused(first,
                 "[gguf] @/m-00001-of-00003.gguf: split.tensors.count: is 13, but the 3 parts hold "
                 "12 tensors");
}

TEST_F(Split, ATensorTwice) {
  const std::string first = write({}, [](gguf::Writer& w, int n) {
    if (n == 2) w.add_tensor("token_embd.weight", DType::kF32, Shape{8}, Bytes(32));
  });
  expect_refused(first,
                 "[gguf] @/m-00003-of-00003.gguf: token_embd.weight: the tensor is in "
                 "@/m-00001-of-00003.gguf too");
}

TEST_F(Split, AKeyThatSaysSomethingElse) {
  const std::string first = write({}, [](gguf::Writer& w, int n) {
    if (n == 1) w.add_u32("llama.block_count", 2);
  });
  expect_refused(first,
                 "[gguf] @/m-00002-of-00003.gguf: llama.block_count: is not what "
                 "@/m-00001-of-00003.gguf says");
}

// A key of a later part alone is the model's too: it is not passed over.
TEST_F(Split, AKeyOfALaterPartAloneCounts) {
  const auto with_key = [this](int part, std::uint32_t value) {
    return write({}, [=](gguf::Writer& w, int n) {
      if (n == part) w.add_u32("llama.expert_count", value);
    });
  };
  expect_refused(with_key(2, 8),
                 "[model] @/m-00001-of-00003.gguf: llama.expert_count: is 8, which is not "
                 "supported");
  EXPECT_TRUE(succeeded(load(with_key(1, 0))));
  Counters counters;
  const engine::ModelFile file(with_key(1, 0), counters);
  EXPECT_EQ(file.gguf().get_u64("llama.expert_count"), 0u);
  // Two later parts that disagree.
  expect_refused(write({},
                       [](gguf::Writer& w, int n) {
                         if (n > 0) w.add_u32("llama.expert_count", n == 1 ? 0 : 1);
                       }),
                 "[gguf] @/m-00003-of-00003.gguf: llama.expert_count: is not what "
                 "@/m-00002-of-00003.gguf says");
}

TEST_F(Split, APartCutShort) {
  const std::string first = write();
  std::filesystem::resize_file(part(2), 30);
  expect_refused(
      first,
      "[gguf] @/m-00003-of-00003.gguf: header: byte 8: 4 tensors claimed, more than the 6 "
      "bytes left can hold");
}

}  // namespace
}  // namespace rocmforge::test
