#include "text/jinja/unicode.h"

#include <utf8proc.h>

#include <algorithm>
#include <array>

#include "text/utf8.h"

namespace rocmforge::text::jinja {
namespace {

utf8proc_category_t category(char32_t code) {
  return utf8proc_category(static_cast<utf8proc_int32_t>(code));
}

// Letters whose upper case is several letters; the second column begins a word. From Unicode's
// SpecialCasing.txt, without Greek letters with iota subscript.
struct SpecialCase {
  char32_t code;
  std::u32string_view upper, title;
};
constexpr std::array kSpecialCases = {
    SpecialCase{0xdf, U"SS", U"Ss"},
    SpecialCase{0x149, U"\u02bcN", U"\u02bcN"},
    SpecialCase{0x1f0, U"J\u030c", U"J\u030c"},
    SpecialCase{0x390, U"\u0399\u0308\u0301", U"\u0399\u0308\u0301"},
    SpecialCase{0x3b0, U"\u03a5\u0308\u0301", U"\u03a5\u0308\u0301"},
    SpecialCase{0x587, U"\u0535\u0552", U"\u0535\u0582"},
    SpecialCase{0x1e96, U"H\u0331", U"H\u0331"},
    SpecialCase{0x1e97, U"T\u0308", U"T\u0308"},
    SpecialCase{0x1e98, U"W\u030a", U"W\u030a"},
    SpecialCase{0x1e99, U"Y\u030a", U"Y\u030a"},
    SpecialCase{0x1e9a, U"A\u02be", U"A\u02be"},
    SpecialCase{0xfb00, U"FF", U"Ff"},
    SpecialCase{0xfb01, U"FI", U"Fi"},
    SpecialCase{0xfb02, U"FL", U"Fl"},
    SpecialCase{0xfb03, U"FFI", U"Ffi"},
    SpecialCase{0xfb04, U"FFL", U"Ffl"},
    SpecialCase{0xfb05, U"ST", U"St"},
    SpecialCase{0xfb06, U"ST", U"St"},
};

const SpecialCase* special_case(char32_t code) {
  if (code < 0x80) return nullptr;
  const auto found = std::find_if(kSpecialCases.begin(), kSpecialCases.end(),
                                  [&](const SpecialCase& s) { return s.code == code; });
  return found == kSpecialCases.end() ? nullptr : &*found;
}

void append(std::string& out, std::u32string_view codes) {
  for (const char32_t code : codes) append_utf8(out, code);
}

void append_upper(std::string& out, char32_t code) {
  if (const SpecialCase* s = special_case(code)) return append(out, s->upper);
  append_utf8(out, static_cast<char32_t>(utf8proc_toupper(static_cast<utf8proc_int32_t>(code))));
}

void append_title(std::string& out, char32_t code) {
  if (const SpecialCase* s = special_case(code)) return append(out, s->title);
  append_utf8(out, static_cast<char32_t>(utf8proc_totitle(static_cast<utf8proc_int32_t>(code))));
}

std::vector<char32_t> decode(std::string_view text) {
  std::vector<char32_t> out;
  out.reserve(text.size());
  for (std::size_t pos = 0; pos < text.size(); pos += utf8_size(text[pos])) {
    out.push_back(utf8_decode(text, pos));
  }
  return out;
}

bool ignores_case(char32_t code) {
  switch (category(code)) {
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_ME:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_SK:
      return true;
    default:
      return code == '\'' || code == '.' || code == ':' || code == 0xb7 || code == 0x2019;
  }
}

// A sigma that ends a word has a form of its own.
bool is_final_sigma(const std::vector<char32_t>& codes, std::size_t at) {
  std::size_t i = at;
  while (i > 0 && ignores_case(codes[i - 1])) --i;
  if (i == 0 || !is_cased(codes[i - 1])) return false;
  std::size_t j = at + 1;
  while (j < codes.size() && ignores_case(codes[j])) ++j;
  return j == codes.size() || !is_cased(codes[j]);
}

void append_lower(std::string& out, const std::vector<char32_t>& codes, std::size_t at) {
  const char32_t code = codes[at];
  if (code == 0x130) return append(out, U"i\u0307");
  if (code == 0x3a3) return append_utf8(out, is_final_sigma(codes, at) ? 0x3c2 : 0x3c3);
  append_utf8(out, static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(code))));
}

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

}  // namespace

std::size_t count_characters(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  }));
}

std::size_t character_offset(std::string_view text, std::size_t index) {
  std::size_t pos = 0;
  for (; index > 0 && pos < text.size(); --index) pos += utf8_size(text[pos]);
  return pos;
}

std::vector<std::string_view> characters(std::string_view text) {
  std::vector<std::string_view> out;
  for (std::size_t pos = 0; pos < text.size(); pos += out.back().size()) {
    out.push_back(text.substr(pos, utf8_size(text[pos])));
  }
  return out;
}

void append_utf8(std::string& out, char32_t code) {
  const auto tail = [&](unsigned shift) {
    out += static_cast<char>(0x80 | (static_cast<unsigned>(code) >> shift & 0x3f));
  };
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xc0 | code >> 6);
    tail(0);
  } else if (code < 0x10000) {
    out += static_cast<char>(0xe0 | code >> 12);
    tail(6);
    tail(0);
  } else {
    out += static_cast<char>(0xf0 | code >> 18);
    tail(12);
    tail(6);
    tail(0);
  }
}

