// A small vocabulary and a text, both of any bytes: refused by name, or the text goes through it,
// and comes back where every byte has a token.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "base/error.h"
#include "text/byte_alphabet.h"
#include "text/tokenizer.h"
#include "text/utf8.h"

namespace {

using namespace rocmforge;

// Takes the input apart: numbers and short strings off its front.
class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size)
      : rest_(reinterpret_cast<const char*>(data), size) {}

  unsigned byte() {
    if (rest_.empty()) return 0;
    const auto out = static_cast<unsigned char>(rest_.front());
    rest_.remove_prefix(1);
    return out;
  }
  std::string text(std::size_t most) {
    const std::string out(rest_.substr(0, byte() % (most + 1)));
    rest_.remove_prefix(std::min(out.size(), rest_.size()));
    return out;
  }
  std::string_view rest() const { return rest_; }

 private:
  std::string_view rest_;
};

text::Vocab vocab_of(Input& in, bool byte_level) {
  text::Vocab v;
  v.source = "fuzzed.gguf";
  v.model = byte_level ? "gpt2" : "llama";
  const unsigned flags = in.byte();
  const auto add = [&](const std::string& token, text::TokenType type) {
    v.tokens.push_back(token);
    v.types.push_back(type);
    v.scores.push_back(static_cast<float>(in.byte()) - 128);
  };
  for (int b = 0; b < 256; ++b) {
    if (byte_level) {
      add(text::byte_to_letter(static_cast<unsigned char>(b)), text::TokenType::kNormal);
    } else {
      constexpr std::string_view kHex = "0123456789ABCDEF";
      const auto i = static_cast<std::size_t>(b);
      add(std::string("<0x") + kHex[i / 16] + kHex[i % 16] + ">", text::TokenType::kByte);
    }
  }
  const unsigned n = in.byte() % 24;
  for (unsigned i = 0; i < n; ++i) {
    const auto type = static_cast<text::TokenType>(in.byte() % 8);
    add(in.text(6), type);
  }
  const unsigned n_merges = byte_level ? in.byte() % 16 : 0;
  for (unsigned i = 0; i < n_merges; ++i) v.merges.push_back(in.text(8));
  constexpr std::string_view kPres[] = {"",      "default", "llama-bpe", "qwen2",
                                        "gpt-2", "tekken",  "no-such",   "deepseek-llm"};
  if (byte_level) v.pre = kPres[in.byte() % std::size(kPres)];
  v.unk = static_cast<text::TokenId>(in.byte()) - 1;
  v.bos = static_cast<text::TokenId>(in.byte()) - 1;
  v.eos = static_cast<text::TokenId>(in.byte()) - 1;
  v.add_bos = static_cast<int>(flags % 3) - 1;
  v.add_eos = static_cast<int>(flags / 3 % 3) - 1;
  v.add_space_prefix = static_cast<int>(flags / 9 % 3) - 1;
  return v;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input in(data, size);
  const bool byte_level = in.byte() % 2 == 0;
  std::unique_ptr<text::Tokenizer> tokenizer;
  try {
    tokenizer = text::make_tokenizer(vocab_of(in, byte_level));
  } catch (const Error& e) {
    check(std::string_view(e.what()).find("fuzzed.gguf: tokenizer.ggml.") != std::string_view::npos,
          "an error names file and key");
    return 0;
  }
  for (const bool special : {false, true}) {
    try {
      const std::vector<text::TokenId> ids =
          tokenizer->encode(in.rest(), {.add_special = special, .parse_special = special});
      for (const text::TokenId id : ids) check(id >= 0 && id < tokenizer->size(), "an id");
      check(text::find_invalid_utf8(tokenizer->decode(ids, special)) == std::string::npos,
            "what is decoded is UTF-8");
    } catch (const Error& e) {
      check(e.code() == ErrorCode::kInvalidArgument, "the text's fault");
    }
  }
  return 0;
}
