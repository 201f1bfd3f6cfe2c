// Any bytes as a model file: parsed, listed, and, where they are one, read as far as the graphs of
// its architecture. Nothing but an Error that names the file comes of it.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "base/check.h"
#include "base/counters.h"
#include "base/error.h"
#include "engine/loader.h"
#include "engine/weight_scan.h"
#include "gguf/listing.h"
#include "gguf/model_files.h"
#include "gguf/reader.h"
#include "model/model.h"

namespace {

using namespace rocmforge;

const std::string kPath = "fuzzed-00001-of-00002.gguf";

template <class F>
void expect_named(F f) {
  try {
    f();
  } catch (const Error& e) {
    const std::string what = e.what();
    check(what.find(kPath) != std::string::npos, "an error names the file");
    check(what.size() <= kMaxMessageBytes, "an error is short");
    check(e.code() != ErrorCode::kInternal, "an error is the file's");
  }
}

void load(std::span<const std::byte> bytes) {
  Counters counters;
  const gguf::File file = gguf::parse(bytes, kPath, counters);
  for (const gguf::TensorInfo& t : file.tensors()) check(file.has_data(t), "data within the file");
  expect_named([&] { gguf::part_paths(file); });
  expect_named([&] {
    engine::find_bad_weights(
        file, [&](const gguf::TensorInfo& t, std::uint64_t offset, std::span<std::byte> to) {
          const auto from = file.data(t).subspan(offset, to.size());
          std::copy(from.begin(), from.end(), to.begin());
        });
  });
  expect_named([&] { engine::load_tokenizer(file); });
  model::build_model(file, {.max_rows = 8, .max_head_rows = 1}, counters);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // A block of its own: whatever lies past the end is another's.
  const auto copy = std::make_unique<std::byte[]>(size);
  std::copy_n(reinterpret_cast<const std::byte*>(data), size, copy.get());
  const std::span<const std::byte> bytes(copy.get(), size);
  expect_named([&] { load(bytes); });
  expect_named([&] { gguf::list(bytes, kPath); });
  return 0;
}
