#include "check/rules.h"

#include <string_view>

namespace rocmforge::emu {
namespace {

struct Named {
  std::string_view name;
  Rule rule;
};

constexpr Named kVector[] = {
    {"v_nop", Rule::kNone},
    {"v_pipeflush", Rule::kNone},
    {"v_mov_b32", Rule::kBitwise},
    {"v_not_b32", Rule::kBitwise},
    {"v_xor3_b32", Rule::kBitwise},
    {"v_or3_b32", Rule::kOr},
    {"v_xor_b32", Rule::kSame},
    {"v_sub_nc_u32", Rule::kSubtract},
    {"v_subrev_nc_u32", Rule::kSubtract},
    {"v_sub_nc_i32", Rule::kSubtract},
    {"v_add_nc_u32", Rule::kCarry},
    {"v_add_nc_i32", Rule::kCarry},
    {"v_add3_u32", Rule::kCarry},
    {"v_mul_lo_u32", Rule::kCarry},
    {"v_mul_u32_u24", Rule::kCarry},
    {"v_mul_i32_i24", Rule::kCarry},
    {"v_mad_u32_u24", Rule::kCarry},
    {"v_mad_i32_i24", Rule::kCarry},
    {"v_and_b32", Rule::kAnd},
    {"v_or_b32", Rule::kOr},
    {"v_and_or_b32", Rule::kAndOr},
    {"v_lshlrev_b32", Rule::kShiftLeft},
    {"v_lshrrev_b32", Rule::kShiftRight},
    {"v_ashrrev_i32", Rule::kShiftSigned},
    {"v_lshl_or_b32", Rule::kShiftOr},
    {"v_bfi_b32", Rule::kInsert},
    {"v_bfe_u32", Rule::kExtract},
    {"v_bfe_i32", Rule::kExtract},
    {"v_alignbit_b32", Rule::kAlignBit},
    {"v_alignbyte_b32", Rule::kAlignByte},
    {"v_perm_b32", Rule::kPermute},
    {"v_pack_b32_f16", Rule::kPackHalves},
    {"v_cvt_f32_ubyte0", Rule::kUnsignedByte},
    {"v_cvt_f32_ubyte1", Rule::kUnsignedByte},
    {"v_cvt_f32_ubyte2", Rule::kUnsignedByte},
    {"v_cvt_f32_ubyte3", Rule::kUnsignedByte},
    {"v_cndmask_b32", Rule::kSelect},
    {"v_cndmask_b16", Rule::kSelect},
    {"v_fma_mix_f32", Rule::kMix},
    {"v_fma_mixlo_f16", Rule::kMix},
    {"v_fma_mixhi_f16", Rule::kMix},
    {"v_lshlrev_b64", Rule::kLow64},
    {"v_mad_u64_u32", Rule::kLow64},
    {"v_mad_i64_i32", Rule::kLow64},
    {"v_readfirstlane_b32", Rule::kReadFirstLane},
    {"v_readlane_b32", Rule::kReadLane},
    {"v_writelane_b32", Rule::kWriteLane},
    {"v_permlane16_b32", Rule::kPermlane},
    {"v_permlanex16_b32", Rule::kPermlane},
    {"v_swap_b32", Rule::kSwap},
};

// By the name without its width.
constexpr Named kScalarNames[] = {
    {"s_mov", Rule::kScalarMove},
    {"s_not", Rule::kScalarMove},
    {"s_brev", Rule::kScalar},
    {"s_and", Rule::kScalarAnd},
    {"s_nand", Rule::kScalarAnd},
    {"s_and_not1", Rule::kScalarAndNot},
    {"s_or", Rule::kScalarOr},
    {"s_nor", Rule::kScalarOr},
    {"s_or_not1", Rule::kScalarOrNot},
    {"s_xor", Rule::kScalarXor},
    {"s_xnor", Rule::kScalarXor},
    {"s_cselect", Rule::kScalarSelect},
    {"s_cmov", Rule::kScalarConditional},
    {"s_cmovk", Rule::kScalarConditional},
};

Rule vector_rule(const Operation& operation) {
  std::string_view name = operation.opcode->name;
  constexpr std::string_view kDual = "v_dual_";
  if (name.starts_with(kDual)) {
    for (const Named& named : kVector) {
      if (named.name.substr(2) == name.substr(kDual.size())) return named.rule;
    }
    return Rule::kAll;
  }
  for (const Named& named : kVector) {
    if (named.name == name) return named.rule;
  }
  const Opcode& opcode = *operation.opcode;
  if (opcode.kind == Class::kWmma) return Rule::kWmma;
  if (opcode.dst == Type::kMask || name.starts_with("v_cmp")) return Rule::kMask;
  if (name.starts_with("v_pk_") || opcode.dst == Type::kPkBF16) return Rule::kPacked;
  return operation.dst.n > 1 ? Rule::kWide : Rule::kAll;
}

Rule scalar_rule(const Opcode& opcode) {
  const std::string_view name = opcode.name;
  if (name.ends_with("_saveexec_b32") || name.ends_with("_wrexec_b32")) return Rule::kSaveExec;
  const std::string_view stem = name.substr(0, name.rfind('_'));
  for (const Named& named : kScalarNames) {
    if (named.name == stem) return named.rule;
  }
  return Rule::kScalar;
}

Rule lds_rule(std::string_view name) {
  if (name == "ds_nop") return Rule::kNone;
  if (name == "ds_bpermute_b32") return Rule::kBackwardPermute;
  if (name == "ds_permute_b32") return Rule::kForwardPermute;
  if (name == "ds_swizzle_b32") return Rule::kSwizzle;
  return Rule::kLds;
}

}  // namespace

Rule rule_of(const Operation& operation) {
  if (operation.opcode == nullptr) return Rule::kNone;
  const Opcode& opcode = *operation.opcode;
  switch (opcode.encoding) {
    case Encoding::kSopp:
      if (opcode.name.starts_with("s_cbranch_scc")) return Rule::kBranchScc;
      if (opcode.name.starts_with("s_cbranch_vcc")) return Rule::kBranchVcc;
      return Rule::kNone;
    case Encoding::kSop1:
    case Encoding::kSop2:
    case Encoding::kSopc:
    case Encoding::kSopk:
      if (opcode.kind == Class::kWait) return Rule::kNone;
      return opcode.kind == Class::kBranch ? Rule::kJump : scalar_rule(opcode);
    case Encoding::kSmem:
      return operation.dst.is_none() ? Rule::kNone : Rule::kScalarLoad;
    case Encoding::kDs:
      return lds_rule(opcode.name);
    case Encoding::kMubuf:
      return Rule::kNone;
    case Encoding::kFlat:
    case Encoding::kGlobal:
    case Encoding::kScratch:
      return Rule::kGlobal;
    default:
      return vector_rule(operation);
  }
}

}  // namespace rocmforge::emu
