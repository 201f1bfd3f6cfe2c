// What each check lets pass and what it stops, in small kernels; right_* are right, wrong_* are
// not. Inline assembly where the compiler would not write the fault.
#define KERNEL extern "C" __attribute__((global)) void
#define SHARED __attribute__((shared))

using u32 = unsigned int;
using f16 = _Float16;
using Half16 = f16 __attribute__((ext_vector_type(16)));
using Float8 = float __attribute__((ext_vector_type(8)));

static __attribute__((device)) u32 thread() {
  return __builtin_amdgcn_workitem_id_x();
}
static __attribute__((device)) u32 group() {
  return __builtin_amdgcn_workgroup_id_x();
}
static __attribute__((device)) u32 lane() {
  return __builtin_amdgcn_mbcnt_lo(~0U, 0);
}
static __attribute__((device)) void sync_group() {
  __builtin_amdgcn_fence(__ATOMIC_RELEASE, "workgroup");
  __builtin_amdgcn_s_barrier();
  __builtin_amdgcn_fence(__ATOMIC_ACQUIRE, "workgroup");
}

// Uninitialised registers; v100 on and s80 on are never written.

// Undefined values are copied, and fall out again.
KERNEL right_registers(u32* out) {
  u32 x = lane(), y;
  asm volatile(
      "v_mov_b32 v101, v100\n"
      "v_and_b32 v102, 0, v101\n"        // 0
      "v_xor_b32 v103, v101, v101\n"     // 0
      "v_sub_nc_u32 v104, v100, v100\n"  // 0
      "v_add3_u32 %0, v102, v103, v104\n"
      "v_cmp_gt_u32 vcc_lo, 40, %1\n"  // all lanes
      "v_cndmask_b32 v105, v100, %1, vcc_lo\n"
      "v_add_nc_u32 %0, %0, v105\n"
      "v_lshlrev_b32 v106, 16, v100\n"  // its low half is 0
      "v_and_b32 v106, 0xffff, v106\n"
      "v_add_nc_u32 %0, %0, v106\n"
      "v_mov_b32 v107, %1\n"
      "v_perm_b32 v108, v100, v107, 0x03020100\n"
      "v_add_nc_u32 %0, %0, v108"
      : "=&v"(y)
      : "v"(x)
      : "vcc", "v100", "v101", "v102", "v103", "v104", "v105", "v106", "v107", "v108");
  out[thread()] = y;
}
// A lane mask of which nothing but some lanes is written, and they alone are asked for.
KERNEL right_masks(u32* out) {
  u32 y = 0, x = lane();
  asm volatile(
      "v_cmp_gt_u32 vcc_lo, 16, %1\n"
      "s_and_not1_b32 s80, s80, vcc_lo\n"
      "s_and_b32 s81, vcc_lo, exec_lo\n"
      "s_or_b32 s80, s80, s81\n"
      "s_and_b32 s80, s80, vcc_lo\n"
      "v_mov_b32 v100, 7\n"
      "v_cndmask_b32 %0, %1, v100, s80"
      : "+v"(y)
      : "v"(x)
      : "vcc", "s80", "s81", "v100", "scc");
  out[thread()] = y;
}
// Definedness moves with the values.
KERNEL right_swap(u32* out) {
  u32 y;
  asm volatile("v_mov_b32 v101, %1\nv_swap_b32 v100, v101\nv_mov_b32 %0, v100"
               : "=&v"(y)
               : "v"(lane())
               : "v100", "v101");
  out[thread()] = y;
}
KERNEL wrong_swap(u32* out) {
  u32 y;
  asm volatile("v_mov_b32 v101, %1\nv_swap_b32 v100, v101\nv_mov_b32 %0, v101"
               : "=&v"(y)
               : "v"(lane())
               : "v100", "v101");
  out[thread()] = y;
}
// Lanes without a source get 0.
KERNEL right_dpp(u32* out) {
  u32 y;
  asm volatile(
      "v_mov_b32_dpp v100, %1 row_shr:1 row_mask:0xf bank_mask:0xf bound_ctrl:1\n"
      "v_mov_b32_dpp v101, %1 dpp8:[7,6,5,4,3,2,1,0]\n"
      "v_add_nc_u32 %0, v100, v101"
      : "=&v"(y)
      : "v"(lane())
      : "v100", "v101");
  out[thread()] = y;
}
// They keep what they had, which is nothing.
KERNEL wrong_dpp(u32* out) {
  u32 y;
  asm volatile("v_mov_b32_dpp v100, %1 row_shr:1 row_mask:0xf bank_mask:0xf\nv_mov_b32 %0, v100"
               : "=&v"(y)
               : "v"(lane())
               : "v100");
  out[thread()] = y;
}
KERNEL wrong_dpp8(u32* out) {
  u32 y;
  asm volatile(
      "s_mov_b32 s82, exec_lo\ns_mov_b32 exec_lo, 0x0f0f0f0f\n"
      "v_mov_b32_dpp %0, %1 dpp8:[7,6,5,4,3,2,1,0]\ns_mov_b32 exec_lo, s82"
      : "=&v"(y)
      : "v"(lane())
      : "s82");
  out[thread()] = y;
}
KERNEL right_halves(u32* out, const float* in) {
  u32 y;
  asm volatile(
      "v_cvt_f16_f32 v100, %1\n"  // the high half stays what it was
      "v_lshlrev_b32 %0, 16, v100\n"
      "v_cvt_f32_f16 v101, v100\n"
      "v_pack_b32_f16 v102, v100, v100\n"
      "v_xor_b32 %0, %0, v102\n"
      "v_xor_b32 %0, %0, v101"
      : "=&v"(y)
      : "v"(in[lane()])
      : "v100", "v101", "v102");
  out[thread()] = y;
}
KERNEL wrong_store(u32* out) {
  u32 y;
  asm volatile("v_add_nc_u32 %0, 1, v100" : "=v"(y) : : "v100");
  out[thread()] = y;
}
// One lane alone is left out.
KERNEL wrong_store_of_lane(u32* out) {
  u32 y, x = lane();
  asm volatile(
      "v_cmp_ne_u32 vcc_lo, 5, %1\n"
      "v_mov_b32 v101, 3\n"
      "v_cndmask_b32 %0, v100, v101, vcc_lo"
      : "=&v"(y)
      : "v"(x)
      : "vcc", "v100", "v101");
  out[thread()] = y;
}
KERNEL wrong_address(u32* out, const u32* in) {
  u32 y;
  asm volatile("global_load_b32 %0, v100, %1\ns_waitcnt vmcnt(0)" : "=v"(y) : "s"(in) : "v100");
  out[thread()] = y;
}
KERNEL wrong_scalar_address(u32* out) {
  u32 y;
  asm volatile("s_load_b32 %0, s[80:81], 0\ns_waitcnt lgkmcnt(0)" : "=s"(y) : : "s80", "s81");
  out[thread()] = y;
}
KERNEL wrong_scc(u32* out) {
  asm volatile("s_cmp_eq_u32 s80, 3\ns_cbranch_scc1 1f\ns_nop 0\n1:" : : : "scc", "s80");
  out[thread()] = 1;
}
KERNEL wrong_vcc(u32* out) {
  asm volatile("v_cmp_eq_u32 vcc_lo, 3, v100\ns_cbranch_vccz 1f\ns_nop 0\n1:" : : : "vcc", "v100");
  out[thread()] = 1;
}
KERNEL wrong_exec(u32* out) {
  asm volatile("s_mov_b32 s82, exec_lo\nv_cmpx_eq_u32 3, v100\ns_mov_b32 exec_lo, s82"
               :
               :
               : "s82", "v100");
  out[thread()] = 1;
}
KERNEL right_lds(u32* out) {
  SHARED u32 room[64];
  room[thread()] = thread();
  sync_group();
  out[thread()] = room[63 - thread()];
}
KERNEL wrong_lds(u32* out) {
  SHARED u32 room[64];
  if (thread() < 63) room[thread()] = thread();
  sync_group();
  out[thread()] = room[63 - thread()];
}

