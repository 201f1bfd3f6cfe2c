#include "text/char_class.h"

#include <utf8proc.h>

#include <algorithm>

#include "base/check.h"

namespace rocmforge::text {
namespace {

std::uint8_t class_of_category(utf8proc_category_t category) {
  switch (category) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
      return kLetter;
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ME:
      return kMark;
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_NO:
      return kNumber;
    case UTF8PROC_CATEGORY_PC:
    case UTF8PROC_CATEGORY_PD:
    case UTF8PROC_CATEGORY_PS:
    case UTF8PROC_CATEGORY_PE:
    case UTF8PROC_CATEGORY_PI:
    case UTF8PROC_CATEGORY_PF:
    case UTF8PROC_CATEGORY_PO:
      return kPunctuation;
    case UTF8PROC_CATEGORY_SM:
    case UTF8PROC_CATEGORY_SC:
    case UTF8PROC_CATEGORY_SK:
    case UTF8PROC_CATEGORY_SO:
      return kSymbol;
    default:
      return 0;
  }
}

bool is_white_space(char32_t code) {
  return (code >= 0x09 && code <= 0x0d) || code == 0x20 || code == 0x85 || code == 0xa0 ||
         code == 0x1680 || (code >= 0x2000 && code <= 0x200a) || code == 0x2028 || code == 0x2029 ||
         code == 0x202f || code == 0x205f || code == 0x3000;
}

std::uint8_t class_of(char32_t code) {
  // What 15.1 added to the 15.0 of utf8proc 2.8.
  if (code >= 0x2ebf0 && code <= 0x2ee5d) return kLetter;
  if ((code >= 0x2ffc && code <= 0x2fff) || code == 0x31ef) return kSymbol;
  const std::uint8_t base =
      class_of_category(utf8proc_category(static_cast<utf8proc_int32_t>(code)));
  return static_cast<std::uint8_t>(base | (is_white_space(code) ? kSpace : 0));
}

}  // namespace

const CharClasses& CharClasses::get() {
  static const CharClasses classes;
  return classes;
}

CharClasses::CharClasses() {
  for (std::size_t number = 0; number < page_of_.size(); ++number) {
    Page page{};
    for (std::size_t i = 0; i < page.size(); ++i)
      page[i] = class_of(static_cast<char32_t>(number << 8 | i));
    const auto same = std::find(pages_.begin(), pages_.end(), page);
    page_of_[number] = static_cast<std::uint8_t>(same - pages_.begin());
    if (same == pages_.end()) pages_.push_back(page);
  }
  check(pages_.size() <= 256, "a byte numbers the pages of character classes");
  std::copy_n(pages_[page_of_[0]].begin(), ascii_.size(), ascii_.begin());
}

}  // namespace rocmforge::text
