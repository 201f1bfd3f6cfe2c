// Made-up weights: each byte of a tensor is a pure function of (seed, block, place in the block),
// the same on every machine and device. All bits of a block are random, but for one field (a scale,
// or the value of a plain type), which is one of a few choices: so blocks are well-formed, and the
// values have the spread that tensor/random.h gives the choices.
// Shared with device code: nothing is included.
#pragma once

namespace rocmforge::quant {

struct RandomRule {
  static constexpr int kTableBytes = 1024;

  int block_bytes = 0;
  int n_words = 0;       // 64-bit draws a block takes
  int field_offset = 0;  // in the block
  int field_bytes = 0;
  int choice_mask = 0;  // number of choices - 1: they are a power of two, at most 256
  int unused = 0;
  unsigned char table[kTableBytes] = {};  // the choices, field_bytes each
};

// The n-th draw of a seed: SplitMix64 (Steele, Lea, Flood, "Fast splittable pseudorandom number
// generators", OOPSLA 2014), whose state is a counter.
constexpr unsigned long long random_word(unsigned long long seed, unsigned long long n) {
  unsigned long long x = seed + (n + 1) * 0x9E3779B97F4A7C15ull;  // 2^64 over the golden ratio
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ull;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBull;
  return x ^ (x >> 31);
}

// Writes block number `block` of a tensor: rule.block_bytes at `out`.
constexpr void random_block(const RandomRule& rule, unsigned long long seed,
                            unsigned long long block, unsigned char* out) {
  const unsigned long long first = block * static_cast<unsigned long long>(rule.n_words);
  for (int w = 0; w < rule.n_words; ++w) {
    unsigned long long word = random_word(seed, first + static_cast<unsigned long long>(w));
    const int end = 8 * w + 8 < rule.block_bytes ? 8 * w + 8 : rule.block_bytes;
    for (int i = 8 * w; i < end; ++i, word >>= 8) out[i] = static_cast<unsigned char>(word);
  }
  const int choice = out[rule.field_offset] & rule.choice_mask;
  for (int i = 0; i < rule.field_bytes; ++i) {
    out[rule.field_offset + i] = rule.table[choice * rule.field_bytes + i];
  }
}

}  // namespace rocmforge::quant
