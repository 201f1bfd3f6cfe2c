// The one exception type of the library, for load, start-up and device errors.
// What happens to a single request is a value (engine/request.h), never an exception.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace rocmforge {

enum class ErrorCode {
  kUsage,            // the caller's arguments make no sense
  kNotFound,         // a file, model, key or tensor is missing
  kIo,               // the operating system refused to read or write
  kFormat,           // bytes that break the format they claim to have
  kUnsupported,      // well-formed, but not implemented here
  kInvalidArgument,  // a value out of its range
  kOutOfMemory,
  kDevice,
  kCancelled,  // the caller gave up
  kInternal,   // a bug of ours: see check()
};

std::string_view to_string(ErrorCode code);

// `what()` opens with the place in brackets and names the culprit:
//   "[gguf] model.gguf: blk.0.attn_q.weight: ends at byte 1234, past the end of the file (1000)".
class Error : public std::runtime_error {
 public:
  Error(ErrorCode code, const std::string& message) : std::runtime_error(message), code_(code) {}
  ErrorCode code() const noexcept { return code_; }

 private:
  ErrorCode code_;
};

}  // namespace rocmforge
