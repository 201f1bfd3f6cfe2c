// The angles of the rotary embedding, computed by the host for each step: no kernel needs sin, cos
// or pow.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "model/hyper_params.h"

namespace rocmforge::engine {

class RopeRows {
 public:
  // `factors`: divisors of the frequencies, n_rot / 2 of them, or empty.
  RopeRows(const model::RopeParams& params, std::span<const float> factors);

  // out[2i], out[2i+1] = magnitude * (cos, sin) of position * frequency_i; n_rot floats.
  void write(std::int32_t position, std::span<float> out) const;

 private:
  double magnitude_;
  std::vector<double> frequencies_;  // radians a position, n_rot / 2
};

}  // namespace rocmforge::engine
