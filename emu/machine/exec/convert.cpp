// Between number formats: to nearest even, towards zero to integers, saturating.
#include <algorithm>

#include "machine/exec/vector_map.h"
#include "machine/exec/vector_rows.h"

namespace rocmforge::emu {
namespace {

float byte(std::uint32_t x, int number) {
  return static_cast<float>(x >> (8 * number) & 0xffU);
}

std::uint32_t pair(std::uint32_t low, std::uint32_t high) {
  return (low & 0xffffU) | high << 16;
}

std::uint32_t unsigned_short(std::uint32_t x) {
  return x < 0xffffU ? x : 0xffffU;
}
std::uint32_t signed_short(std::int32_t x) {
  return static_cast<std::uint16_t>(saturated<std::int16_t>(x));
}

// Where the exact result is half between integers, the one above.
float nearest_up(float x) {
  return static_cast<float>(std::floor(static_cast<double>(x) + 0.5));
}

std::uint8_t to_byte(std::int16_t x) {
  return saturated<std::uint8_t>(x);
}

constexpr HandlerRow kRows[] = {
    row("v_cvt_f32_i32", [](std::int32_t a) { return static_cast<float>(a); }),
    row("v_cvt_f32_u32", [](std::uint32_t a) { return static_cast<float>(a); }),
    row("v_cvt_i32_f32", [](float a) { return to_integer<std::int32_t>(a); }),
    row("v_cvt_u32_f32", [](float a) { return to_integer<std::uint32_t>(a); }),
    row("v_cvt_nearest_i32_f32", [](float a) { return to_integer<std::int32_t>(nearest_up(a)); }),
    row("v_cvt_floor_i32_f32", [](float a) { return to_integer<std::int32_t>(std::floor(a)); }),
    row("v_cvt_f16_f32", [](float a) { return Half{a}; }),
    row("v_cvt_f32_f16", [](Half a) { return quiet(a.value); }),
    row("v_cvt_off_f32_i4",
        [](std::uint32_t a) {
          return static_cast<float>(static_cast<std::int32_t>((a & 15U) ^ 8U) - 8) * 0.0625F;
        }),
    row("v_cvt_f32_ubyte0", [](std::uint32_t a) { return byte(a, 0); }),
    row("v_cvt_f32_ubyte1", [](std::uint32_t a) { return byte(a, 1); }),
    row("v_cvt_f32_ubyte2", [](std::uint32_t a) { return byte(a, 2); }),
    row("v_cvt_f32_ubyte3", [](std::uint32_t a) { return byte(a, 3); }),
    row("v_cvt_f64_f32", [](float a) { return static_cast<double>(a); }),
    row("v_cvt_f32_f64", [](double a) { return static_cast<float>(a); }),
    row("v_cvt_f64_i32", [](std::int32_t a) { return static_cast<double>(a); }),
    row("v_cvt_f64_u32", [](std::uint32_t a) { return static_cast<double>(a); }),
    row("v_cvt_i32_f64", [](double a) { return to_integer<std::int32_t>(a); }),
    row("v_cvt_u32_f64", [](double a) { return to_integer<std::uint32_t>(a); }),
    row("v_cvt_f16_u16", [](std::uint16_t a) { return Half{static_cast<float>(a)}; }),
    row("v_cvt_f16_i16", [](std::int16_t a) { return Half{static_cast<float>(a)}; }),
    row("v_cvt_u16_f16", [](Half a) { return to_integer<std::uint16_t>(a.value); }),
    row("v_cvt_i16_f16", [](Half a) { return to_integer<std::int16_t>(a.value); }),
    row("v_cvt_i32_i16", [](std::int16_t a) { return std::int32_t{a}; }),
    row("v_cvt_u32_u16", [](std::uint16_t a) { return std::uint32_t{a}; }),
    row("v_cvt_pk_rtz_f16_f32",
        [](float a, float b) {
          return pair(f32_to_f16_towards_zero(a), f32_to_f16_towards_zero(b));
        }),
    row("v_cvt_pk_i16_f32",
        [](float a, float b) {
          return pair(signed_short(to_integer<std::int32_t>(a)),
                      signed_short(to_integer<std::int32_t>(b)));
        }),
    row("v_cvt_pk_u16_f32",
        [](float a, float b) {
          return pair(unsigned_short(to_integer<std::uint32_t>(a)),
                      unsigned_short(to_integer<std::uint32_t>(b)));
        }),
    row("v_cvt_pk_u16_u32",
        [](std::uint32_t a, std::uint32_t b) {
          return pair(unsigned_short(a), unsigned_short(b));
        }),
    row("v_cvt_pk_i16_i32",
        [](std::int32_t a, std::int32_t b) { return pair(signed_short(a), signed_short(b)); }),
    row("v_pack_b32_f16",
        [](std::uint16_t a, std::uint16_t b) { return pair(a, std::uint32_t{b}); }),
    row("v_sat_pk_u8_i16",
        [](std::uint32_t a) {
          return static_cast<std::uint16_t>(to_byte(static_cast<std::int16_t>(a)) |
                                            to_byte(static_cast<std::int16_t>(a >> 16)) << 8);
        }),
};

}  // namespace

std::span<const HandlerRow> convert_rows() {
  return kRows;
}

}  // namespace rocmforge::emu
