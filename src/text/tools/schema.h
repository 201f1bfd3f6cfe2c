// JSON schemas that hold an answer to calls of tools, in the form that ToolStyle::kGeneric reads.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "text/tools/format.h"

namespace rocmforge::text {

struct CallSchemaOptions {
  bool required = false;  // an answer in words will not do
  bool parallel = true;   // more than one call
  std::int64_t most = 0;  // calls, where they are parallel; 0: any number
  std::string only = {};  // the one function to call; empty: any
};

// The schema as text. For every model: an answer that must be a call is held to this form and read
// with a parser of kGeneric, whatever the model's own format. `tools` are not empty, and `only` is
// one of them (checked). References within a tool's parameters (#/$defs/...) point to where they
// come to stand.
std::string call_schema(const std::vector<Tool>& tools, const CallSchemaOptions& options);

}  // namespace rocmforge::text