// Waits.

KERNEL right_waits(u32* out, const u32* in) {
  u32 y, at = 4 * lane();
  asm volatile(
      "global_load_b32 v100, %1, %2\n"
      "global_load_b32 v101, %1, %2 offset:4\n"
      "s_waitcnt vmcnt(1)\n"
      "v_add_nc_u32 %0, 1, v100\n"
      "global_load_b32 v101, %1, %2 offset:8\n"  // in order: needs no wait
      "s_waitcnt vmcnt(0)\n"
      "v_add_nc_u32 %0, %0, v101"
      : "=&v"(y)
      : "v"(at), "s"(in)
      : "v100", "v101");
  out[thread()] = y;
}
// FLAT counts in both queues.
KERNEL right_flat(u32* out, const u32* in) {
  u32 y;
  asm volatile(
      "flat_load_b32 v100, %1\ns_waitcnt vmcnt(0) lgkmcnt(0)\nv_add_nc_u32 %0, 1, v100\n"
      "flat_load_b32 v100, %1\nflat_load_b32 v101, %1\n"
      "s_waitcnt vmcnt(1) lgkmcnt(1)\nv_add_nc_u32 %0, %0, v100\n"
      "s_waitcnt vmcnt(0) lgkmcnt(0)"
      : "=&v"(y)
      : "v"(in + lane())
      : "v100", "v101");
  out[thread()] = y;
}
KERNEL wrong_flat_vmcnt(u32* out, const u32* in) {
  u32 y;
  asm volatile(
      "flat_load_b32 v100, %1\ns_waitcnt vmcnt(0)\nv_mov_b32 %0, v100\ns_waitcnt lgkmcnt(0)"
      : "=&v"(y)
      : "v"(in + lane())
      : "v100");
  out[thread()] = y;
}
KERNEL wrong_flat_lgkmcnt(u32* out, const u32* in) {
  u32 y;
  asm volatile(
      "flat_load_b32 v100, %1\ns_waitcnt lgkmcnt(0)\nv_mov_b32 %0, v100\ns_waitcnt vmcnt(0)"
      : "=&v"(y)
      : "v"(in + lane())
      : "v100");
  out[thread()] = y;
}
// May come by way of the LDS, before the first.
KERNEL wrong_flat_overwrite(u32* out, const u32* in) {
  u32 y;
  asm volatile(
      "global_load_b32 v100, %1, off\nflat_load_b32 v100, %1\n"
      "s_waitcnt vmcnt(0) lgkmcnt(0)\nv_mov_b32 %0, v100"
      : "=&v"(y)
      : "v"(in + lane())
      : "v100");
  out[thread()] = y;
}
KERNEL wrong_no_wait(u32* out, const u32* in) {
  u32 y, at = 4 * lane();
  asm volatile("global_load_b32 v100, %1, %2\nv_add_nc_u32 %0, 1, v100\ns_waitcnt vmcnt(0)"
               : "=&v"(y)
               : "v"(at), "s"(in)
               : "v100");
  out[thread()] = y;
}
KERNEL wrong_short_wait(u32* out, const u32* in) {
  u32 y, at = 4 * lane();
  asm volatile(
      "global_load_b32 v100, %1, %2\nglobal_load_b32 v101, %1, %2 offset:4\n"
      "s_waitcnt vmcnt(1)\nv_add_nc_u32 %0, v100, v101\ns_waitcnt vmcnt(0)"
      : "=&v"(y)
      : "v"(at), "s"(in)
      : "v100", "v101");
  out[thread()] = y;
}
KERNEL wrong_overwrite(u32* out, const u32* in) {
  u32 y, at = 4 * lane();
  asm volatile("global_load_b32 %0, %1, %2\nv_mov_b32 %0, 5\ns_waitcnt vmcnt(0)"
               : "=&v"(y)
               : "v"(at), "s"(in));
  out[thread()] = y;
}
KERNEL wrong_lds_wait(u32* out) {
  SHARED u32 room[64];
  room[thread()] = thread();
  sync_group();
  u32 y, at = 4 * thread();
  asm volatile("ds_load_b32 v100, %1\nv_mov_b32 %0, v100\ns_waitcnt lgkmcnt(0)"
               : "=&v"(y)
               : "v"(at)
               : "v100", "memory");
  out[thread()] = y + room[0];
}
// Scalar loads come back in any order.
KERNEL wrong_scalar_wait(u32* out, const u32* in) {
  u32 y;
  asm volatile(
      "s_load_b32 s80, %1, 0\ns_load_b32 s81, %1, 4\ns_waitcnt lgkmcnt(1)\n"
      "s_mov_b32 %0, s80\ns_waitcnt lgkmcnt(0)"
      : "=s"(y)
      : "s"(in)
      : "s80", "s81");
  out[thread()] = y;
}

