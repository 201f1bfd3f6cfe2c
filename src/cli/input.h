// Texts that a user hands in.
#pragma once

#include <string>
#include <string_view>

namespace rocmforge::cli {

// A whole text file; "-" is standard input, and pipes will do. It may be empty. Error{kNotFound,
// kIo, kFormat (not UTF-8, with the byte's offset; over 1 GiB)} naming the path.
std::string read_text(const std::string& path);

// Error{kFormat} naming `what` and the offset of the first byte that is not UTF-8.
void check_utf8(std::string_view text, const std::string& what);

}  // namespace rocmforge::cli
