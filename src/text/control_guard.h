// Text from outside in a prompt: parted with marks so that no control token comes of it.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "text/special_tokens.h"

namespace rocmforge::text {

class ControlGuard {
 public:
  // The texts outlive it.
  explicit ControlGuard(std::span<const SpecialTokens::Entry> control);

  // `text` (well-formed UTF-8 without marks) with `mark` within each control token in it, but for
  // those of one character: there it stands before. So too within two or more characters that begin
  // or end a control token, where white space or nothing is next to them: what stands there in a
  // prompt may complete it. (Not where the whole is a name, of letters, digits, _ and -: a template
  // writes control tokens around some.) No mark stands within a token of `user_defined`. Time is
  // linear in the text.
  std::string marked(std::string_view text, std::string_view mark,
                     const SpecialTokens& user_defined) const;

 private:
  // A stretch that a mark is to part: at the first place where it may, or at the last.
  struct Stretch {
    std::size_t begin, end;
    bool at_last = false;
  };
  void find_edges(std::string_view text, std::vector<Stretch>& out) const;

  std::vector<std::string> reversed_;
  SpecialTokens tokens_, backwards_;
  std::unordered_set<std::string_view> single_;  // of one character
  std::string joined_;                           // with zeros between
};

// Whether all of it is ASCII letters, digits, _ and -.
bool is_plain_name(std::string_view text);

}  // namespace rocmforge::text
