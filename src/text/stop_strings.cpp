#include "text/stop_strings.h"

#include <algorithm>
#include <utility>

namespace rocmforge::text {

StopStrings::StopStrings(std::vector<std::string> stops) : stops_(std::move(stops)) {
  std::erase(stops_, std::string());
}

std::string StopStrings::push(std::string_view piece) {
  if (stopped_) return "";
  held_ += piece;
  std::size_t stop = std::string::npos;
  const std::string* by = nullptr;
  for (const std::string& s : stops_) {
    const std::size_t at = held_.find(s);
    if (at >= stop) continue;
    stop = at;
    by = &s;
  }
  if (by != nullptr) {
    stopped_ = true;
    stopped_by_ = *by;
    return std::exchange(held_, "").substr(0, stop);
  }
  // Keep the longest end of the text that begins a stop string.
  std::size_t keep = 0;
  for (const std::string& s : stops_) {
    for (std::size_t n = std::min(s.size() - 1, held_.size()); n > keep; --n) {
      if (held_.ends_with(std::string_view(s).substr(0, n))) keep = n;
    }
  }
  std::string out = held_.substr(0, held_.size() - keep);
  held_.erase(0, out.size());
  return out;
}

std::string StopStrings::flush() {
  return std::exchange(held_, "");
}

}  // namespace rocmforge::text
