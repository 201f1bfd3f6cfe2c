// A small model of random weights with a SentencePiece vocabulary, as a GGUF: for tests that need
// a whole model and no data from outside.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "gguf/writer.h"
#include "tensor/dtype.h"

namespace rocmforge::test {

struct TinyModel {
  std::string architecture = "llama";  // of the keys; the tensors are llama's
  std::int32_t n_layers = 2;
  std::int32_t dim = 64;
  std::int32_t n_heads = 4;
  std::int32_t n_kv_heads = 2;
  std::int32_t n_ff = 96;
  std::int32_t n_ctx = 512;
  DType matrix = DType::kF32;  // of all 2-D weights
  bool tied = false;           // no output.weight
  bool biases = false;         // on every projection
  bool rope_freqs = false;
  std::uint64_t seed = 1;
};

// Tokens: <unk>, <s>, </s>, 256 byte tokens, then "▁", letters and a few words.
inline constexpr std::int32_t kTinyVocab = 3 + 256 + 1 + 26 + 4;

gguf::Writer tiny_model(const TinyModel& shape = {});
// A copy of a model without some keys and tensors, and with what `then` adds.
gguf::Writer edited(const gguf::Writer& model, const std::vector<std::string>& left_out,
                    const std::function<void(gguf::Writer&)>& then = {});
// The model, written to `path`; returns it.
std::string write_tiny_model(const std::string& path, const TinyModel& shape = {});

}  // namespace rocmforge::test
