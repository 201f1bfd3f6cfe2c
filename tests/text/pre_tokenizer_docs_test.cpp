// docs/tokenizers.md has one row for each pre-tokenizer, and says of it what the table says.
#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <sstream>
#include <string>

#include "text/pre_tokenizer.h"

namespace rocmforge::text {
namespace {

std::string row_of(const PreTokenizerRow& row) {
  std::string line = "| `" + std::string(row.name) + "` | ";
  for (std::size_t i = 0; i < row.aliases.size(); ++i)
    line += (i > 0 ? ", `" : "`") + std::string(row.aliases[i]) + "`";
  line += " | " + std::to_string(row.patterns.size());
  for (const bool flag : {row.ignore_merges, row.add_bos})
    line += flag ? std::string(" | yes") : std::string(" | no");
  return line + " |\n";
}

TEST(PreTokenizerDocs, ListEveryRow) {
  std::ifstream file(ROCMFORGE_SOURCE_DIR "/docs/tokenizers.md");
  std::stringstream text;
  text << file.rdbuf();
  ASSERT_FALSE(text.str().empty());
  std::string rows = "|---|---|---|---|---|\n";
  for (const PreTokenizerRow& row : pre_tokenizer_rows()) rows += row_of(row);
  EXPECT_NE(text.str().find(rows + "\n"), std::string::npos)
      << "the table of docs/tokenizers.md is to read:\n"
      << rows;
}

TEST(PreTokenizerDocs, NamesAreDistinct) {
  std::set<std::string_view> seen;
  for (const PreTokenizerRow& row : pre_tokenizer_rows()) {
    EXPECT_TRUE(seen.insert(row.name).second) << row.name;
    for (const std::string_view alias : row.aliases) {
      EXPECT_TRUE(seen.insert(alias).second) << alias;
      EXPECT_EQ(find_pre_tokenizer(alias), find_pre_tokenizer(row.name)) << alias;
    }
  }
}

}  // namespace
}  // namespace rocmforge::text
