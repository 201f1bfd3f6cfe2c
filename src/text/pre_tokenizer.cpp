#include "text/pre_tokenizer.h"

#include <optional>

#include "text/utf8.h"

namespace rocmforge::text {
namespace {

// Appends the ends of what `pattern` makes of `stretch`.
void cut(std::string_view stretch, std::uint32_t base, const Regex& pattern,
         Regex::Scratch& scratch, std::vector<std::uint32_t>& out) {
  std::size_t done = 0, from = 0;  // cut up to here; searched up to here
  bool allow_empty = true;
  const auto end_at = [&](std::size_t end) {
    if (end > done) out.push_back(base + static_cast<std::uint32_t>(end));
    done = end;
  };
  while (from < stretch.size()) {
    const auto match = pattern.find(stretch, from, allow_empty, scratch);
    if (!match) break;
    end_at(match->begin);
    end_at(match->end);
    from = match->end;
    allow_empty = match->end > match->begin;
  }
  end_at(stretch.size());
}

// Cuts each stretch of `ends` further.
std::vector<std::uint32_t> cut_all(std::string_view text, const std::vector<std::uint32_t>& ends,
                                   const std::variant<Scanner, Regex>& step,
                                   std::optional<Regex::Scratch>& scratch) {
  std::vector<std::uint32_t> out;
  out.reserve(ends.size());
  // Made where it is wanted: it costs a call of the system.
  if (std::holds_alternative<Regex>(step) && !scratch) scratch.emplace(text.size());
  if (scratch) scratch->begin_pattern();
  std::uint32_t begin = 0;
  for (const std::uint32_t end : ends) {
    const std::string_view stretch = text.substr(begin, end - begin);
    if (stretch.size() == utf8_size(stretch[0])) {  // one character: nothing to cut
      out.push_back(end);
    } else if (const Scanner* scan = std::get_if<Scanner>(&step)) {
      (*scan)(stretch, begin, out);
    } else {
      cut(stretch, begin, std::get<Regex>(step), *scratch, out);
    }
    begin = end;
  }
  return out;
}

}  // namespace

PreTokenizer::PreTokenizer(const PreTokenizerRow& row, Speed speed) {
  for (const std::string_view pattern : row.patterns) add(pattern, speed, Regex::Steps::kFree);
}

PreTokenizer::PreTokenizer(const std::vector<std::string>& patterns, Speed speed) {
  for (const std::string& pattern : patterns) add(pattern, speed, Regex::Steps::kCounted);
}

void PreTokenizer::add(std::string_view pattern, Speed speed, Regex::Steps steps) {
  const Scanner scanner = speed == Speed::kScanners ? find_scanner(pattern) : nullptr;
  if (scanner != nullptr) {
    steps_.emplace_back(scanner);
  } else {
    steps_.emplace_back(Regex(pattern, steps));
  }
}

std::vector<std::uint32_t> PreTokenizer::split(std::string_view text) const {
  if (text.empty()) return {};
  std::optional<Regex::Scratch> scratch;
  std::vector<std::uint32_t> ends = {static_cast<std::uint32_t>(text.size())};
  for (const auto& step : steps_) ends = cut_all(text, ends, step, scratch);
  return ends;
}

}  // namespace rocmforge::text
