// A matrix of 8-bit numbers by a vector, with one scale a block of 32 as quantized weights have: a
// row a wave, by v_dot4_i32_iu8.
#define KERNEL extern "C" __attribute__((global)) void

using u32 = unsigned int;

static __attribute__((device)) float sum_of_wave(float x) {
  for (int step = 16; step > 0; step /= 2) {
    const int from = (int)((__builtin_amdgcn_mbcnt_lo(~0U, 0) ^ (u32)step) * 4);
    x += __builtin_bit_cast(float, __builtin_amdgcn_ds_bpermute(from, __builtin_bit_cast(int, x)));
  }
  return x;
}

// n: columns in words of four, a multiple of 256. A lane takes a block of 32 columns at a time.
KERNEL gemv(float* y, const int* a, const float* scales, const int* x, u32 n) {
  const u32 row = __builtin_amdgcn_workgroup_id_x() * 4 + __builtin_amdgcn_workitem_id_x() / 32;
  const u32 lane = __builtin_amdgcn_workitem_id_x() % 32;
  float sum = 0;
  for (u32 block = lane; block < n / 8; block += 32) {
    const int* from = a + row * n + block * 8;
    const int* by = x + block * 8;
    int dot = 0;
    for (int i = 0; i < 8; ++i) {
      dot = __builtin_amdgcn_sudot4(true, from[i], true, by[i], dot, false);
    }
    sum += scales[row * (n / 8) + block] * (float)dot;
  }
  sum = sum_of_wave(sum);
  if (lane == 0) y[row] = sum;
}
