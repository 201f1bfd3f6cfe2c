// What no compiler writes.
.amdgcn_target "amdgcn-amd-amdhsa--gfx1100"

.macro kernel name
  .globl \name
  .p2align 8
  .type \name,@function
.endm
.macro descriptor name
  .section .rodata,"a",@progbits
  .p2align 6
  .amdhsa_kernel \name
    .amdhsa_user_sgpr_kernarg_segment_ptr 1
    .amdhsa_system_sgpr_workgroup_id_x 1
    .amdhsa_next_free_vgpr 8
    .amdhsa_next_free_sgpr 16
    .amdhsa_wavefront_size32 1
    .amdhsa_float_denorm_mode_32 3
  .end_amdhsa_kernel
  .text
.endm

.text
kernel unknown_word
unknown_word:
  s_cmp_eq_u32 s2, 0       // the work group's number
  s_cbranch_scc1 1f
  .long 0xbfff0000         // SOPP 127
1:
  s_endpgm
descriptor unknown_word

kernel no_end
no_end:
  s_nop 0
  s_code_end
descriptor no_end

kernel into_nowhere
into_nowhere:
  s_mov_b64 s[4:5], 0x1000
  s_setpc_b64 s[4:5]
descriptor into_nowhere

// Data between functions that looks like the beginning of a longer instruction.
kernel before_data
before_data:
  s_endpgm
  .long 0xbe8000ff         // s_mov_b32 s0, literal
descriptor before_data
.type behind_data,@function
kernel behind_data
behind_data:
  s_endpgm
descriptor behind_data

// Eight vector registers: the last of them, and, in the second work group, one more.
kernel ninth_register
ninth_register:
  v_mov_b32 v7, 0
  s_cmp_eq_u32 s2, 0       // the work group's number
  s_cbranch_scc1 3f
  v_mov_b32 v8, 0
3:
  s_endpgm
descriptor ninth_register

// Rounds of scalar work alone, for speed and for counts.
kernel scalar_loop
scalar_loop:
  s_movk_i32 s4, 1000
2:
  s_add_i32 s5, s4, 3
  s_lshl_b32 s6, s5, 2
  s_and_b32 s7, s6, 0xff
  s_sub_i32 s4, s4, 1
  s_cmp_lg_u32 s4, 0
  s_cbranch_scc1 2b
  s_endpgm
descriptor scalar_loop

.amdgpu_metadata
---
amdhsa.version: [1, 1]
amdhsa.target: amdgcn-amd-amdhsa--gfx1100
amdhsa.kernels:
  - {.name: unknown_word, .symbol: unknown_word.kd, .kernarg_segment_size: 0, .kernarg_segment_align: 8, .group_segment_fixed_size: 0, .private_segment_fixed_size: 0, .wavefront_size: 32, .sgpr_count: 16, .vgpr_count: 8, .sgpr_spill_count: 0, .vgpr_spill_count: 0, .max_flat_workgroup_size: 1024}
  - {.name: no_end, .symbol: no_end.kd, .kernarg_segment_size: 0, .kernarg_segment_align: 8, .group_segment_fixed_size: 0, .private_segment_fixed_size: 0, .wavefront_size: 32, .sgpr_count: 16, .vgpr_count: 8, .sgpr_spill_count: 0, .vgpr_spill_count: 0, .max_flat_workgroup_size: 1024}
  - {.name: into_nowhere, .symbol: into_nowhere.kd, .kernarg_segment_size: 0, .kernarg_segment_align: 8, .group_segment_fixed_size: 0, .private_segment_fixed_size: 0, .wavefront_size: 32, .sgpr_count: 16, .vgpr_count: 8, .sgpr_spill_count: 0, .vgpr_spill_count: 0, .max_flat_workgroup_size: 1024}
  - {.name: before_data, .symbol: before_data.kd, .kernarg_segment_size: 0, .kernarg_segment_align: 8, .group_segment_fixed_size: 0, .private_segment_fixed_size: 0, .wavefront_size: 32, .sgpr_count: 16, .vgpr_count: 8, .sgpr_spill_count: 0, .vgpr_spill_count: 0, .max_flat_workgroup_size: 1024}
  - {.name: behind_data, .symbol: behind_data.kd, .kernarg_segment_size: 0, .kernarg_segment_align: 8, .group_segment_fixed_size: 0, .private_segment_fixed_size: 0, .wavefront_size: 32, .sgpr_count: 16, .vgpr_count: 8, .sgpr_spill_count: 0, .vgpr_spill_count: 0, .max_flat_workgroup_size: 1024}
  - {.name: ninth_register, .symbol: ninth_register.kd, .kernarg_segment_size: 0, .kernarg_segment_align: 8, .group_segment_fixed_size: 0, .private_segment_fixed_size: 0, .wavefront_size: 32, .sgpr_count: 16, .vgpr_count: 8, .sgpr_spill_count: 0, .vgpr_spill_count: 0, .max_flat_workgroup_size: 1024}
  - {.name: scalar_loop, .symbol: scalar_loop.kd, .kernarg_segment_size: 0, .kernarg_segment_align: 8, .group_segment_fixed_size: 0, .private_segment_fixed_size: 0, .wavefront_size: 32, .sgpr_count: 16, .vgpr_count: 8, .sgpr_spill_count: 0, .vgpr_spill_count: 0, .max_flat_workgroup_size: 1024}
...
.end_amdgpu_metadata
