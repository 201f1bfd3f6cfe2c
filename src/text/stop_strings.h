// Ends a text before the first of some strings, across the borders of the pieces it comes in.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace rocmforge::text {

class StopStrings {
 public:
  explicit StopStrings(std::vector<std::string> stops);  // empty strings are ignored

  // Text that is certain to lie before any stop string; what may be the beginning of one is held
  // back. Nothing more once stopped().
  std::string push(std::string_view piece);
  // What was held back, when the text ends otherwise.
  std::string flush();
  bool stopped() const { return stopped_; }
  const std::string& stopped_by() const { return stopped_by_; }  // empty before

 private:
  std::vector<std::string> stops_;
  std::string held_;
  std::string stopped_by_;
  bool stopped_ = false;
};

}  // namespace rocmforge::text
