// Schemas of every keyword, for walks that must end in what validates.
#pragma once

#include <string_view>
#include <vector>

namespace rocmforge::test {

// Each accepts at least one text. valijson reads draft 7, patterns by bytes, and strings up to NUL.
const std::vector<std::string_view>& schema_cases();

}  // namespace rocmforge::test
