// Calls of tools told apart from the answer, as the text of a model streams.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "text/tools/format.h"

namespace rocmforge::text {

struct ToolEvent {
  enum class Kind {
    kContent,    // text: of the answer
    kBegin,      // text: the function's name
    kArguments,  // text: the next part of the arguments, which are one JSON object
    kEnd,
  };
  Kind kind = Kind::kContent;
  std::size_t index = 0;  // of the call, from 0
  std::string text;
  bool operator==(const ToolEvent&) const = default;
};

class BlockReader;

// Whatever the text, nothing is thrown and nothing lost: what is no whole and well-formed call of
// one of the tools is content, but for white space around calls. However the text is cut into
// pieces, what comes out adds up to the same.
class ToolCallParser {
 public:
  enum class Delivery {
    kWhole,  // a call comes out when it is complete: the way for an answer that is not streamed
    // A call comes out from its name on. If its text turns out broken, or ends within, it gets no
    // kEnd: its arguments stop short, and text from there on is content.
    kStreamed,
  };
  ToolCallParser(const ToolFormat& format, std::vector<Tool> tools, Delivery delivery);
  ~ToolCallParser();
  ToolCallParser(ToolCallParser&&) noexcept;
  ToolCallParser& operator=(ToolCallParser&&) noexcept;

  // What has become certain; what may be part of a marker or of a call is held back.
  std::vector<ToolEvent> push(std::string_view piece);
  // What was held back, at the end of the text.
  std::vector<ToolEvent> flush();
  // Calls begun, and those of them that were completed.
  std::size_t begun() const;
  std::size_t completed() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace rocmforge::text
