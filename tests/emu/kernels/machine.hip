// Small kernels, each for one thing that the machine does. Compiled as code objects 4 and 5.
#define KERNEL extern "C" __attribute__((global)) void
#define SHARED __attribute__((shared))

using u32 = unsigned int;

static __attribute__((device)) u32 thread_of_group() {
  return __builtin_amdgcn_workitem_id_x() +
         __builtin_amdgcn_workgroup_size_x() *
             (__builtin_amdgcn_workitem_id_y() +
              __builtin_amdgcn_workgroup_size_y() * __builtin_amdgcn_workitem_id_z());
}
// A word of the LDS that waves watch without a barrier.
static __attribute__((device)) u32 watched(u32* word) {
  return __builtin_amdgcn_readfirstlane(
      __hip_atomic_load(word, __ATOMIC_RELAXED, __HIP_MEMORY_SCOPE_WORKGROUP));
}
static __attribute__((device)) void post(u32* word, u32 value) {
  __hip_atomic_store(word, value, __ATOMIC_RELAXED, __HIP_MEMORY_SCOPE_WORKGROUP);
}
static __attribute__((device)) void sync_group() {
  __builtin_amdgcn_fence(__ATOMIC_RELEASE, "workgroup");
  __builtin_amdgcn_s_barrier();
  __builtin_amdgcn_fence(__ATOMIC_ACQUIRE, "workgroup");
}

// out[8 i ...]: the ids of thread i of the whole grid.
KERNEL write_ids(u32* out, u32 nx, u32 ny) {
  const u32 group =
      __builtin_amdgcn_workgroup_id_x() +
      nx * (__builtin_amdgcn_workgroup_id_y() + ny * __builtin_amdgcn_workgroup_id_z());
  const u32 size = __builtin_amdgcn_workgroup_size_x() * __builtin_amdgcn_workgroup_size_y() *
                   __builtin_amdgcn_workgroup_size_z();
  u32* to = out + 8 * (group * size + thread_of_group());
  to[0] = __builtin_amdgcn_workgroup_id_x();
  to[1] = __builtin_amdgcn_workgroup_id_y();
  to[2] = __builtin_amdgcn_workgroup_id_z();
  to[3] = __builtin_amdgcn_workitem_id_x();
  to[4] = __builtin_amdgcn_workitem_id_y();
  to[5] = __builtin_amdgcn_workitem_id_z();
  to[6] = __builtin_amdgcn_grid_size_x();
  to[7] = size;
}

// x along one dimension alone: no ids of others are asked for.
KERNEL write_x(u32* out) {
  const u32 i = __builtin_amdgcn_workgroup_id_x() * 64 + __builtin_amdgcn_workitem_id_x();
  out[i] = i * 3;
}

extern SHARED u32 dynamic_room[];

// Each group turns its numbers around through the LDS, `rounds` times, each wave behind a barrier.
KERNEL reverse(u32* data, u32 rounds) {
  SHARED u32 fixed[256];
  const u32 i = __builtin_amdgcn_workitem_id_x();
  u32* mine = data + __builtin_amdgcn_workgroup_id_x() * 256;
  for (u32 r = 0; r < rounds; ++r) {
    fixed[i] = mine[i] + r;
    dynamic_room[i] = i;
    sync_group();
    mine[i] = fixed[255 - i] + dynamic_room[255 - i];
    sync_group();
  }
}

// Wave 0 goes before the barrier of the others.
KERNEL leave_early(u32* out) {
  const u32 i = __builtin_amdgcn_workitem_id_x();
  if (i < 32) return;
  sync_group();
  out[i] = i;
}

// Wave 0 waits for what wave 1 writes, without a barrier.
KERNEL spin(u32* out) {
  SHARED u32 flag[1];
  const u32 i = __builtin_amdgcn_workitem_id_x();
  if (i == 0) post(flag, 0);
  sync_group();
  if (i < 32) {
    while (watched(flag) == 0) __builtin_amdgcn_s_sleep(1);
  } else {
    post(flag, 7);
  }
  out[i] = watched(flag);
}

// Wave 0 never comes to the barrier; with one wave there is none to wait for.
KERNEL hang(u32* out) {
  SHARED u32 flag[1];
  const u32 i = __builtin_amdgcn_workitem_id_x();
  post(flag, 0);
  if (i < 32) {
    while (watched(flag) == 0) __builtin_amdgcn_s_sleep(1);
  }
  sync_group();
  out[i] = 1;
}

// The order in which work groups come.
KERNEL take_ticket(u32* counter, u32* ticket) {
  if (__builtin_amdgcn_workitem_id_x() == 0) {
    ticket[__builtin_amdgcn_workgroup_id_x()] =
        __hip_atomic_fetch_add(counter, 1U, __ATOMIC_RELAXED, __HIP_MEMORY_SCOPE_AGENT);
  }
}

// Calls through s_swappc, with a stack in scratch.
static __attribute__((device, noinline)) u32 fibonacci(u32 n) {
  return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
}
KERNEL call(u32* out, u32 n) {
  const u32 i = __builtin_amdgcn_workitem_id_x();
  out[i] = fibonacci(n + (i & 1));
}

// Through addresses that the loader puts in, and memory that it clears.
static __attribute__((device, noinline)) u32 twice(u32 x) {
  return x * 2;
}
static __attribute__((device, noinline)) u32 thrice(u32 x) {
  return x * 3;
}
using Function = u32 (*)(u32);
__attribute__((device)) Function functions[2] = {twice, thrice};
__attribute__((device)) u32 clear[64];
KERNEL call_by_table(u32* out) {
  const u32 i = __builtin_amdgcn_workitem_id_x();
  out[i] = functions[__builtin_amdgcn_readfirstlane(i / 32)](i) + clear[i];
}

// What no one has written.
KERNEL read_lds(u32* out) {
  const u32 i = __builtin_amdgcn_workitem_id_x();
  out[i] = dynamic_room[i];
}

KERNEL write_past(u32* out, u32 n) {
  const u32 i = __builtin_amdgcn_workitem_id_x();
  out[i == 5 ? n : i] = i;  // the line of the fault
}

KERNEL trap(u32* out) {
  if (out[0] == 0) __builtin_trap();
}

// For speed: three fused multiplications and some integers a round.
KERNEL work(float* out, u32 rounds) {
  const u32 i = __builtin_amdgcn_workgroup_id_x() * 256 + __builtin_amdgcn_workitem_id_x();
  float a = static_cast<float>(i), b = 1.0F, c = 0.5F;
  u32 k = i;
#pragma unroll 1
  for (u32 r = 0; r < rounds; ++r) {
    a = __builtin_fmaf(a, b, c);
    b = __builtin_fmaf(b, c, a);
    c = __builtin_fmaf(c, a, b);
    k = (k ^ r) + (k << 3);
  }
  out[i] = a + b + c + static_cast<float>(k);
}
