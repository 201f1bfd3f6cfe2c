#include "cli/answer_writer.h"

#include "cli/output.h"

namespace rocmforge::cli {

AnswerWriter::AnswerWriter(bool hide_thinking)
    : hidden_(hide_thinking), colours_(stdout_has_colours()) {}

bool AnswerWriter::thinking(std::string_view text) {
  if (hidden_) return true;
  if (!within_) write_output(colours_ ? kDim : "<think>\n");
  within_ = true;
  return write_output(text);
}

bool AnswerWriter::answer(std::string_view text) {
  if (within_) write_output(colours_ ? "\x1b[0m\n\n" : "\n</think>\n\n");
  within_ = false;
  return write_output(text);
}

bool AnswerWriter::end() {
  if (!within_) return true;
  within_ = false;
  return write_output(colours_ ? kPlain : "\n</think>");
}

}  // namespace rocmforge::cli
