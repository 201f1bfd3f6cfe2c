// Models of well-known shapes with made-up weights: for speed work, without a file.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/counters.h"
#include "base/thread_pool.h"
#include "gguf/file.h"
#include "tensor/dtype.h"

namespace rocmforge::gguf {
class Writer;
}

namespace rocmforge::model {

struct RandomShape {
  std::string_view name;  // "llama-8b"
  std::string_view what;  // "Llama 3.1 8B"
  std::int32_t n_layers = 0, dim = 0, n_heads = 0, n_kv_heads = 0, n_ff = 0, n_vocab = 0;
  std::int32_t n_ctx = 0;
  bool is_tied = false;   // the embedding is the output matrix too
  double rope_scale = 1;  // of the slow frequencies, by Llama 3.1's rule; 1: none
  std::string_view architecture = "llama";
  std::int32_t head_size = 0;  // 0: dim / n_heads
  std::int32_t n_rot = 0;      // 0: the whole head
  double rope_base = 500000;   // of all Llama 3
  float norm_eps = 1e-5f;
  bool qkv_biases = false;
  bool qk_norms = false;       // attn_q_norm, attn_k_norm
  bool fused_gate_up = false;  // ffn_up of both
  bool post_norms = false;     // post_attention_norm, post_ffw_norm

  std::int32_t head_dim() const { return head_size > 0 ? head_size : dim / n_heads; }
};
const std::vector<RandomShape>& random_shapes();

// Names in random_spec's mixtures, without "blk.N.".
const std::vector<std::string_view>& random_matrices();
// Every type that a matrix may have.
std::vector<DType> random_types();

struct RandomSpec {
  std::string text;  // as it was given
  RandomShape shape;
  DType type = DType::kF16;
  std::map<std::string, DType> others;  // by "output" or "blk.3.ffn_down": not of `type`

  DType type_of(const std::string& matrix) const;  // "output", "blk.3.ffn_down"
};

// "llama-8b:Q4_0", or with other types for some matrices, "llama-8b:Q4_0,ffn_down=Q6_K,
// blk.0.attn_v=Q8_0". The output matrix, or the embedding that serves as one, has the type that
// llama-quantize gives it unless it is named: Q6_K when TYPE is quantized, but Q8_0 with Q8_0 and
// with MXFP4. "layers=2" among them makes so many layers instead of the shape's. Error{kUsage} that
// lists what there is.
RandomSpec parse_random_spec(std::string_view text);

// The header of a model file of that shape, with norms (ones) and RoPE factors, but without the
// matrices' data: those are made up where they are used, or written by save_random. It has no
// vocabulary.
class RandomModel {
 public:
  explicit RandomModel(const RandomSpec& spec, Counters& counters);
  RandomModel(const RandomModel&) = delete;
  RandomModel& operator=(const RandomModel&) = delete;

  const gguf::File& gguf() const { return gguf_; }
  std::span<const std::byte> head() const { return head_; }  // the file's beginning
  std::uint64_t file_bytes() const { return file_bytes_; }   // of the whole

 private:
  RandomModel(const gguf::Writer& writer, const std::string& name, Counters& counters);

  std::vector<std::byte> head_;
  std::uint64_t file_bytes_;
  gguf::File gguf_;
};

// What a matrix without data is made of (tensor/random.h).
std::uint64_t random_seed_of(std::string_view tensor);

// Writes the whole file, in pieces, on all threads of the pool, as a PartialFile (base). Error{kIo}
// naming path.
void save_random(const RandomModel& model, const std::string& path, ThreadPool& pool);

}  // namespace rocmforge::model
