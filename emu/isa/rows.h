// What the tables of opcodes are written with: one function an encoding that makes a row.
#pragma once

#include <initializer_list>

#include "isa/opcode.h"

namespace rocmforge::emu {

constexpr Implicit operator|(Implicit a, Implicit b) {
  return {a.reads_scc || b.reads_scc,   a.writes_scc || b.writes_scc,   a.reads_vcc || b.reads_vcc,
          a.reads_exec || b.reads_exec, a.writes_exec || b.writes_exec, a.reads_m0 || b.reads_m0};
}
inline constexpr Implicit kReadsScc{.reads_scc = true}, kWritesScc{.writes_scc = true},
    kReadsVcc{.reads_vcc = true}, kReadsExec{.reads_exec = true}, kWritesExec{.writes_exec = true},
    kReadsM0{.reads_m0 = true};

constexpr void set(Opcode& row, Class kind) {
  row.kind = kind;
}
constexpr void set(Opcode& row, Form form) {
  row.form = form;
}
constexpr void set(Opcode& row, Implicit implicit) {
  row.implicit = implicit;
}

struct RowOf {
  Encoding encoding;
  Class kind;
  Type dst2 = Type::kNone;

  template <typename... Extras>
  constexpr Opcode operator()(std::uint16_t number, std::string_view name, Type dst,
                              std::initializer_list<Type> src, Extras... extras) const {
    Opcode row{.name = name, .encoding = encoding, .number = number, .kind = kind};
    row.dst = dst;
    row.dst2 = dst2;
    int at = 0;
    bool is_double = dst == Type::kF64;
    for (const Type type : src) {
      row.src[at++] = type;
      is_double = is_double || type == Type::kF64;
    }
    if (is_double && kind == Class::kValu) row.kind = Class::kDouble;
    (set(row, extras), ...);
    return row;
  }
};
inline constexpr RowOf sop1{Encoding::kSop1, Class::kSalu}, sop2{Encoding::kSop2, Class::kSalu},
    sopk{Encoding::kSopk, Class::kSalu}, sopc{Encoding::kSopc, Class::kSalu},
    sopp{Encoding::kSopp, Class::kOther}, smem{Encoding::kSmem, Class::kSmem},
    vop1{Encoding::kVop1, Class::kValu}, vop2{Encoding::kVop2, Class::kValu},
    vop2_carry{Encoding::kVop2, Class::kValu, Type::kMask}, vopc{Encoding::kVopc, Class::kValu},
    vop3{Encoding::kVop3, Class::kValu}, vop3sd{Encoding::kVop3sd, Class::kValu, Type::kMask},
    vop3p{Encoding::kVop3p, Class::kValu}, vopd_x{Encoding::kVopdX, Class::kValu},
    vopd_y{Encoding::kVopdY, Class::kValu}, ds{Encoding::kDs, Class::kLds};

constexpr Opcode mubuf(std::uint16_t number, std::string_view name) {
  return {.name = name, .encoding = Encoding::kMubuf, .number = number, .kind = Class::kOther};
}

// FLAT, GLOBAL, SCRATCH: the addresses follow from the encoding.
struct MemoryRowOf {
  Encoding encoding;
  Type address, base;

  constexpr Opcode operator()(std::uint16_t number, std::string_view name, Class kind, Type dst,
                              Type data, Form form = Form::kPlain) const {
    return {.name = name,
            .encoding = encoding,
            .number = number,
            .kind = kind,
            .dst = dst,
            .src = {address, data, base},
            .form = form};
  }
};
inline constexpr MemoryRowOf flat{Encoding::kFlat, Type::kB64, Type::kNone},
    global{Encoding::kGlobal, Type::kB64, Type::kB64},
    scratch{Encoding::kScratch, Type::kB32, Type::kB32};

// The tables.
std::span<const Opcode> scalar_rows();
std::span<const Opcode> control_rows();
std::span<const Opcode> vop12_rows();
std::span<const Opcode> vopc_rows();
std::span<const Opcode> vop3_rows();
std::span<const Opcode> vopd_rows();
std::span<const Opcode> ds_rows();
std::span<const Opcode> memory_rows();

}  // namespace rocmforge::emu