// Races in the LDS; groups of two waves.

KERNEL right_atomics(u32* out) {
  SHARED u32 sum;
  if (thread() == 0) sum = 0;
  sync_group();
  __hip_atomic_fetch_add(&sum, thread(), __ATOMIC_RELAXED, __HIP_MEMORY_SCOPE_WORKGROUP);
  sync_group();
  out[thread()] = sum;
}
KERNEL wrong_no_barrier(u32* out) {
  SHARED u32 room[64];
  room[thread()] = thread();
  __builtin_amdgcn_fence(__ATOMIC_RELEASE, "wavefront");
  out[thread()] = room[63 - thread()];
}
// A byte each of the same word is no race, the same byte is.
KERNEL right_bytes(u32* out) {
  SHARED unsigned char room[64];
  room[lane() * 2 + thread() / 32] = (unsigned char)thread();
  sync_group();
  out[thread()] = room[thread()];
}
KERNEL wrong_both_write(u32* out) {
  SHARED u32 room[32];
  room[lane()] = thread();
  sync_group();
  out[thread()] = room[lane()];
}
// The barrier alone does not wait for the store.
KERNEL wrong_store_under_way(u32* out) {
  SHARED u32 room[64];
  const u32 at = 4 * thread(), from = 4 * (63 - thread());
  u32 y;
  room[thread()] = 0;
  sync_group();
  asm volatile("ds_store_b32 %1, %1\ns_barrier\nds_load_b32 %0, %2\ns_waitcnt lgkmcnt(0)"
               : "=v"(y)
               : "v"(at), "v"(from)
               : "memory");
  out[thread()] = y + room[thread()];
}

