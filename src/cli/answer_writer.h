// An answer on standard output as it comes, with its thinking told apart.
#pragma once

#include <string_view>

#include "engine/answer.h"

namespace rocmforge::cli {

// Thinking is dim on a terminal with colours, else stands between lines of <think> and </think>.
class AnswerWriter {
 public:
  explicit AnswerWriter(bool hide_thinking = false);

  // Each false when nobody can read it any more.
  bool thinking(std::string_view text);
  bool answer(std::string_view text);
  bool end();  // of the thinking, where no answer follows

 private:
  bool hidden_, colours_;
  bool within_ = false;
};

}  // namespace rocmforge::cli
