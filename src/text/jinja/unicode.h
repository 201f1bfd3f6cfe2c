// Characters as python's str sees them: code points, their classes and their case.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace rocmforge::text::jinja {

// All texts here are well-formed UTF-8.
std::size_t count_characters(std::string_view text);
// Byte offset of character `index`, at most text.size().
std::size_t character_offset(std::string_view text, std::size_t index);
std::vector<std::string_view> characters(std::string_view text);
void append_utf8(std::string& out, char32_t code);
// Well-formed already, or with U+FFFD for each part that is not.
std::string to_well_formed(std::string_view text);

bool is_space(char32_t code);      // str.isspace, and \s of a regular expression
bool is_printable(char32_t code);  // what repr shows as it is
bool is_alpha(char32_t code);
bool is_decimal(char32_t code);
bool is_digit(char32_t code);
bool is_numeric(char32_t code);
bool is_lower(char32_t code);
bool is_upper(char32_t code);
bool is_title(char32_t code);
inline bool is_cased(char32_t code) {
  return is_lower(code) || is_upper(code) || is_title(code);
}
inline bool is_alnum(char32_t code) {
  return is_alpha(code) || is_decimal(code) || is_digit(code) || is_numeric(code);
}
bool is_identifier(std::string_view text);
bool is_word(char32_t code);  // \w of a regular expression

std::string upper(std::string_view text);
std::string lower(std::string_view text);
std::string capitalize(std::string_view text);
std::string title(std::string_view text);  // str.title: a new word after each uncased character
std::string swap_case(std::string_view text);

// Without the spaces (is_space) at its ends.
std::string_view strip_left(std::string_view text);
std::string_view strip_right(std::string_view text);

}  // namespace rocmforge::text::jinja