// Races on global memory; groups of two waves.

// The group that comes last adds up what all have stored.
template <bool kRelease, bool kAcquire, bool kBarrier>
static __attribute__((device)) void ticket(u32* out, u32* parts, u32* count, u32 n_groups) {
  SHARED u32 is_last;
  parts[group() * 64 + thread()] = group() + thread();
  if (kRelease) __builtin_amdgcn_fence(__ATOMIC_SEQ_CST, "agent");
  // Not the builtin, before which the compiler waits.
  if (kBarrier) asm volatile("s_barrier" : : : "memory");
  if (thread() == 0) {
    is_last = __hip_atomic_fetch_add(count, 1, __ATOMIC_RELAXED, __HIP_MEMORY_SCOPE_AGENT) ==
              n_groups - 1;
  }
  asm volatile("s_waitcnt lgkmcnt(0)\ns_barrier\n" : : : "memory");
  if (is_last == 0) return;
  if (kAcquire) __builtin_amdgcn_fence(__ATOMIC_SEQ_CST, "agent");
  u32 sum = 0;
  for (u32 g = 0; g < n_groups; ++g) sum += parts[g * 64 + (63 - thread())];
  out[thread()] = sum;
}
KERNEL right_ticket(u32* out, u32* parts, u32* count, u32 n) {
  ticket<true, true, true>(out, parts, count, n);
}
KERNEL wrong_ticket_release(u32* out, u32* parts, u32* count, u32 n) {
  ticket<false, true, true>(out, parts, count, n);
}
KERNEL wrong_ticket_acquire(u32* out, u32* parts, u32* count, u32 n) {
  ticket<true, false, true>(out, parts, count, n);
}
KERNEL wrong_ticket_barrier(u32* out, u32* parts, u32* count, u32 n) {
  ticket<true, true, false>(out, parts, count, n);
}
KERNEL right_same_value(u32* out) {
  out[thread()] = 3 * thread();
  const u32 mine = __builtin_nontemporal_load(out + thread());
  out[64 + 64 * group() + thread()] = mine;
}
KERNEL right_halves_of_word(unsigned short* out) {
  out[thread() * 8 + group()] = (unsigned short)thread();
}
// Lanes that read what others write, and drop it.
KERNEL right_dead_read(u32* out) {
  const u32 i = thread(), at = i < 32 ? i : 31;
  u32 x;
  asm volatile("global_load_b32 %0, %1, %2\ns_waitcnt vmcnt(0)"
               : "=v"(x)
               : "v"(4 * at), "s"(out)
               : "memory");
  if (i < 32) out[i] = x + 1;
}
KERNEL wrong_two_write(u32* out) {
  out[thread()] = group();
}
KERNEL wrong_read(u32* out, u32* parts) {
  if (group() == 0) parts[thread()] = thread();
  out[64 * group() + thread()] = parts[thread()];
}
KERNEL wrong_within_group(u32* out, u32* parts) {
  parts[64 * group() + thread()] = thread();
  __builtin_amdgcn_fence(__ATOMIC_SEQ_CST, "agent");
  out[64 * group() + thread()] = parts[64 * group() + 63 - thread()];
}

