#include "base/error.h"

namespace rocmforge {

std::string_view to_string(ErrorCode code) {
  switch (code) {
    case ErrorCode::kUsage:
      return "usage";
    case ErrorCode::kNotFound:
      return "not found";
    case ErrorCode::kIo:
      return "input/output";
    case ErrorCode::kFormat:
      return "format";
    case ErrorCode::kUnsupported:
      return "unsupported";
    case ErrorCode::kInvalidArgument:
      return "invalid argument";
    case ErrorCode::kOutOfMemory:
      return "out of memory";
    case ErrorCode::kDevice:
      return "device";
    case ErrorCode::kCancelled:
      return "cancelled";
    case ErrorCode::kInternal:
      return "internal";
  }
  return "unknown";
}

std::string without_middle(std::string_view text, std::size_t most) {
  constexpr std::string_view kGap = "...";
  if (text.size() <= most) return std::string(text);
  const auto is_inside = [&](std::size_t at) {
    return at < text.size() && (static_cast<unsigned char>(text[at]) & 0xc0) == 0x80;
  };
  const std::size_t kept = most > kGap.size() ? most - kGap.size() : 0;
  std::size_t head = kept - kept / 3, tail = text.size() - kept / 3;
  // A character has at most three bytes behind its first.
  for (int i = 0; i < 3 && head > 0 && is_inside(head); ++i) --head;
  for (int i = 0; i < 3 && is_inside(tail); ++i) ++tail;
  std::string out(text.substr(0, head));
  return out.append(kGap).append(text.substr(tail));
}

}  // namespace rocmforge
