// Text from parts, for prints and messages.
#pragma once

#include <charconv>
#include <concepts>
#include <string>
#include <string_view>

#include "ir/graph.h"

namespace rocmforge::ir {

inline void append_text(std::string& out, std::string_view part) {
  out.append(part);
}
// Numbers in the shortest form that reads back as the same.
template <class T>
  requires std::integral<T> || std::floating_point<T>
void append_text(std::string& out, T number) {
  char buffer[32];
  out.append(buffer, std::to_chars(buffer, buffer + sizeof buffer, number).ptr);
}
inline void append_text(std::string& out, Value v) {
  out.push_back('%');
  append_text(out, v.id);
}

template <class... Parts>
std::string text(const Parts&... parts) {
  std::string out;
  (append_text(out, parts), ...);
  return out;
}

}  // namespace rocmforge::ir