// What lanes must agree on.

KERNEL right_uniform(u32* out, const u32* in) {
  u32 y, x = thread() / 32 * 4;
  asm volatile(
      "v_readfirstlane_b32 s80, %1\n"
      "s_load_b32 s81, %2, s80\ns_waitcnt lgkmcnt(0)\nv_mov_b32 %0, s81"
      : "=v"(y)
      : "v"(x), "s"(in)
      : "s80", "s81");
  out[thread()] = y;
}
// What one lane alone computed is passed to all.
KERNEL right_broadcast(u32* out, const u32* in) {
  u32 y, x = lane();
  asm volatile(
      "v_mov_b32 v100, %1\n"
      "s_mov_b32 s82, exec_lo\n"
      "v_cmpx_eq_u32 0, %1\n"
      "v_mov_b32 v100, 8\n"
      "s_mov_b32 exec_lo, s82\n"
      "v_readfirstlane_b32 s80, v100\n"
      "s_load_b32 s81, %2, s80\ns_waitcnt lgkmcnt(0)\nv_mov_b32 %0, s81"
      : "=v"(y)
      : "v"(x), "s"(in)
      : "s80", "s81", "s82", "v100");
  out[thread()] = y;
}
// Value by value.
KERNEL right_waterfall(u32* out, const u32* in) {
  u32 y, x = lane() % 4 * 4;
  asm volatile(
      "s_mov_b32 s82, exec_lo\n"
      "1: v_readfirstlane_b32 s80, %1\n"
      "v_cmp_eq_u32 s83, s80, %1\n"
      "s_and_saveexec_b32 s83, s83\n"
      "s_load_b32 s81, %2, s80\ns_waitcnt lgkmcnt(0)\nv_mov_b32 %0, s81\n"
      "s_xor_b32 exec_lo, exec_lo, s83\n"
      "s_cbranch_execnz 1b\n"
      "s_mov_b32 exec_lo, s82"
      : "=&v"(y)
      : "v"(x), "s"(in)
      : "s80", "s81", "s82", "s83", "scc");
  out[thread()] = y;
}
KERNEL wrong_divergent(u32* out, const u32* in) {
  u32 y, x = lane() * 4;
  asm volatile(
      "v_readfirstlane_b32 s80, %1\n"
      "s_add_u32 s80, s80, 4\n"
      "s_load_b32 s81, %2, s80\ns_waitcnt lgkmcnt(0)\nv_mov_b32 %0, s81"
      : "=v"(y)
      : "v"(x), "s"(in)
      : "s80", "s81", "scc");
  out[thread()] = y;
}
KERNEL wrong_divergent_branch(u32* out) {
  u32 x = lane() * 4;
  asm volatile("v_readfirstlane_b32 s80, %0\ns_cmp_eq_u32 s80, 8\ns_cbranch_scc1 1f\ns_nop 0\n1:"
               :
               : "v"(x)
               : "s80", "scc");
  out[thread()] = x;
}
static __attribute__((device)) void multiply(float* out, u32 row) {
  Half16 a, b;
  for (int i = 0; i < 16; ++i) {
    a[i] = (f16)(float)(row + i);
    b[i] = (f16)(float)(lane() % 16);
  }
  Float8 c = {0, 0, 0, 0, 0, 0, 0, 0};
  c = __builtin_amdgcn_wmma_f32_16x16x16_f16_w32(a, b, c);
  for (int i = 0; i < 8; ++i) out[(2 * i + lane() / 16) * 16 + lane() % 16] = c[i];
}
KERNEL right_wmma(float* out) {
  multiply(out, lane() % 16);
}
KERNEL wrong_fragment(float* out) {
  multiply(out, lane());
}
KERNEL wrong_wmma_lanes(float* out) {
  if (lane() < 31) multiply(out, lane() % 16);
}
