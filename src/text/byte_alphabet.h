// GPT-2's spelling of bytes as printable characters, in which a byte-level vocabulary is written.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace rocmforge::text {

// The character (UTF-8) that stands for `byte`: itself where it is printable in Latin-1, else one
// of U+0100 to U+0143.
std::string byte_to_letter(unsigned char byte);

// The bytes that `token` spells; nullopt when it holds a character that stands for no byte.
std::optional<std::string> spelled_bytes(std::string_view token);

}  // namespace rocmforge::text
