// The tensor table: names, dimensions, types, offsets; and what a model lacks or has too much.
#include <cstring>

#include "gguf/reader.h"
#include "hostile/cases.h"

namespace rocmforge::test {
namespace {

constexpr const char* kQ = "blk.0.attn_q.weight";  // [32, 32]
constexpr const char* kUp = "blk.0.ffn_up.weight";

std::function<Bytes()> typed(std::uint32_t type) {
  return with_entry(kQ, kTypeAt, type);
}

// A name of the same length in place of it.
std::function<Bytes()> renamed(std::string_view from, std::string_view to) {
  return [from = std::string(from), to = std::string(to)] {
    Bytes bytes = valid_bytes();
    std::memcpy(bytes.data() + entry_of(bytes, from) - from.size(), to.data(), to.size());
    return bytes;
  };
}

std::function<Bytes()> name_length(std::uint64_t length) {
  return [=] {
    Bytes bytes = valid_bytes();
    poke(bytes, entry_of(bytes, kQ) - std::strlen(kQ) - 8, length);
    return bytes;
  };
}

std::function<Bytes()> name_of_64() {
  return [] {
    const Bytes bytes = valid_bytes();
    const std::size_t end = entry_of(bytes, kQ), length = std::strlen(kQ);
    Bytes out = with_inserted(bytes, end, Bytes(64 - length, std::byte{'q'}));
    poke(out, end - length - 8, std::uint64_t{64});
    return out;
  };
}

void add(gguf::Writer& w, const std::string& name, DType dtype, const Shape& shape) {
  w.add_tensor(name, dtype, shape,
               Bytes(static_cast<std::size_t>(bytes_of(dtype, shape.n_elems()))));
}
std::function<Bytes()> reshaped(const std::string& name, DType dtype, const Shape& shape) {
  return changed({name}, [=](gguf::Writer& w) { add(w, name, dtype, shape); });
}
std::function<Bytes()> with_tensor(const std::string& name, const Shape& shape) {
  return changed({}, [=](gguf::Writer& w) { add(w, name, DType::kF32, shape); });
}

// The first tensor's data starts where that of kUp does.
std::function<Bytes()> overlapping() {
  return [] {
    Bytes bytes = valid_bytes();
    std::uint64_t offset = 0;
    std::memcpy(&offset, bytes.data() + entry_of(bytes, kUp) + kOffsetAt, sizeof offset);
    poke(bytes, entry_of(bytes, kQ) + kOffsetAt, offset + 32);
    return bytes;
  };
}

std::function<Bytes()> cut(std::size_t n_bytes) {
  return [=] {
    Bytes bytes = valid_bytes();
    bytes.resize(bytes.size() - n_bytes);
    return bytes;
  };
}

constexpr std::uint64_t k62 = std::uint64_t{1} << 62;

}  // namespace

Cases tensor_cases() {
  return {
      {"name_of_2_to_62", name_length(k62),
       "[gguf] @: tensor 3 of 12: byte 7099: the file ends within the tensor's name: "
       "4611686018427387904 bytes wanted, 112069 left"},
      {"name_empty", name_length(0), "[gguf] @: tensor 3 of 12: byte 7091: its name '' is empty"},
      {"name_not_utf8", renamed(kQ, "blk.0.attn_\xff"),
       "[gguf] @: tensor 3 of 12: byte 7091: its name 'blk.0.attn_\\xff.weight' is not valid "
       "UTF-8"},
      {"name_with_nul", renamed(kQ, std::string_view("blk.0\0attn", 10)),
       "[gguf] @: tensor 3 of 12: byte 7091: its name 'blk.0\\x00attn_q.weight' contains a NUL"},
      {"name_of_64", name_of_64(),
       "[gguf] @: tensor 3 of 12: byte 7091: its name "
       "'blk.0.attn_q.weightqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq' is too long"},
      {"twice", renamed("blk.0.attn_k.weight", "blk.0.attn_v.weight"),
       "[gguf] @: blk.0.attn_v.weight: byte 7217: the tensor occurs twice, first at byte 7158"},
      {"dimensions_0", with_entry<std::uint32_t>(kQ, kRankAt, 0),
       "[gguf] @: blk.0.attn_q.weight: byte 7118: has 0 dimensions; 1 to 4 are allowed"},
      {"dimensions_5", with_entry<std::uint32_t>(kQ, kRankAt, 5),
       "[gguf] @: blk.0.attn_q.weight: byte 7118: has 5 dimensions; 1 to 4 are allowed"},
      {"dimensions_2_to_32_less_1", with_entry<std::uint32_t>(kQ, kRankAt, 0xffffffff),
       "[gguf] @: blk.0.attn_q.weight: byte 7118: has 4294967295 dimensions; 1 to 4 are allowed"},
      {"extent_0", with_entry<std::uint64_t>(kQ, kDimAt, 0),
       "[gguf] @: blk.0.attn_q.weight: byte 7122: extent 0 is 0, not positive"},
      {"extent_negative", with_entry<std::int64_t>(kQ, kDimAt + 8, -32),
       "[gguf] @: blk.0.attn_q.weight: byte 7130: extent 1 is -32, not positive"},
      {"elements_overflow", with_entry<std::uint64_t>(kQ, kDimAt, k62),
       "[gguf] @: blk.0.attn_q.weight: byte 7130: its number of elements overflows 63 bits"},
      {"bytes_overflow", with_entry<std::uint64_t>(kQ, kDimAt, k62 / 32 + 1),
       "[gguf] @: blk.0.attn_q.weight: byte 7142: its size [32, 144115188075855873] F32 overflows"},
      {"a_terabyte_of_data", with_entry<std::uint64_t>(kQ, kDimAt, std::uint64_t{1} << 33),
       "[gguf] @: blk.0.attn_q.weight: byte 7099: its data, bytes 44928 to 1099511672704, end past "
       "the end of the file (119168 bytes, data from byte 7680, alignment 32)"},
      {"type_unknown_43", typed(43),
       "[gguf] @: blk.0.attn_q.weight: byte 7138: its type 43 is none of ggml's"},
      {"type_unknown_2_to_32_less_1", typed(0xffffffff),
       "[gguf] @: blk.0.attn_q.weight: byte 7138: its type 4294967295 is none of ggml's"},
      {"type_removed_Q4_2", typed(4),
       "[gguf] @: blk.0.attn_q.weight: byte 7138: its type Q4_2 (4) is one that ggml has removed; "
       "convert the model again"},
      {"type_removed_Q4_3", typed(5),
       "[gguf] @: blk.0.attn_q.weight: byte 7138: its type Q4_3 (5) is one that ggml has removed; "
       "convert the model again"},
      {"type_removed_Q4_0_4_4", typed(31),
       "[gguf] @: blk.0.attn_q.weight: byte 7138: its type Q4_0_4_4 (31) is one that ggml has "
       "removed; convert the model again"},
      {"type_removed_IQ4_NL_4_4", typed(36),
       "[gguf] @: blk.0.attn_q.weight: byte 7138: its type IQ4_NL_4_4 (36) is one that ggml has "
       "removed; convert the model again"},
      {"type_IQ2_XXS", typed(16),
       "[gguf] @: blk.0.attn_q.weight: byte 7138: its type IQ2_XXS (16) is not supported"},
      {"type_IQ1_M", typed(29),
       "[gguf] @: blk.0.attn_q.weight: byte 7138: its type IQ1_M (29) is not supported"},
      {"type_TQ1_0", typed(34),
       "[gguf] @: blk.0.attn_q.weight: byte 7138: its type TQ1_0 (34) is not supported"},
      {"type_NVFP4", typed(40),
       "[gguf] @: blk.0.attn_q.weight: byte 7138: its type NVFP4 (40) is not supported"},
      {"type_Q8_K", typed(15),
       "[gguf] @: blk.0.attn_q.weight: byte 7138: its type Q8_K (15) is not supported"},
      {"type_F64", typed(28),
       "[gguf] @: blk.0.attn_q.weight: byte 7138: its type F64 (28) is not supported"},
      {"row_not_whole_blocks",
       [] {
         Bytes bytes = valid_bytes();
         poke(bytes, entry_of(bytes, kQ) + kTypeAt, std::uint32_t{2});  // Q4_0
         poke(bytes, entry_of(bytes, kQ) + kDimAt, std::uint64_t{48});
         return bytes;
       },
       "[gguf] @: blk.0.attn_q.weight: byte 7142: its rows have 48 elements, not whole blocks of "
       "32 (Q4_0)"},
      {"row_of_32_in_Q6_K", typed(14),
       "[gguf] @: blk.0.attn_q.weight: byte 7142: its rows have 32 elements, not whole blocks of "
       "256 (Q6_K)"},
      {"offset_unaligned", with_entry<std::uint64_t>(kQ, kOffsetAt, 8),
       "[gguf] @: blk.0.attn_q.weight: byte 7099: its offset 8 is no multiple of the alignment, "
       "32"},
      {"offset_past_the_end", with_entry<std::uint64_t>(kQ, kOffsetAt, 1 << 30),
       "[gguf] @: blk.0.attn_q.weight: byte 7099: its data, bytes 1073749504 to 1073753600, end "
       "past the end of the file (119168 bytes, data from byte 7680, alignment 32)"},
      {"offset_2_to_64_less_32", with_entry<std::uint64_t>(kQ, kOffsetAt, ~std::uint64_t{31}),
       "[gguf] @: blk.0.attn_q.weight: byte 7099: its 4096 bytes at offset 18446744073709551584 "
       "end past 64 bits"},
      {"overlapping", overlapping(),
       "[gguf] @: blk.0.attn_q.weight: byte 7099: its data, from byte 65568, overlaps that of "
       "'blk.0.ffn_up.weight', which ends at byte 73728"},
      {"cut_by_64", cut(64),
       "[gguf] @: output.weight: byte 7624: its data, bytes 82048 to 119168, end past the end of "
       "the file (119104 bytes, data from byte 7680, alignment 32)"},
      {"cut_by_half", cut(valid_bytes().size() / 2),
       "[gguf] @: blk.0.ffn_gate.weight: byte 7393: its data, bytes 57344 to 65536, end past the "
       "end of the file (59584 bytes, data from byte 7680, alignment 32)"},
      {"missing_embedding", changed({"token_embd.weight"}),
       "[model] @: token_embd.weight: tensor is missing"},
      {"missing_queries", changed({kQ}),
       "[model] @: blk.0.attn_q.weight: tensor is missing, [32, 32] wanted"},
      {"missing_gate", changed({"blk.0.ffn_gate.weight"}),
       "[model] @: blk.0.ffn_gate.weight: tensor is missing, [64, 32] wanted"},
      {"missing_norm", changed({"blk.0.attn_norm.weight"}),
       "[model] @: blk.0.attn_norm.weight: tensor is missing, [32] wanted"},
      {"missing_output_norm", changed({"output_norm.weight"}),
       "[model] @: output_norm.weight: tensor is missing, [32] wanted"},
      {"too_few_rows", reshaped(kQ, DType::kF32, Shape{16, 32}),
       "[model] @: blk.0.attn_q.weight: has shape [16, 32], [32, 32] wanted"},
      {"too_few_columns", reshaped(kUp, DType::kF32, Shape{64, 16}),
       "[model] @: blk.0.ffn_up.weight: has shape [64, 16], [64, 32] wanted"},
      {"transposed", reshaped(kUp, DType::kF32, Shape{32, 64}),
       "[model] @: blk.0.ffn_up.weight: has shape [32, 64], [64, 32] wanted"},
      {"three_dimensions", reshaped(kUp, DType::kF32, Shape{2, 32, 32}),
       "[model] @: blk.0.ffn_up.weight: has shape [2, 32, 32], [64, 32] wanted"},
      {"norm_too_short", reshaped("blk.0.attn_norm.weight", DType::kF32, Shape{16}),
       "[model] @: blk.0.attn_norm.weight: has shape [16], [32] wanted"},
      {"norm_in_F16", reshaped("blk.0.attn_norm.weight", DType::kF16, Shape{32}),
       "[model] @: blk.0.attn_norm.weight: has type F16; a vector must be F32"},
      {"matrix_in_I32", reshaped(kUp, DType::kI32, Shape{64, 32}),
       "[model] @: blk.0.ffn_up.weight: has type I32, which is no weight type"},
      {"embedding_of_one_dimension", reshaped("token_embd.weight", DType::kF32, Shape{32}),
       "[model] @: token_embd.weight: has shape [32], not [vocabulary, embedding]"},
      {"rope_factors_too_few", with_tensor("rope_freqs.weight", Shape{3}),
       "[model] @: rope_freqs.weight: has shape [3], [8] wanted"},
      {"bias_too_short", with_tensor("blk.0.attn_q.bias", Shape{31}),
       "[model] @: blk.0.attn_q.bias: has shape [31], [32] wanted"},
      {"of_experts", with_tensor("blk.0.ffn_gate_exps.weight", Shape{4, 64, 32}),
       "[model] @: blk.0.ffn_gate_exps.weight: this architecture has no such tensor, and ignoring "
       "it would change what the model says"},
      {"of_another_layer", with_tensor("blk.1.attn_q.weight", Shape{32, 32}),
       "[model] @: blk.1.attn_q.weight: this architecture has no such tensor, and ignoring it "
       "would change what the model says"},
      {"of_an_adapter", with_tensor("blk.0.attn_q.weight.lora_a", Shape{8, 32}),
       "[model] @: blk.0.attn_q.weight.lora_a: this architecture has no such tensor, and ignoring "
       "it would change what the model says"},
  };
}

}  // namespace rocmforge::test
