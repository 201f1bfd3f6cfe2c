// What the parser of tool calls has for each format: a reader of one block of calls.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "text/tools/format.h"

namespace rocmforge::text {

// Takes what a reader finds. The calls of one read() stand for all the text that it used.
class ToolSink {
 public:
  virtual ~ToolSink() = default;
  virtual void content(std::string_view text) = 0;
  virtual void begin(std::string_view name) = 0;
  virtual void arguments(std::string_view text) = 0;
  virtual void end() = 0;
};

class BlockReader {
 public:
  enum class State {
    kMore,  // needs more text than there is
    kOn,    // came forward; call again with the rest
    kDone,  // the block ended with what was used
    kBad,   // what was used is no block; nothing was told to the sink by this read()
  };
  struct Result {
    std::size_t used = 0;
    State state = State::kMore;
  };
  virtual ~BlockReader() = default;
  // `text` begins where the last read() stopped using it. At the end of the whole text kMore counts
  // as kBad.
  virtual Result read(std::string_view text, bool at_end, ToolSink& sink) = 0;
};

// Texts that open a block, to be found anywhere in the answer.
std::vector<std::string> block_markers(ToolStyle style);
// Whether a block may stand, without a marker, where the answer begins or a call has ended.
bool bare_blocks(ToolStyle style);
// `marker`: the one that was found and is already used; empty for a bare block. `tools` must
// outlive the reader.
std::unique_ptr<BlockReader> make_block_reader(ToolStyle style, std::string_view marker,
                                               const std::vector<Tool>& tools);

// Of the readers' files.
std::unique_ptr<BlockReader> make_json_reader(ToolStyle style, std::string_view marker,
                                              const std::vector<Tool>& tools);
std::unique_ptr<BlockReader> make_xml_reader(ToolStyle style, std::string_view marker,
                                             const std::vector<Tool>& tools);
std::unique_ptr<BlockReader> make_plain_reader(const std::vector<Tool>& tools);
std::unique_ptr<BlockReader> make_generic_reader(const std::vector<Tool>& tools);

const Tool* find_tool(const std::vector<Tool>& tools, std::string_view name);

// Small scanning for the readers.
inline constexpr std::string_view kToolSpaces = " \t\r\n";
std::size_t count_spaces(std::string_view text);
// How `text` begins: with the whole of `literal`, with a part of it that reaches its end, or not.
enum class Starts { kYes, kPartly, kNo };
Starts starts_with(std::string_view text, std::string_view literal);

}  // namespace rocmforge::text
