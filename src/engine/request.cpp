#include "engine/request.h"

namespace rocmforge::engine {

std::string_view to_string(FinishReason reason) {
  switch (reason) {
    case FinishReason::kCompleted:
      return "completed";
    case FinishReason::kLength:
      return "length";
    case FinishReason::kCancelled:
      return "cancelled";
    case FinishReason::kFailed:
      return "failed";
  }
  return "failed";
}

}  // namespace rocmforge::engine
