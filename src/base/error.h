// The one exception type of the library, for load, start-up and device errors.
// What happens to a single request is a value (engine/request.h), never an exception.
#pragma once

#include <cstddef>
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

// What users are shown is at most so long.
inline constexpr std::size_t kMaxMessageBytes = 480;

// A text of at most `most` bytes: a longer one loses its middle, with "..." in its place, and whole
// UTF-8 characters.
std::string without_middle(std::string_view text, std::size_t most);

// `what()` opens with the place in brackets and names the culprit:
//   "[gguf] model.gguf: blk.0.attn_q.weight: ends at byte 1234, past the end of the file (1000)".
// A file's own strings may stand in it, however long: past kMaxMessageBytes its middle goes.
class Error : public std::runtime_error {
 public:
  Error(ErrorCode code, const std::string& message)
      : std::runtime_error(without_middle(message, kMaxMessageBytes)), code_(code) {}
  ErrorCode code() const noexcept { return code_; }

 private:
  ErrorCode code_;
};

}  // namespace rocmforge
