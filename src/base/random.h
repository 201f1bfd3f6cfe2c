// Counter-based random numbers: a draw is a pure function of (seed, counter), the same in every
// program and kernel. Philox 4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3",
// SC 2011).
//
// Constant expressions on built-in types alone, with no header below: device code includes this
// too, and gets the same bits.
#pragma once

namespace rocmforge {

struct RandomWords {
  unsigned int word[4];
};

// `stream` tells apart what counts in the same way.
constexpr RandomWords philox(unsigned long long seed, unsigned long long counter,
                             unsigned long long stream = 0) {
  constexpr unsigned long long kMul0 = 0xD2511F53, kMul1 = 0xCD9E8D57;  // the paper's multipliers
  constexpr unsigned int kWeyl0 = 0x9E3779B9, kWeyl1 = 0xBB67AE85;      // golden ratio, sqrt(3) - 1
  unsigned int c0 = static_cast<unsigned int>(counter);
  unsigned int c1 = static_cast<unsigned int>(counter >> 32);
  unsigned int c2 = static_cast<unsigned int>(stream);
  unsigned int c3 = static_cast<unsigned int>(stream >> 32);
  unsigned int k0 = static_cast<unsigned int>(seed);
  unsigned int k1 = static_cast<unsigned int>(seed >> 32);
  for (int round = 0; round < 10; ++round) {
    const unsigned long long p0 = kMul0 * c0, p1 = kMul1 * c2;
    c0 = static_cast<unsigned int>(p1 >> 32) ^ c1 ^ k0;
    c1 = static_cast<unsigned int>(p1);
    c2 = static_cast<unsigned int>(p0 >> 32) ^ c3 ^ k1;
    c3 = static_cast<unsigned int>(p0);
    k0 += kWeyl0;
    k1 += kWeyl1;
  }
  return {{c0, c1, c2, c3}};
}

// In [0, 1): 24 bits, so that it is exact in a float and never 1.
constexpr float uniform(unsigned long long seed, unsigned long long counter) {
  return static_cast<float>(philox(seed, counter).word[0] >> 8) * 0x1p-24f;
}

// ln(1 + f) for |f| <= 0.42, to some 2 ulp: 2 atanh(f / (2 + f)) by its series.
constexpr float log_near_one(float f) {
  const float s = f / (2.0f + f);
  const float z = s * s;
  const float rest =
      z * (1.0f / 3 + z * (1.0f / 5 + z * (1.0f / 7 + z * (1.0f / 9 + z * (1.0f / 11)))));
  return 2.0f * s + 2.0f * s * rest;
}

// ln(x) for a normal, finite x > 0, to some 2 ulp.
constexpr float natural_log(float x) {
  constexpr float kLn2High = 0x1.63p-1f, kLn2Low = -0x1.bd0106p-13f;  // an exact multiple, the rest
  const auto bits = __builtin_bit_cast(unsigned int, x);
  int exponent = static_cast<int>(bits >> 23) - 127;
  float m = __builtin_bit_cast(float, (bits & 0x7fffffU) | 0x3f800000U);  // [1, 2)
  if (m > 1.41421356f) {
    m *= 0.5f;
    ++exponent;
  }
  const auto e = static_cast<float>(exponent);
  return e * kLn2High + (log_near_one(m - 1.0f) + e * kLn2Low);
}

// A draw of the standard Gumbel distribution from 32 random bits: -ln(-ln(1 - v)), v uniform in
// (0, 1). Near v = 0, where the great draws are, v is as fine as its 32 bits.
constexpr float gumbel(unsigned int bits) {
  constexpr float kBelowOne = 0x1.fffffep-1f;
  float v = (static_cast<float>(bits) + 0.5f) * 0x1p-32f;
  if (v > kBelowOne) v = kBelowOne;
  const float e = v < 0.25f ? -log_near_one(-v) : -natural_log(1.0f - v);
  return -natural_log(e);
}
// No draw is greater: -ln(-ln(1 - 2^-33)) = 22.874.
inline constexpr float kMaxGumbel = 22.875f;

// The draws of tokens 4 g to 4 g + 3 at a position: word i is token 4 g + i's.
constexpr RandomWords token_words(unsigned long long seed, unsigned int position, unsigned int g) {
  constexpr unsigned long long kStream = 1ULL << 32;  // apart from plain uniform()
  return philox(seed, position, kStream | g);
}

// A token is drawn with the probabilities softmax(logit / temperature) by taking the one with the
// greatest logit / temperature + gumbel (Gumbel, 1954; the "Gumbel-max trick"), each with a draw of
// its own. So a choice needs neither a sum nor an order, and dropping other tokens does not change
// it. With temperature 0 it is the likeliest. Compared in pairs, nothing overflows, whatever the
// temperature; two that neither beats (equal, or both infinite) go by the lower id.
struct Pick {
  float logit;  // -inf is never drawn: leave it out
  float draw;   // gumbel(...), or 0 at temperature 0
  int id;       // -1: none yet
};
constexpr bool beats(const Pick& a, const Pick& b, float temperature) {
  if (a.id < 0 || b.id < 0) return a.id >= 0 && b.id < 0;
  const float lead = a.logit - b.logit, odds = (b.draw - a.draw) * temperature;
  if (lead > odds) return true;
  if (lead < odds) return false;
  return a.id < b.id;
}

}  // namespace rocmforge
