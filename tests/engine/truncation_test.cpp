// A model file cut anywhere is refused with one clear message: at every byte of its header, and
// within every tensor.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "base/error.h"
#include "engine/fixture.h"
#include "gguf/reader.h"

namespace rocmforge::test {
namespace {

TEST(Truncation, IsRefusedAtEveryByteOfTheHeaderAndAtEveryTensor) {
  const TempDir dir;
  const std::string path = dir.file("cut.gguf");
  const std::vector<std::byte> bytes = tiny_model({.n_layers = 1}).bytes();
  Counters counters;
  const auto device = cpu::make_device({.n_threads = 1, .isa = cpu::best_isa()}, counters);

  const gguf::File whole = gguf::parse(bytes, "whole", counters);
  std::uint64_t header = bytes.size();
  std::vector<std::size_t> cuts;
  for (const gguf::TensorInfo& t : whole.tensors()) {
    header = std::min(header, t.offset);
    cuts.push_back(t.offset + t.n_bytes - 1);
    cuts.push_back(t.offset + t.n_bytes / 2);
  }
  for (std::size_t n = 0; n < header; ++n) cuts.push_back(n);

  write_file(path, bytes);
  std::sort(cuts.rbegin(), cuts.rend());
  for (const std::size_t cut : cuts) {
    std::filesystem::resize_file(path, cut);
    try {
      engine::Engine engine({.path = path}, *device, counters);
      FAIL() << "cut at byte " << cut << " was accepted";
    } catch (const Error& e) {
      const std::string what = e.what();
      ASSERT_NE(what.find(path), std::string::npos) << what;
      ASSERT_LT(what.size(), 500u) << what;
      ASSERT_EQ(e.code(), ErrorCode::kFormat) << what;
    }
  }
  write_file(path, bytes);
  engine::Engine engine({.path = path}, *device, counters);  // and whole it is accepted
}

}  // namespace
}  // namespace rocmforge::test
