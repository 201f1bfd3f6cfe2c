// The rows of vector_handlers(), by kind.
#pragma once

#include <initializer_list>
#include <span>
#include <vector>

#include "machine/exec/handlers.h"

namespace rocmforge::emu {

std::span<const HandlerRow> float_rows();    // f32, f16, f64 arithmetic
std::span<const HandlerRow> convert_rows();  // between formats
std::span<const HandlerRow> divide_rows();   // v_div_*
std::span<const HandlerRow> integer_rows();  // 32 and 64 bits; moves
std::span<const HandlerRow> short_rows();    // 16-bit integers
std::span<const HandlerRow> compare_rows();  // v_cmp, v_cmpx
std::span<const HandlerRow> dual_rows();     // VOPD

inline std::vector<HandlerRow> joined(std::initializer_list<std::span<const HandlerRow>> parts) {
  std::vector<HandlerRow> rows;
  for (const auto part : parts) rows.insert(rows.end(), part.begin(), part.end());
  return rows;
}

}  // namespace rocmforge::emu
