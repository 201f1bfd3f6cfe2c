#include "serve/http/event_stream.h"

#include <utility>

#include "base/error.h"

namespace rocmforge::serve {
namespace {

constexpr std::string_view kMark = "\xEF\xBB\xBF";  // of the byte order

}  // namespace

bool EventParser::take(std::string_view text) {
  while (wanted_ && !text.empty()) {
    if (std::exchange(after_return_, false) && text.front() == '\n') {
      text.remove_prefix(1);
      continue;
    }
    const std::size_t end = text.find_first_of("\r\n");
    line_.append(text.substr(0, end));
    if (line_.size() + event_.data.size() > kMostBytes) {
      throw Error(ErrorCode::kFormat, "[client] the stream: an event of more than 16 MiB");
    }
    if (end == text.npos) break;
    after_return_ = text[end] == '\r';
    text.remove_prefix(end + 1);
    wanted_ = take_line(line_);
    line_.clear();
  }
  return wanted_;
}

bool EventParser::take_line(std::string_view line) {
  if (std::exchange(at_start_, false) && line.starts_with(kMark)) line.remove_prefix(kMark.size());
  if (line.empty()) {
    ServerEvent event = std::exchange(event_, {});
    return !std::exchange(has_data_, false) || on_event_(std::move(event));
  }
  const std::size_t colon = line.find(':');
  const std::string_view field = line.substr(0, colon);
  std::string_view value = colon == line.npos ? std::string_view() : line.substr(colon + 1);
  if (value.starts_with(' ')) value.remove_prefix(1);
  if (field == "data") {
    if (std::exchange(has_data_, true)) event_.data += '\n';
    event_.data += value;
  } else if (field == "event") {
    event_.name = value;
  }
  return true;
}

}  // namespace rocmforge::serve
