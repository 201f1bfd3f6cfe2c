// What HIP's C functions are made of. Their signatures: ROCm/HIP include/hip/hip_runtime_api.h.
#pragma once

#include <cstddef>
#include <new>
#include <string_view>

#include "base/error.h"
#include "hip/codes.h"
#include "hip/driver.h"

#define EMU_HIP extern "C" __attribute__((visibility("default")))

namespace rocmforge::emu {

// What hipGetLastError() and hipGetErrorString() tell this thread. Without a destructor: programs
// call on while they end, from destructors that run later than a thread's.
struct LastError {
  int code = kSuccess;
  int worded = kSuccess;  // the code that `words` belong to
  char words[2048] = "";
};
inline thread_local LastError last_error;

inline int tell(int code, std::string_view words) {
  if (code == kSuccess || code == kNotReady) return code;
  last_error.code = last_error.worded = code;
  const std::size_t n = words.copy(last_error.words, sizeof(last_error.words) - 1);
  last_error.words[n] = 0;
  return code;
}

// body(driver, lock) -> code, or throws Status.
template <class Body>
int call(const char* name, Body body) noexcept {
  try {
    Driver& driver = Driver::get();
    Driver::Lock lock(driver.mutex);
    driver.enter(name);
    return tell(body(driver, lock), "");
  } catch (const Status& status) {
    return tell(status.code(), status.what());
  } catch (const Error& e) {
    return tell(e.code() == ErrorCode::kOutOfMemory ? kOutOfMemory : kInvalidValue, e.what());
  } catch (const std::bad_alloc&) {
    return tell(kOutOfMemory, "of the host");
  } catch (const std::exception& e) {
    return tell(kUnknown, e.what());
  }
}

template <class T>
T& require(T* out) {
  if (out == nullptr) throw Status(kInvalidValue, "a null pointer");
  return *out;
}

}  // namespace rocmforge::emu
