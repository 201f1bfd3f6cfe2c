// Vocabularies made by hand, small enough to follow a merge on paper.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "text/byte_alphabet.h"
#include "text/tokenizer.h"

namespace rocmforge::test {

// Adds one token; returns its id.
inline text::TokenId add_token(text::Vocab& vocab, const std::string& token, float score = 0,
                               text::TokenType type = text::TokenType::kNormal) {
  vocab.tokens.push_back(token);
  vocab.scores.push_back(score);
  vocab.types.push_back(type);
  return static_cast<text::TokenId>(vocab.tokens.size()) - 1;
}

// SentencePiece-BPE: <unk> <s> </s>, then (with_bytes) <0x00> to <0xFF> at 3 to 258, then `pieces`,
// each of a lower score than the one before.
inline text::Vocab spm_vocab(const std::vector<std::string>& pieces, bool with_bytes = true) {
  text::Vocab vocab;
  vocab.model = "llama";
  vocab.source = "small.gguf";
  add_token(vocab, "<unk>", 0, text::TokenType::kUnknown);
  add_token(vocab, "<s>", 0, text::TokenType::kControl);
  add_token(vocab, "</s>", 0, text::TokenType::kControl);
  const std::string hex = "0123456789ABCDEF";
  for (std::size_t byte = 0; with_bytes && byte < 256; ++byte)
    add_token(vocab, std::string("<0x") + hex[byte / 16] + hex[byte % 16] + ">", 0,
              text::TokenType::kByte);
  float score = 0;
  for (const std::string& piece : pieces) add_token(vocab, piece, score -= 1);
  return vocab;
}

// Byte-level BPE: the 256 bytes (id = byte), then what each of `merges` makes, unless it is there.
inline text::Vocab bpe_vocab(const std::string& pre, const std::vector<std::string>& merges) {
  text::Vocab vocab;
  vocab.model = "gpt2";
  vocab.pre = pre;
  vocab.source = "small.gguf";
  for (int byte = 0; byte < 256; ++byte)
    vocab.tokens.push_back(text::byte_to_letter(static_cast<unsigned char>(byte)));
  for (const std::string& merge : merges) {
    std::string joined = merge;
    joined.erase(joined.find(' '), 1);
    bool is_there = false;
    for (const std::string& token : vocab.tokens) is_there = is_there || token == joined;
    if (!is_there) vocab.tokens.push_back(joined);
    vocab.merges.push_back(merge);
  }
  vocab.types.assign(vocab.tokens.size(), text::TokenType::kNormal);
  vocab.scores.assign(vocab.tokens.size(), 0);
  return vocab;
}

using Ids = std::vector<text::TokenId>;

// The pieces of `ids`, as the file spells them.
inline std::vector<std::string> spell(const text::Tokenizer& tokenizer, const Ids& ids) {
  std::vector<std::string> tokens;
  for (const text::TokenId id : ids)
    tokens.push_back(tokenizer.vocab().tokens[static_cast<std::size_t>(id)]);
  return tokens;
}

// Ids of plain text: no BOS, no control tokens.
inline Ids plain(const text::Tokenizer& tokenizer, std::string_view text) {
  return tokenizer.encode(text, {.add_special = false, .parse_special = false});
}

}  // namespace rocmforge::test
