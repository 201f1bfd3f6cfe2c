// JSON out.
#pragma once

#include <string>
#include <string_view>

namespace rocmforge::serve {

// "text" with quotes and escapes; bytes that are no UTF-8 become U+FFFD.
void append_quoted(std::string& out, std::string_view text);
std::string quoted(std::string_view text);
// The same text in valid UTF-8.
std::string well_formed(std::string_view text);

}  // namespace rocmforge::serve
