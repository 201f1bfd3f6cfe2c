#include "text/scanner.h"

#include <array>
#include <cstddef>
#include <utility>

#include "text/char_class.h"
#include "text/utf8.h"

namespace rocmforge::text {
namespace {

// A place in the text that moves character by character.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : text_(text), classes_(CharClasses::get()) {}

  std::size_t size() const { return text_.size(); }
  std::uint8_t class_at(std::size_t pos) const { return classes_.at(text_, pos); }
  bool is(std::size_t pos, char c) const { return pos < text_.size() && text_[pos] == c; }
  char byte(std::size_t pos) const { return pos < text_.size() ? text_[pos] : '\0'; }
  std::size_t next(std::size_t pos) const { return pos + utf8_size(text_[pos]); }

  // The end of the characters from `pos` on that are of one of the classes `mask`, or of none.
  std::size_t skip(std::size_t pos, std::uint8_t mask) const {
    while (pos < text_.size() && (class_at(pos) & mask) != 0) pos = next(pos);
    return pos;
  }
  std::size_t skip_not(std::size_t pos, std::uint8_t mask) const {
    while (pos < text_.size() && (class_at(pos) & mask) == 0) pos = next(pos);
    return pos;
  }

 private:
  std::string_view text_;
  const CharClasses& classes_;
};

bool is_newline(char c) {
  return c == '\r' || c == '\n';
}

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

// Bytes of 's 't 'm 'd 're 've 'll at `pos`; 0: there is none.
template <bool kBothCases>
std::size_t contraction(const Cursor& at, std::size_t pos) {
  if (!at.is(pos, '\'')) return 0;
  const auto letter = [&](std::size_t i) {
    return kBothCases ? lower(at.byte(pos + i)) : at.byte(pos + i);
  };
  const char first = letter(1);
  if (first == 's' || first == 't' || first == 'm' || first == 'd') return 2;
  if ((first == 'r' || first == 'v') && letter(2) == 'e') return 3;
  return first == 'l' && letter(2) == 'l' ? 3 : 0;
}

// \s+(?!\S)|\s+ : the white space from `pos` on, less its last character where a word follows.
// `kNewlines`: \s*[\r\n]+ goes before, all of it up to the last newline.
template <bool kNewlines>
std::size_t white_space(const Cursor& at, std::size_t pos) {
  std::size_t end = pos, last = pos, newline = pos;
  while (end < at.size() && (at.class_at(end) & kSpace) != 0) {
    last = end;
    end = at.next(end);
    if (kNewlines && is_newline(at.byte(last))) newline = end;
  }
  if (newline > pos) return newline;
  return end < at.size() && last > pos ? last : end;
}

constexpr std::uint8_t kWord = kSpace | kLetter | kNumber;

void scan_gpt2(std::string_view text, std::uint32_t base, std::vector<std::uint32_t>& ends) {
  const Cursor at(text);
  for (std::size_t pos = 0; pos < text.size();) {
    const std::size_t word = at.is(pos, ' ') ? pos + 1 : pos;  // " ?"
    const std::uint8_t kind = at.class_at(word);
    if (const std::size_t n = contraction<false>(at, pos); n > 0) {
      pos += n;
    } else if (word == text.size() || (kind & kSpace) != 0) {
      pos = white_space<false>(at, pos);
    } else if ((kind & kWord) != 0) {
      pos = at.skip(word, kind & kWord);
    } else {
      pos = at.skip_not(word, kWord);
    }
    ends.push_back(base + static_cast<std::uint32_t>(pos));
  }
}

enum class Letters {
  kPlain,  // \p{L}+
  kMarks,  // [\p{L}\p{M}]+
  kCased   // capitals, then small letters: a new stretch where a capital follows a small one
};

// Where Llama 3's pattern and those made after it differ.
struct Rules {
  bool contraction_before = true;  // as a stretch of its own
  bool contraction_after = false;  // as the end of a word
  Letters letters = Letters::kPlain;
  std::size_t n_digits = 1;
  bool newlines_after_punctuation = true;
  bool slashes_after_punctuation = false;
};

// U*W+|U+W* from the letter at `pos` on, where U is a letter that is not a-z and W one that is not
// A-Z, so that letters outside ASCII are both.
std::size_t cased_letters(const Cursor& at, std::size_t pos) {
  const auto is_capital = [&](std::size_t i) { return at.byte(i) >= 'A' && at.byte(i) <= 'Z'; };
  const auto is_small = [&](std::size_t i) { return at.byte(i) >= 'a' && at.byte(i) <= 'z'; };
  std::size_t end = pos, after_both = pos;  // after_both: the end of the last letter that is both
  while ((at.class_at(end) & kLetter) != 0 && !is_small(end)) {
    const bool both = !is_capital(end);
    end = at.next(end);
    if (both) after_both = end;
  }
  if ((at.class_at(end) & kLetter) != 0) {  // a small one: W+ goes on from here
    while ((at.class_at(end) & kLetter) != 0 && !is_capital(end)) end = at.next(end);
    return end;
  }
  // W+ needs one: U* gives letters back up to the last that is both. Without any, U+ takes all.
  return after_both > pos ? after_both : end;
}

template <Rules kRules>
std::size_t letters_end(const Cursor& at, std::size_t pos) {
  constexpr std::uint8_t kMask =
      kRules.letters == Letters::kMarks ? std::uint8_t{kLetter | kMark} : kLetter;
  std::size_t end =
      kRules.letters == Letters::kCased ? cased_letters(at, pos) : at.skip(pos, kMask);
  if (kRules.contraction_after) end += contraction<true>(at, end);
  return end;
}

template <Rules kRules>
std::size_t stretch_end(const Cursor& at, std::size_t pos) {
  constexpr std::uint8_t kLetters =
      kRules.letters == Letters::kMarks ? std::uint8_t{kLetter | kMark} : kLetter;
  constexpr std::uint8_t kNoPunctuation = kSpace | kLetters | kNumber;
  if (kRules.contraction_before)
    if (const std::size_t n = contraction<true>(at, pos); n > 0) return pos + n;

  const std::uint8_t kind = at.class_at(pos);
  if ((kind & kLetters) != 0) return letters_end<kRules>(at, pos);
  if ((kind & kNumber) != 0) {
    std::size_t end = at.next(pos);
    for (std::size_t n = 1; n < kRules.n_digits && (at.class_at(end) & kNumber) != 0; ++n)
      end = at.next(end);
    return end;
  }
  // [^\r\n\p{L}\p{N}]? before a word.
  const std::size_t second = at.next(pos);
  const std::uint8_t second_kind = at.class_at(second);
  if (!is_newline(at.byte(pos)) && (second_kind & kLetters) != 0)
    return letters_end<kRules>(at, second);
  // " ?" before punctuation.
  const bool spaced = at.is(pos, ' ') && second < at.size();
  if (((spaced ? second_kind : kind) & kNoPunctuation) == 0) {
    std::size_t end = at.skip_not(spaced ? second : pos, kNoPunctuation);
    while (kRules.newlines_after_punctuation &&
           (is_newline(at.byte(end)) || (kRules.slashes_after_punctuation && at.is(end, '/'))))
      ++end;
    return end;
  }
  return white_space<true>(at, pos);
}

template <Rules kRules>
void scan(std::string_view text, std::uint32_t base, std::vector<std::uint32_t>& ends) {
  const Cursor at(text);
  for (std::size_t pos = 0; pos < text.size();) {
    pos = stretch_end<kRules>(at, pos);
    ends.push_back(base + static_cast<std::uint32_t>(pos));
  }
}

// \p{N}{1,kMost}, and what lies between.
template <std::size_t kMost>
void scan_numbers(std::string_view text, std::uint32_t base, std::vector<std::uint32_t>& ends) {
  const Cursor at(text);
  for (std::size_t pos = 0; pos < text.size();) {
    std::size_t end = at.skip_not(pos, kNumber);
    if (end == pos)
      for (std::size_t n = 0; n < kMost && (at.class_at(end) & kNumber) != 0; ++n)
        end = at.next(end);
    pos = end;
    ends.push_back(base + static_cast<std::uint32_t>(pos));
  }
}

constexpr Rules kLlama3Rules{.n_digits = 3};
constexpr Rules kQwen2Rules{};
constexpr Rules kQwen35Rules{.letters = Letters::kMarks};
constexpr Rules kSeedCoderRules{.newlines_after_punctuation = false};
constexpr Rules kTekkenRules{
    .contraction_before = false, .letters = Letters::kCased, .slashes_after_punctuation = true};
constexpr Rules kGpt4oRules{.contraction_before = false,
                            .contraction_after = true,
                            .letters = Letters::kCased,
                            .n_digits = 3,
                            .slashes_after_punctuation = true};

constexpr std::array<std::pair<std::string_view, Scanner>, 9> kScanners = {{
    {pattern::kGpt2, scan_gpt2},
    {pattern::kLlama3, scan<kLlama3Rules>},
    {pattern::kQwen2, scan<kQwen2Rules>},
    {pattern::kQwen35, scan<kQwen35Rules>},
    {pattern::kSeedCoder, scan<kSeedCoderRules>},
    {pattern::kTekken, scan<kTekkenRules>},
    {pattern::kGpt4o, scan<kGpt4oRules>},
    {pattern::kEachNumber, scan_numbers<1>},
    {pattern::kThreeNumbers, scan_numbers<3>},
}};

}  // namespace

Scanner find_scanner(std::string_view pattern) {
  for (const auto& [text, scanner] : kScanners)
    if (text == pattern) return scanner;
  return nullptr;
}

}  // namespace rocmforge::text
