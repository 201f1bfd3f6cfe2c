#include "emu/vector_rig.h"

#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <cmath>
#include <cstring>

#include "emu/vector_reference.h"
#include "emu/vector_words.h"
#include "isa/decode.h"
#include "machine/exec/handlers.h"

namespace rocmforge::emu {
namespace {

constexpr std::uint64_t kF16Values[] = {0,      0x8000, 1,      0x8001, 0x3ff,  0x83ff, 0x400,
                                        0x3c00, 0xbc00, 0x3c01, 0x3bff, 0x3800, 0x4000, 0x4200,
                                        0x3e00, 0xc100, 0x7bff, 0xfbff, 0x7c00, 0xfc00, 0x7e00,
                                        0x7c01, 0xfe01, 0x5bff, 0x6400, 0x7800, 0x1400, 0x77ff};
constexpr std::uint64_t kF32Values[] = {
    0,          0x80000000, 1,          0x80000001, 0x007fffff, 0x807fffff, 0x00800000, 0x3f800000,
    0xbf800000, 0x3f800001, 0x3f7fffff, 0x3f000000, 0xbf000000, 0x40000000, 0x40200000, 0xc0200000,
    0x3fc00000, 0x7f7fffff, 0xff7fffff, 0x7f800000, 0xff800000, 0x7fc00000, 0x7f800001, 0xffa00000,
    0x4f000000, 0x4effffff, 0x4f800000, 0xcf000000, 0xcf000001, 0x477fe000, 0x477fefff, 0x477ff000,
    0x33800000, 0x33000000, 0x33000001, 0x387fc000, 0x38800000, 0x00100000, 0x7e800000, 0x7f000000,
    0x47000000, 0xc7000100, 0x42fe0000, 0xc2fc0000, 0xc3150000, 0x46fffe00, 0x4b000000, 0x4b7fffff};
constexpr std::uint64_t kF64Values[] = {0,
                                        0x8000000000000000,
                                        1,
                                        0x800fffffffffffff,
                                        0x0010000000000000,
                                        0x3ff0000000000000,
                                        0xbff0000000000000,
                                        0x3ff0000000000001,
                                        0x3fefffffffffffff,
                                        0x3fe0000000000000,
                                        0x4004000000000000,
                                        0xc004000000000000,
                                        0x7fefffffffffffff,
                                        0xffefffffffffffff,
                                        0x7ff0000000000000,
                                        0xfff0000000000000,
                                        0x7ff8000000000000,
                                        0x7ff0000000000001,
                                        0x41dfffffffc00000,
                                        0x41e0000000000000,
                                        0x41efffffffe00000,
                                        0xc1e0000000000000,
                                        0x7fd0000000000000,
                                        0x47efffffe0000000,
                                        0x36a0000000000000,
                                        0x3690000000000001};
constexpr std::uint64_t kIntegers[] = {
    0,          1,          2,          3,          15,         16,        31,         32,
    33,         63,         0x7f,       0x80,       0xff,       0x100,     0x7fff,     0x8000,
    0xffff,     0x10000,    0x7fffff,   0x800000,   0xffffff,   0x1000000, 0x7fffffff, 0x80000000,
    0x80000001, 0xfffffffe, 0xffffffff, 0x01020304, 0x0c0d0b0a, 0x08090706};

template <std::size_t kN>
std::uint64_t one_of(const std::uint64_t (&values)[kN], std::mt19937& engine) {
  return values[engine() % kN];
}

std::uint64_t width_mask(Type type) {
  if (type == Type::kB16 || type == Type::kF16) return 0xffff;
  if (type == Type::kMask) return 1;
  return registers_of(type) == 2 ? ~std::uint64_t{0} : 0xffffffff;
}

struct Format {
  int mantissa;
  std::uint64_t sign;
};
bool same_float(Format f, std::uint64_t got, std::uint64_t expected, std::uint64_t ulps) {
  const std::uint64_t infinity = (f.sign - 1) & ~((std::uint64_t{1} << f.mantissa) - 1);
  const auto nan = [&](std::uint64_t x) { return (x & ~f.sign) > infinity; };
  if (nan(expected)) return nan(got) && (got >> (f.mantissa - 1) & 1) != 0;
  if (got == expected) return true;
  if (nan(got)) return false;
  const auto rank = [&](std::uint64_t x) {
    const auto size = static_cast<std::int64_t>(x & ~f.sign);
    return (x & f.sign) != 0 ? -size : size;
  };
  const std::int64_t apart = rank(got) - rank(expected);
  return ulps > 0 && static_cast<std::uint64_t>(apart < 0 ? -apart : apart) <= ulps;
}

}  // namespace

VectorRig::VectorRig() {
  wave.mode = kHipMode;
  wave.set_exec(0xffffffff);
  randomize();
  for (int i = 0; i < kVccLo; ++i) wave.s[static_cast<std::size_t>(i)] = random();
  wave.s[kVccLo] = random();
}

void VectorRig::randomize() {
  for (Lanes& lanes : wave.v) {
    for (std::uint32_t& x : lanes.x) x = random();
  }
}

void VectorRig::set_exec(std::uint32_t mask) {
  wave.set_exec(mask);
}

Inst VectorRig::decoded(std::string_view text) {
  for (const Assembled& each : kAssembled) {
    if (each.text == text) return decode(each.words, 0x1000);
  }
  throw std::runtime_error("not in vector_words.h: " + std::string(text));
}

void VectorRig::run(const Inst& inst) {
  Step step;
  step.inst = inst;
  step.run = find_handler(inst);
  ASSERT_NE(step.run, nullptr) << inst.opcode->name;
  step.run(wave, step);
}

std::uint64_t VectorRig::read(const Operand& operand, Type type, int lane) const {
  const auto sgpr = [&](int i) { return std::uint64_t{wave.s[static_cast<std::size_t>(i)]}; };
  if (type == Type::kMask) return sgpr(operand.index) >> lane & 1;
  std::uint64_t value = 0;
  if (operand.is_vgpr()) {
    value = wave.v[operand.index].x[lane];
    if (registers_of(type) == 2) {
      value |= std::uint64_t{wave.v[operand.index + std::size_t{1}].x[lane]} << 32;
    }
  } else if (operand.is_sgpr()) {
    value = sgpr(operand.index);
    if (registers_of(type) == 2) value |= sgpr(operand.index + 1) << 32;
  } else {
    value = operand.constant;
  }
  const bool is_short = type == Type::kB16 || type == Type::kF16;
  return (is_short && operand.high ? value >> 16 : value) & width_mask(type);
}

void VectorRig::write(const Operand& operand, Type type, int lane, std::uint64_t value) {
  if (type == Type::kMask) {
    std::uint32_t& mask = wave.s[operand.index];
    mask = (mask & ~(1U << lane)) | static_cast<std::uint32_t>(value & 1) << lane;
    return;
  }
  if (!operand.is_vgpr()) return;
  std::uint32_t& low = wave.v[operand.index].x[lane];
  if (type == Type::kB16 || type == Type::kF16) {
    const int shift = operand.high ? 16 : 0;
    low = (low & ~(0xffffU << shift)) | static_cast<std::uint32_t>(value & 0xffff) << shift;
    return;
  }
  low = static_cast<std::uint32_t>(value);
  if (registers_of(type) == 2) {
    wave.v[operand.index + std::size_t{1}].x[lane] = static_cast<std::uint32_t>(value >> 32);
  }
}

std::uint64_t telling_value(Type type, std::mt19937& engine) {
  const bool telling = engine() % 4 != 0;
  const std::uint64_t any = std::uint64_t{engine()} << 32 | engine();
  switch (type) {
    case Type::kF16:
      return telling ? one_of(kF16Values, engine) : any & 0xffff;
    case Type::kPkF16:
      return telling_value(Type::kF16, engine) | telling_value(Type::kF16, engine) << 16;
    case Type::kPkBF16:
      return (telling_value(Type::kF32, engine) >> 16) |
             (telling_value(Type::kF32, engine) & 0xffff0000);
    case Type::kPk16:
      return telling_value(Type::kB16, engine) | telling_value(Type::kB16, engine) << 16;
    case Type::kF32:
      if (engine() % 4 == 0) {  // of like size, so that sums and quotients meet
        return (any & 0x807fffff) | (120 + (any >> 40) % 16) << 23;
      }
      return telling ? one_of(kF32Values, engine) : any & 0xffffffff;
    case Type::kF64:
      if (engine() % 4 == 0) return (any & 0x800fffffffffffff) | (1016 + any % 16) << 52;
      return telling ? one_of(kF64Values, engine) : any;
    case Type::kB64:
      return telling ? one_of(kIntegers, engine) | one_of(kIntegers, engine) << 32 : any;
    case Type::kB16:
      return (telling ? one_of(kIntegers, engine) : any) & 0xffff;
    case Type::kMask:
      return any & 1;
    default:
      return telling ? one_of(kIntegers, engine) : any & 0xffffffff;
  }
}

bool same(Type type, std::uint64_t got, std::uint64_t expected, std::uint64_t ulps) {
  switch (type) {
    case Type::kF16:
      return same_float({10, 0x8000}, got, expected, ulps);
    case Type::kPkF16:
      return same(Type::kF16, got & 0xffff, expected & 0xffff, ulps) &&
             same(Type::kF16, got >> 16, expected >> 16, ulps);
    case Type::kF32:
      return same_float({23, 0x80000000}, got, expected, ulps);
    case Type::kF64:
      return same_float({52, 0x8000000000000000}, got, expected, ulps);
    default:
      return got == expected;
  }
}

namespace {

constexpr int kRounds = 96;

std::uint32_t exec_of(int round, VectorRig& rig) {
  if (round % 3 == 0) return 0xffffffff;
  if (round % 16 == 1) return 1U << rig.random() % 32;
  if (round % 16 == 7) return 0;
  return rig.random();
}

bool is_in_range(const Opcode& opcode, std::uint64_t x) {
  if (!opcode.name.starts_with("v_sin") && !opcode.name.starts_with("v_cos")) return true;
  const double value = opcode.src[0] == Type::kF16
                           ? f16_value(x)
                           : double{std::bit_cast<float>(static_cast<std::uint32_t>(x))};
  return !(std::fabs(value) > 256);
}

// An operand as the operation sees it: halves chosen, signs changed.
std::uint64_t as_seen(const Operand& operand, Type type, std::uint64_t x) {
  if (type == Type::kPk16 || type == Type::kPkF16) {
    const std::uint64_t low = operand.high ? x >> 16 : x & 0xffff;
    const std::uint64_t high = operand.high_of_high ? x >> 16 : x & 0xffff;
    return (operand.negate ? low ^ 0x8000 : low) | (operand.negate_high ? high ^ 0x8000 : high)
                                                       << 16;
  }
  const std::uint64_t sign = (width_mask(type) >> 1) + 1;
  if (operand.absolute) x &= ~sign;
  return operand.negate ? x ^ sign : x;
}

// One set of values in all lanes, and what must come of it.
void check_round(VectorRig& rig, const Inst& inst, const Reference& reference, int round) {
  const Opcode& opcode = *inst.opcode;
  Wave& wave = rig.wave;
  rig.randomize();
  rig.set_exec(exec_of(round, rig));
  wave.s[kVccLo] = rig.random();
  LaneInput inputs[kLanes];
  for (int lane = 0; lane < kLanes; ++lane) {
    for (int k = 0; k < 3 && opcode.src[k] != Type::kNone; ++k) {
      std::uint64_t value = telling_value(opcode.src[k], rig.engine);
      while (!is_in_range(opcode, value)) value = telling_value(opcode.src[k], rig.engine);
      // v_div_scale is given one of the other two.
      if (opcode.name.starts_with("v_div_scale") && k == 2) {
        rig.write(inst.src[0], opcode.src[0], lane,
                  rig.random() % 2 == 0 ? value : rig.read(inst.src[1], opcode.src[1], lane));
      }
      rig.write(inst.src[k], opcode.src[k], lane, value);
    }
    for (int k = 0; k < 3 && opcode.src[k] != Type::kNone; ++k) {
      inputs[lane].x[k] =
          as_seen(inst.src[k], opcode.src[k], rig.read(inst.src[k], opcode.src[k], lane));
    }
    inputs[lane].vcc = (wave.vcc() >> lane & 1) != 0;
    inputs[lane].lane = lane;
  }
  const std::uint32_t exec = wave.exec();
  const auto before = std::make_unique<Wave>(wave);
  rig.run(inst);
  const bool narrows = opcode.implicit.writes_exec;
  if (!narrows) {
    ASSERT_EQ(wave.exec(), exec);
  }
  for (int lane = 0; lane < kLanes; ++lane) {
    const bool active = (exec >> lane & 1) != 0;
    LaneInput& in = inputs[lane];
    const LaneOutput expected = reference.compute(in);
    Type type = opcode.dst;
    if (narrows) type = Type::kMask;
    const Operand dst =
        narrows ? Operand{.kind = Operand::Kind::kSgpr, .index = kExecLo, .n = 1} : inst.dst;
    const std::uint64_t got = rig.read(dst, type, lane);
    std::uint64_t wanted = expected.value;
    if (!active)
      wanted = type == Type::kMask ? 0 : [&] {
        std::swap(*before, wave);
        const std::uint64_t old = rig.read(dst, type, lane);
        std::swap(*before, wave);
        return old;
      }();
    ASSERT_TRUE(active ? same(type, got, wanted, reference.ulps) : got == wanted)
        << std::hex << "lane " << lane << (active ? "" : " (inactive)") << ": of " << in.x[0]
        << ", " << in.x[1] << ", " << in.x[2] << " vcc " << in.vcc << " came " << got << ", not "
        << wanted;
    if (opcode.dst2 == Type::kMask && inst.dst2.index != kNull) {
      ASSERT_EQ(rig.read(inst.dst2, Type::kMask, lane), active && expected.bit ? 1U : 0U)
          << std::hex << "carry of " << in.x[0] << ", " << in.x[1] << ", " << in.x[2];
    }
    if (type == Type::kB16 || type == Type::kF16) {
      const std::uint32_t other = inst.dst_high ? 0xffffU : 0xffff0000U;
      ASSERT_EQ(wave.v[dst.index].x[lane] & other, before->v[dst.index].x[lane] & other);
    }
  }
  // Nothing else is written.
  for (std::size_t i = 0; i < 256; ++i) {
    const bool is_dst =
        inst.dst.is_vgpr() && i >= inst.dst.index && i < std::size_t{inst.dst.index} + inst.dst.n;
    if (is_dst) continue;
    ASSERT_EQ(std::memcmp(&wave.v[i], &before->v[i], sizeof(Lanes)), 0) << "v" << i;
  }
}

}  // namespace

void check_against_reference(const std::string& text) {
  SCOPED_TRACE(text);
  const Inst inst = VectorRig::decoded(text);
  const auto found = references().find(std::string(inst.opcode->name));
  ASSERT_NE(found, references().end());
  VectorRig rig;
  for (int round = 0; round < kRounds; ++round) {
    check_round(rig, inst, found->second, round);
    if (::testing::Test::HasFatalFailure()) return;
  }
}

}  // namespace rocmforge::emu
