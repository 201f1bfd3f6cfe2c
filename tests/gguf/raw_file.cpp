#include "gguf/raw_file.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>

#include "gguf/reader.h"

namespace rocmforge::gguf::test {

RawFile& RawFile::text(std::string_view v) {
  for (const char c : v) put(c);
  return *this;
}

RawFile& RawFile::string(std::string_view v) {
  return u64(v.size()).text(v);
}

RawFile RawFile::start(std::uint64_t n_tensors, std::uint64_t n_keys, std::uint32_t version) {
  RawFile file;
  file.text("GGUF").u32(version).u64(n_tensors).u64(n_keys);
  return file;
}

RawFile& RawFile::tensor(std::string_view name, std::initializer_list<std::int64_t> ne,
                         std::uint32_t type, std::uint64_t offset) {
  string(name).u32(static_cast<std::uint32_t>(ne.size()));
  for (const std::int64_t extent : ne) put(extent);
  return u32(type).u64(offset);
}

RawFile& RawFile::data(std::size_t n_bytes, std::size_t alignment) {
  const std::size_t start = (bytes_.size() + alignment - 1) / alignment * alignment;
  bytes_.resize(start + n_bytes);
  return *this;
}

Outcome try_parse(std::span<const std::byte> bytes) {
  const auto copy = std::make_unique<std::byte[]>(bytes.size());
  std::copy(bytes.begin(), bytes.end(), copy.get());
  Counters counters;
  Outcome outcome;
  try {
    const File file = parse({copy.get(), bytes.size()}, "hostile.gguf", counters);
    // Touch all that the File promises to be there.
    std::size_t sum = 0;
    for (const TensorInfo& tensor : file.tensors()) {
      for (const std::byte b : file.data(tensor)) sum += static_cast<std::size_t>(b);
      EXPECT_EQ(file.find_tensor(tensor.name), &tensor);
      EXPECT_EQ(static_cast<std::uint64_t>(bytes_of(tensor.dtype, tensor.shape.n_elems())),
                tensor.n_bytes);
    }
    for (const KeyValue& entry : file.metadata()) {
      EXPECT_EQ(file.find(entry.key), &entry);
      if (const auto* array = std::get_if<Array>(&entry.value)) {
        for (const std::byte b : array->raw) sum += static_cast<std::size_t>(b);
        for (const std::string_view text : array->strings) sum += text.size();
      }
    }
    outcome.parsed = true;
    outcome.message = std::to_string(sum);
  } catch (const Error& e) {
    outcome.code = e.code();
    outcome.message = e.what();
    EXPECT_NE(e.code(), ErrorCode::kInternal) << e.what();
    EXPECT_EQ(outcome.message.rfind("[gguf] hostile.gguf: ", 0), 0u) << e.what();
  } catch (const std::exception& e) {
    ADD_FAILURE() << "not an Error: " << e.what();
  }
  EXPECT_EQ(counters.read().file_parses, 1u);
  return outcome;
}

void expect_refused(const RawFile& file, ErrorCode code,
                    std::initializer_list<std::string_view> parts) {
  const Outcome outcome = try_parse(file.bytes());
  ASSERT_FALSE(outcome.parsed) << "parsed";
  EXPECT_EQ(outcome.code, code) << outcome.message;
  for (const std::string_view part : parts) {
    EXPECT_NE(outcome.message.find(part), std::string::npos)
        << "'" << part << "' is not in: " << outcome.message;
  }
  EXPECT_NE(outcome.message.find("byte "), std::string::npos) << outcome.message;
}

void expect_parsed(const RawFile& file) {
  const Outcome outcome = try_parse(file.bytes());
  EXPECT_TRUE(outcome.parsed) << outcome.message;
}

}  // namespace rocmforge::gguf::test
