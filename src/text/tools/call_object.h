// A call as one JSON object, read as it streams.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "text/tools/block_reader.h"
#include "text/tools/json_scanner.h"

namespace rocmforge::text {

// {"name": NAME, "arguments": {...}}, its members in any order; "parameters" for "arguments";
// arguments as a string of JSON. "id", "type" and others are passed over, or refused when strict.
class CallObject {
 public:
  // `strict`: only the known members, and arguments must be there.
  CallObject(const std::vector<Tool>& tools, bool strict) : tools_(&tools), strict_(strict) {}

  // As BlockReader::read; tells begin and arguments, and leaves end to the caller. Begins at {.
  BlockReader::Result read(std::string_view text, ToolSink& sink);

 private:
  enum class At : std::uint8_t {
    kOpen,
    kKeyOrEnd,
    kKey,
    kColon,
    kBeforeValue,
    kValue,
    kCommaOrEnd
  };
  enum class Role : std::uint8_t { kOther, kName, kArguments };

  bool step(char c);  // { : and comma; false: bad
  bool begin_value(char c, ToolSink& sink);
  bool end_key();
  bool end_value();
  bool finish(ToolSink& sink);
  BlockReader::Result read_value(std::string_view text, ToolSink& sink);

  const std::vector<Tool>* tools_;
  bool strict_;
  At at_ = At::kOpen;
  Role role_ = Role::kOther;
  JsonScanner value_;
  std::string key_, kept_;  // kept_: the value, where it is needed whole
  std::string name_, arguments_;
  bool has_name_ = false, has_arguments_ = false;
  bool streaming_ = false;  // the value goes straight to the sink
  bool begun_ = false;
};

}  // namespace rocmforge::text
