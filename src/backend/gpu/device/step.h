// What the step buffer says, read on the device.
#pragma once

#include "backend/gpu/device/lang.h"

namespace rocmforge::gpu {

__device__ __inline__ i32 n_rows(const RowsArgs& rows) {
  const i32 n = rows.of_head != 0 ? rows.header->n_head_rows : rows.header->n_rows;
  return rows.fixed + rows.per_step * n;
}

struct Step {
  const StepArgs& args;

  template <class T>
  __device__ __inline__ const T* at(i32 offset) const {
    return reinterpret_cast<const T*>(args.base + offset);
  }
  __device__ __inline__ const StepHeaderArgs& header() const {
    return *at<StepHeaderArgs>(args.header);
  }
  __device__ __inline__ const i32* positions() const { return at<i32>(args.positions); }
  __device__ __inline__ const i32* sequences() const { return at<i32>(args.sequences); }
  __device__ __inline__ const i32* kv_slots() const { return at<i32>(args.kv_slots); }
  __device__ __inline__ const float* rope_row(i32 row) const {
    return at<float>(args.rope_rows) + (i64)row * args.rope_dims;
  }
  __device__ __inline__ const i32* block_table(i32 sequence) const {
    return at<i32>(args.block_tables) + (i64)sequence * args.max_blocks;
  }
  __device__ __inline__ const WorkItemArgs* work() const { return at<WorkItemArgs>(args.work); }
  __device__ __inline__ const SampleParamsArgs& sample(i32 row) const {
    return at<SampleParamsArgs>(args.samples)[row];
  }
  __device__ __inline__ const LogitEditArgs* edits() const { return at<LogitEditArgs>(args.edits); }
  __device__ __inline__ const u32* mask(i32 row) const {
    return at<u32>(args.masks) + (i64)row * args.mask_words;
  }
};

}  // namespace rocmforge::gpu
