// PCRE2, compiled to machine code where the system allows it.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace rocmforge::text {

struct Match {
  std::size_t begin, end;  // byte offsets into the subject
};

class Regex {
 public:
  // What a search needs beside the pattern: one for each call of encode(), never shared.
  class Scratch {
   public:
    // The match limit is 16 * text_bytes + 10^6.
    explicit Scratch(std::size_t text_bytes);

   private:
    friend class Regex;
    struct Impl;
    std::shared_ptr<Impl> impl_;
  };

  // `pattern` is PCRE2 syntax with \p{L}, \p{N}, \p{P}, \p{M}, \p{S} and \s, which are widened to
  // Unicode 15.1 whatever version the library knows (\s is White_Space). Error{kUnsupported} when
  // it does not compile.
  explicit Regex(std::string_view pattern);

  // The first match at or after `from`; an empty one at `from` only when `allow_empty`. `subject`
  // is well-formed UTF-8, and what lies outside it does not exist for lookarounds.
  // Error{kInvalidArgument} when a limit is hit.
  std::optional<Match> find(std::string_view subject, std::size_t from, bool allow_empty,
                            Scratch& scratch) const;

 private:
  struct Code;
  std::shared_ptr<const Code> code_;
  std::string pattern_;
};

// The pattern with its classes widened, as Regex compiles it.
std::string widen_classes(std::string_view pattern);

}  // namespace rocmforge::text
