// Server-sent events, read as they come (WHATWG HTML, section 9.2.6).
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace rocmforge::serve {

struct ServerEvent {
  std::string name;  // empty: "message"
  std::string data;  // its lines, with '\n' between them
};

// Takes the text of a stream in pieces, cut anywhere.
class EventParser {
 public:
  static constexpr std::size_t kMostBytes = 16U << 20;  // of one event

  // False: no more are wanted.
  using OnEvent = std::function<bool(ServerEvent event)>;
  explicit EventParser(OnEvent on_event) : on_event_(std::move(on_event)) {}

  // False once no more are wanted. Comments are passed over, and so is an event without data.
  // Error{kFormat} for an event that is too large.
  bool take(std::string_view text);

 private:
  bool take_line(std::string_view line);

  OnEvent on_event_;
  std::string line_;
  ServerEvent event_;
  bool has_data_ = false;
  bool after_return_ = false;  // a '\n' would be of the same line's end
  bool at_start_ = true;       // where a byte order mark may stand
  bool wanted_ = true;
};

}  // namespace rocmforge::serve
