// The names of hipBLAS that llama.cpp's HIP backend mentions, without a library: every call fails,
// so that a run which needs hipBLAS ends instead of being predicted without its work.
#pragma once

#include <hip/hip_runtime.h>

typedef void* hipblasHandle_t;
enum hipblasStatus_t {
  HIPBLAS_STATUS_SUCCESS = 0,
  HIPBLAS_STATUS_NOT_INITIALIZED = 1,
  HIPBLAS_STATUS_ALLOC_FAILED = 2,
  HIPBLAS_STATUS_INVALID_VALUE = 3,
  HIPBLAS_STATUS_MAPPING_ERROR = 4,
  HIPBLAS_STATUS_EXECUTION_FAILED = 5,
  HIPBLAS_STATUS_INTERNAL_ERROR = 6,
  HIPBLAS_STATUS_NOT_SUPPORTED = 7,
  HIPBLAS_STATUS_ARCH_MISMATCH = 8,
};
enum hipblasOperation_t { HIPBLAS_OP_N = 111, HIPBLAS_OP_T = 112 };
enum hipblasDatatype_t { HIPBLAS_R_16F = 150, HIPBLAS_R_32F = 151, HIPBLAS_R_16B = 168 };
enum hipblasGemmAlgo_t { HIPBLAS_GEMM_DEFAULT = 160 };
enum hipblasSideMode_t { HIPBLAS_SIDE_LEFT = 141, HIPBLAS_SIDE_RIGHT = 142 };
enum hipblasFillMode_t { HIPBLAS_FILL_MODE_UPPER = 121, HIPBLAS_FILL_MODE_LOWER = 122 };
enum hipblasDiagType_t { HIPBLAS_DIAG_NON_UNIT = 131, HIPBLAS_DIAG_UNIT = 132 };

inline hipblasStatus_t hipblasCreate(hipblasHandle_t* handle) {
  *handle = nullptr;
  return HIPBLAS_STATUS_SUCCESS;
}
inline hipblasStatus_t hipblasDestroy(hipblasHandle_t) {
  return HIPBLAS_STATUS_SUCCESS;
}
inline hipblasStatus_t hipblasSetStream(hipblasHandle_t, hipStream_t) {
  return HIPBLAS_STATUS_SUCCESS;
}
inline const char* hipblasStatusToString(hipblasStatus_t) {
  return "no hipBLAS in this build";
}

#define ROCMFORGE_NO_HIPBLAS(name)       \
  template <class... Arguments>          \
  hipblasStatus_t name(Arguments...) {   \
    return HIPBLAS_STATUS_NOT_SUPPORTED; \
  }
ROCMFORGE_NO_HIPBLAS(hipblasGemmEx)
ROCMFORGE_NO_HIPBLAS(hipblasGemmBatchedEx)
ROCMFORGE_NO_HIPBLAS(hipblasGemmStridedBatchedEx)
ROCMFORGE_NO_HIPBLAS(hipblasSgemm)
ROCMFORGE_NO_HIPBLAS(hipblasSgemmBatched)
ROCMFORGE_NO_HIPBLAS(hipblasSgemmStridedBatched)
ROCMFORGE_NO_HIPBLAS(hipblasStrsmBatched)
#undef ROCMFORGE_NO_HIPBLAS
