// Any bytes as a tokenizer.json: refused by name, or texts go through it.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "base/error.h"
#include "text/tokenizer.h"
#include "text/tokenizer_json.h"
#include "text/utf8.h"

namespace {

using namespace rocmforge;

constexpr std::string_view kTexts[] = {"", "a", "ab ba  abab\n\n 12 345 \u00e9e\u0301 <s> x</s>",
                                       "\u4f60\u597d\U0001F600 I'm <unk>"};

void encode(const text::Tokenizer& tokenizer, std::string_view some_text) {
  for (const bool special : {false, true}) {
    try {
      const std::vector<text::TokenId> ids =
          tokenizer.encode(some_text, {.add_special = special, .parse_special = special});
      for (const text::TokenId id : ids) check(id >= 0 && id < tokenizer.size(), "an id");
      check(text::find_invalid_utf8(tokenizer.decode(ids, special)) == std::string::npos,
            "what is decoded is UTF-8");
    } catch (const Error& e) {
      check(e.code() == ErrorCode::kInvalidArgument, "the text's fault");
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view json(reinterpret_cast<const char*>(data), size);
  std::unique_ptr<text::Tokenizer> tokenizer;
  try {
    text::Vocab vocab = text::parse_tokenizer_json(json, "fuzzed.json");
    text::add_tokenizer_config(json, "fuzzed.json", vocab);
    tokenizer = text::make_tokenizer(std::move(vocab));
  } catch (const Error& e) {
    const std::string_view what = e.what();
    check(what.starts_with("[text] fuzzed.json: "), "an error names the file");
    check(what.size() < 500, "an error is short");
    return 0;
  }
  for (const std::string_view some_text : kTexts) encode(*tokenizer, some_text);
  encode(*tokenizer, json.substr(0, 1000));
  return 0;
}
