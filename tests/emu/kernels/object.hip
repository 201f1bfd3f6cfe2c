// What the reader of code objects is tested with: arguments of several kinds and the hidden ones,
// static LDS, variables, a pointer that wants relocation.
#define __global__ __attribute__((global))
#define __device__ __attribute__((device))
#define __shared__ __attribute__((shared))

struct Record {
  double a;
  int b[3];
};

extern "C" __device__ int table[4] = {1, 2, 3, 4};
extern "C" __device__ int* pointer = table;
extern "C" __device__ int blank[100] = {};

extern "C" __global__ void with_hidden(float* out, int n, Record record) {
  const int x =
      static_cast<int>(__builtin_amdgcn_workgroup_id_x() * __builtin_amdgcn_workgroup_size_x() +
                       __builtin_amdgcn_workitem_id_x());
  if (x < n) out[x] = static_cast<float>(*pointer + record.b[1] + blank[x]);
}

extern "C" __global__ __attribute__((amdgpu_flat_work_group_size(64, 64))) void with_lds(int* out) {
  __shared__ int values[64];
  const unsigned lane = __builtin_amdgcn_workitem_id_x();
  values[lane] = out[lane];
  __builtin_amdgcn_s_barrier();
  out[lane] = values[63 - lane];
}
