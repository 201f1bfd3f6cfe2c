// PCRE2, compiled to machine code where the system allows it.
#pragma once

#include <cstddef>
#include <cstdint>
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
    // The match limit is 16 * text_bytes + 10^6. Steps that are counted: kStepsPerByte * text_bytes
    // + kMoreSteps.
    explicit Scratch(std::size_t text_bytes);
    // Counts from 0 again.
    void begin_pattern();

   private:
    friend class Regex;
    struct Impl;
    std::shared_ptr<Impl> impl_;
  };

  // Some 10 times what a pattern with many alternatives takes of a text in which each character is
  // a match.
  static constexpr std::uint64_t kStepsPerByte = 128, kMoreSteps = 1000;

  // kCounted, for patterns that nobody has looked at: each item of the pattern that is tried is a
  // step, and each byte that the place moves by, so that no pattern takes long. Somewhat slower.
  enum class Steps { kFree, kCounted };

  // `pattern` is PCRE2 syntax with \p{L}, \p{N}, \p{P}, \p{M}, \p{S} and \s, which are widened to
  // Unicode 15.1 whatever version the library knows (\s is White_Space). Error{kUnsupported} when
  // it does not compile.
  explicit Regex(std::string_view pattern, Steps steps = Steps::kFree);

  // The first match at or after `from`; an empty one at `from` only when `allow_empty`. `subject`
  // is well-formed UTF-8, and what lies outside it does not exist for lookarounds.
  // Error{kInvalidArgument} when a limit is hit.
  std::optional<Match> find(std::string_view subject, std::size_t from, bool allow_empty,
                            Scratch& scratch) const;

 private:
  std::string shown() const;

  struct Code;
  std::shared_ptr<const Code> code_;
  std::string pattern_;
};

// The pattern with its classes widened, as Regex compiles it.
std::string widen_classes(std::string_view pattern);

}  // namespace rocmforge::text
