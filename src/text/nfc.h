// Unicode's normalization form C.
#pragma once

#include <string>
#include <string_view>

namespace rocmforge::text {

// `text` (well-formed UTF-8) with each character and the marks behind it composed as far as they
// can be. Time n log n, whatever the number of marks.
std::string to_nfc(std::string_view text);

}  // namespace rocmforge::text
