// v_cmp: a bit a lane, 0 for the lanes that are not active. v_cmpx: into EXEC.
#include <deque>
#include <string>

#include "machine/exec/vector_map.h"
#include "machine/exec/vector_rows.h"

namespace rocmforge::emu {
namespace {

struct Rows {
  std::vector<HandlerRow> rows;
  std::deque<std::string> names;  // that the rows view

  template <class F>
  void add(const std::string& operation, F) {
    rows.push_back({names.emplace_back("v_cmp_" + operation), &run_map<F>});
    rows.push_back({names.emplace_back("v_cmpx_" + operation), &run_map_narrowing<F>});
  }
};

template <class T>
auto number(T x) {
  if constexpr (std::is_same_v<T, Half>) {
    return x.value;
  } else {
    return x;
  }
}
template <class T>
bool ordered(T a, T b) {
  return number(a) == number(a) && number(b) == number(b);
}

// Named for what holds; "n" before it: for what does not, so that it is true of NaNs.
template <class T>
void add_order(Rows& rows, const std::string& type) {
  rows.add("lt_" + type, [](T a, T b) { return number(a) < number(b); });
  rows.add("eq_" + type, [](T a, T b) { return number(a) == number(b); });
  rows.add("le_" + type, [](T a, T b) { return number(a) <= number(b); });
  rows.add("gt_" + type, [](T a, T b) { return number(a) > number(b); });
  rows.add("ge_" + type, [](T a, T b) { return number(a) >= number(b); });
  if (sizeof(T) > 2) {
    rows.add("f_" + type, [](T, T) { return false; });
    rows.add("t_" + type, [](T, T) { return true; });
  }
}
template <class T>
void add_integer(Rows& rows, const std::string& type) {
  add_order<T>(rows, type);
  rows.add("ne_" + type, [](T a, T b) { return a != b; });
}
template <class T>
void add_float(Rows& rows, const std::string& type) {
  add_order<T>(rows, type);
  rows.add("lg_" + type, [](T a, T b) { return number(a) < number(b) || number(a) > number(b); });
  rows.add("o_" + type, [](T a, T b) { return ordered(a, b); });
  rows.add("u_" + type, [](T a, T b) { return !ordered(a, b); });
  rows.add("nge_" + type, [](T a, T b) { return !(number(a) >= number(b)); });
  rows.add("nlg_" + type,
           [](T a, T b) { return !(number(a) < number(b) || number(a) > number(b)); });
  rows.add("ngt_" + type, [](T a, T b) { return !(number(a) > number(b)); });
  rows.add("nle_" + type, [](T a, T b) { return !(number(a) <= number(b)); });
  rows.add("neq_" + type, [](T a, T b) { return !(number(a) == number(b)); });
  rows.add("nlt_" + type, [](T a, T b) { return !(number(a) < number(b)); });
}

// Which bit of v_cmp_class's mask is the number's.
template <class T>
int class_of(T x) {
  if (is_nan(x)) return is_signalling(x) ? 0 : 1;
  const int from_zero = is_infinite(x) ? 3 : is_denormal(x) ? 1 : x == 0 ? 0 : 2;
  return is_negative(x) ? 5 - from_zero : 6 + from_zero;
}
int class_of_f16(std::uint16_t bits) {
  const float x = f16_to_f32(bits);
  const bool denormal = (bits & 0x7c00U) == 0 && x != 0;
  return denormal ? (x < 0 ? 4 : 7) : class_of(x);
}
bool bit(std::uint32_t mask, int number) {
  return (mask >> number & 1U) != 0;
}

Rows all_rows() {
  Rows rows;
  add_float<Half>(rows, "f16");
  add_float<float>(rows, "f32");
  add_float<double>(rows, "f64");
  add_integer<std::int16_t>(rows, "i16");
  add_integer<std::uint16_t>(rows, "u16");
  add_integer<std::int32_t>(rows, "i32");
  add_integer<std::uint32_t>(rows, "u32");
  add_integer<std::int64_t>(rows, "i64");
  add_integer<std::uint64_t>(rows, "u64");
  // Bits, not numbers: a denormal is one whatever MODE says.
  rows.add("class_f16",
           [](std::uint16_t x, std::uint16_t mask) { return bit(mask, class_of_f16(x)); });
  rows.add("class_f32", [](std::uint32_t x, std::uint32_t mask) {
    return bit(mask, class_of(std::bit_cast<float>(x)));
  });
  rows.add("class_f64", [](std::uint64_t x, std::uint32_t mask) {
    return bit(mask, class_of(std::bit_cast<double>(x)));
  });
  return rows;
}

}  // namespace

std::span<const HandlerRow> compare_rows() {
  static const Rows kRows = all_rows();
  return kRows.rows;
}

}  // namespace rocmforge::emu
