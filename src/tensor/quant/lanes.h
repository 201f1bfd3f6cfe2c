// Four floats at once, for the encoders' searches: vectors of the compiler's, which every target
// has, so that results are the same everywhere.
#pragma once

#include <cstring>

namespace rocmforge::quant {

using Lanes = float __attribute__((vector_size(16)));
inline constexpr int kLanes = 4;

inline Lanes all_lanes(float x) {
  return Lanes{x, x, x, x};
}

inline Lanes lanes_at(const float* x) {
  Lanes out;
  std::memcpy(&out, x, sizeof(out));
  return out;
}

inline float sum(Lanes x) {
  return (x[0] + x[2]) + (x[1] + x[3]);
}

inline Lanes magnitudes(Lanes x) {
  return x > -x ? x : -x;
}

// nearest_whole of each; low and high are whole.
inline Lanes nearest_whole(Lanes x, float low, float high) {
  constexpr float kNoFraction = 0x1.8p23f;  // as round.h has it
  const Lanes least = all_lanes(low), most = all_lanes(high), shift = all_lanes(kNoFraction);
  x = x > least ? x : least;
  x = x < most ? x : most;
  return x + shift - shift;
}

}  // namespace rocmforge::quant
