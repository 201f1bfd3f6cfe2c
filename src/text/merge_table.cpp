#include "text/merge_table.h"

#include <bit>
#include <string>

#include "base/error.h"
#include "text/vocab_check.h"

namespace rocmforge::text {
namespace {

std::string quoted(std::string_view token) {
  std::string out(1, '"');
  out += token;
  out += '"';
  return out;
}

}  // namespace

MergeTable::MergeTable(std::size_t n) : slots_(std::bit_ceil(n * 2 + 2)) {}

MergeTable read_merges(const Vocab& vocab, const std::function<TokenId(std::string_view)>& find) {
  MergeTable table(vocab.merges.size());
  std::string joined;
  const auto refuse = [&](std::size_t i, const std::string& what) {
    throw Error(ErrorCode::kFormat, vocab_message(vocab, "merges",
                                                  "entry " + std::to_string(i) + " \"" +
                                                      vocab.merges[i] + "\": " + what));
  };
  for (std::size_t i = 0; i < vocab.merges.size(); ++i) {
    const std::string& merge = vocab.merges[i];
    const std::size_t space = merge.empty() ? std::string::npos : merge.find(' ', 1);
    if (space == std::string::npos || space + 1 == merge.size())
      refuse(i, "not two tokens separated by a space");
    const auto id_of = [&](std::string_view token) {
      const TokenId id = find(token);
      if (id == kNoToken) refuse(i, quoted(token) + " is not a token");
      return id;
    };
    const TokenId left = id_of(std::string_view(merge).substr(0, space));
    const TokenId right = id_of(std::string_view(merge).substr(space + 1));
    joined.assign(merge).erase(space, 1);
    table.insert(left, right, {static_cast<std::uint32_t>(i), id_of(joined)});
  }
  return table;
}

}  // namespace rocmforge::text