std::string to_well_formed(std::string_view text) {
  if (find_invalid_utf8(text) == std::string_view::npos) return std::string(text);
  std::string out;
  for (std::size_t pos = 0; pos < text.size();) {
    const Utf8Step step = utf8_step(text, pos);
    out += step.kind == Utf8Kind::kCharacter ? text.substr(pos, step.size) : kReplacementCharacter;
    pos += step.size;
  }
  return out;
}

bool is_space(char32_t c) {
  return (c >= 0x09 && c <= 0x0d) || (c >= 0x1c && c <= 0x20) || c == 0x85 || c == 0xa0 ||
         c == 0x1680 || (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 || c == 0x202f ||
         c == 0x205f || c == 0x3000;
}

bool is_printable(char32_t code) {
  if (code < 0x7f) return code >= 0x20;
  switch (category(code)) {
    case UTF8PROC_CATEGORY_CN:
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_CS:
    case UTF8PROC_CATEGORY_CO:
    case UTF8PROC_CATEGORY_ZS:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
      return false;
    default:
      return true;
  }
}

bool is_alpha(char32_t code) {
  const utf8proc_category_t c = category(code);
  return c >= UTF8PROC_CATEGORY_LU && c <= UTF8PROC_CATEGORY_LO;
}
bool is_decimal(char32_t code) {
  return category(code) == UTF8PROC_CATEGORY_ND;
}
bool is_digit(char32_t c) {
  return is_decimal(c) || c == 0xb2 || c == 0xb3 || c == 0xb9 || c == 0x2070 ||
         (c >= 0x2074 && c <= 0x2079) || (c >= 0x2080 && c <= 0x2089) ||
         (c >= 0x2460 && c <= 0x2468) || (c >= 0x2474 && c <= 0x247c) ||
         (c >= 0x2488 && c <= 0x2490) || c == 0x24ea || (c >= 0x24f5 && c <= 0x24fd) ||
         c == 0x24ff || (c >= 0x2776 && c <= 0x277e) || (c >= 0x2780 && c <= 0x2788) ||
         (c >= 0x278a && c <= 0x2792);
}
bool is_numeric(char32_t code) {
  const utf8proc_category_t c = category(code);
  return c == UTF8PROC_CATEGORY_ND || c == UTF8PROC_CATEGORY_NL || c == UTF8PROC_CATEGORY_NO;
}
bool is_lower(char32_t code) {
  return category(code) == UTF8PROC_CATEGORY_LL || code == 0xaa || code == 0xba;
}
bool is_upper(char32_t code) {
  return category(code) == UTF8PROC_CATEGORY_LU;
}
bool is_title(char32_t code) {
  return category(code) == UTF8PROC_CATEGORY_LT;
}
bool is_word(char32_t code) {
  return code == '_' || is_alnum(code);
}

bool is_identifier(std::string_view text) {
  const std::vector<char32_t> codes = decode(text);
  const auto begins = [](char32_t c) {
    return c == '_' || is_alpha(c) || category(c) == UTF8PROC_CATEGORY_NL;
  };
  if (codes.empty() || !begins(codes[0])) return false;
  return std::all_of(codes.begin(), codes.end(), [&](char32_t c) {
    const utf8proc_category_t k = category(c);
    return begins(c) || is_decimal(c) || k == UTF8PROC_CATEGORY_MN || k == UTF8PROC_CATEGORY_MC ||
           k == UTF8PROC_CATEGORY_PC || c == 0xb7;
  });
}

std::string upper(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char32_t code : decode(text)) append_upper(out, code);
  return out;
}

std::string lower(std::string_view text) {
  if (is_ascii(text)) {
    std::string out(text);
    for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    return out;
  }
  std::string out;
  const std::vector<char32_t> codes = decode(text);
  for (std::size_t i = 0; i < codes.size(); ++i) append_lower(out, codes, i);
  return out;
}

std::string capitalize(std::string_view text) {
  std::string out;
  const std::vector<char32_t> codes = decode(text);
  for (std::size_t i = 0; i < codes.size(); ++i) {
    i == 0 ? append_title(out, codes[i]) : append_lower(out, codes, i);
  }
  return out;
}

std::string title(std::string_view text) {
  std::string out;
  const std::vector<char32_t> codes = decode(text);
  bool within = false;
  for (std::size_t i = 0; i < codes.size(); ++i) {
    within ? append_lower(out, codes, i) : append_title(out, codes[i]);
    within = is_cased(codes[i]);
  }
  return out;
}

std::string swap_case(std::string_view text) {
  std::string out;
  const std::vector<char32_t> codes = decode(text);
  for (std::size_t i = 0; i < codes.size(); ++i) {
    if (is_upper(codes[i])) {
      append_lower(out, codes, i);
    } else if (is_lower(codes[i])) {
      append_upper(out, codes[i]);
    } else {
      append_utf8(out, codes[i]);
    }
  }
  return out;
}

std::string_view strip_left(std::string_view text) {
  while (!text.empty() && is_space(utf8_decode(text, 0))) text.remove_prefix(utf8_size(text[0]));
  return text;
}

std::string_view strip_right(std::string_view text) {
  while (!text.empty()) {
    std::size_t last = text.size() - 1;
    while (last > 0 && (static_cast<unsigned char>(text[last]) & 0xc0) == 0x80) --last;
    if (!is_space(utf8_decode(text, last))) break;
    text = text.substr(0, last);
  }
  return text;
}

}  // namespace rocmforge::text::jinja
