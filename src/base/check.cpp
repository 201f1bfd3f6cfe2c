#include "base/check.h"

namespace rocmforge {

void check_failed(std::string_view why, const std::source_location& at) {
  std::string_view file = at.file_name();
  if (const auto slash = file.find_last_of('/'); slash != std::string_view::npos) {
    file.remove_prefix(slash + 1);
  }
  throw Error(ErrorCode::kInternal, "[internal] " + std::string(file) + ":" +
                                        std::to_string(at.line()) + ": " + std::string(why));
}

}  // namespace rocmforge
