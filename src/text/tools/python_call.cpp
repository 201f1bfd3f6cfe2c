#include "text/tools/python_call.h"

#include <algorithm>

#include "text/json_text.h"
#include "text/tools/json_scanner.h"

namespace rocmforge::text {
namespace {

bool is_name_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

// Each read function moves past what it reads, and gives false where something else stands.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  bool call(std::string& json) {
    skip();
    if (name().empty() || !take('(')) return false;
    json = "{";
    bool first = true;
    while (!take(')')) {
      if (!first && (!take(',') || take(')'))) {
        if (!closed_) return false;
        break;
      }
      const std::string_view key = name();
      if (key.empty() || !take('=')) return false;
      json += first ? "" : ", ";
      json += quote_json(key);
      json += ": ";
      if (!value(json, 0)) return false;
      first = false;
    }
    json += '}';
    skip();
    return at_ == text_.size();
  }

 private:
  static constexpr int kMaxDepth = 32;

  void skip() { at_ = std::min(text_.find_first_not_of(" \t\r\n", at_), text_.size()); }
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool take(char c) {
    skip();
    closed_ = at_ < text_.size() && text_[at_] == c;
    if (closed_) ++at_;
    return closed_;
  }
  std::string_view name() {
    skip();
    const std::size_t begin = at_;
    while (is_name_char(peek())) ++at_;
    return text_.substr(begin, at_ - begin);
  }

  bool value(std::string& json, int depth) {
    skip();
    if (depth > kMaxDepth) return false;
    const char c = peek();
    if (c == '\'' || c == '"') return string(json);
    if (c == '[') return list(json, depth);
    if (c == '{') return dict(json, depth);
    const std::size_t begin = at_;
    while (is_name_char(peek()) || peek() == '.' || peek() == '-' || peek() == '+') ++at_;
    const std::string_view word = text_.substr(begin, at_ - begin);
    if (word == "True") return put(json, "true");
    if (word == "False") return put(json, "false");
    if (word == "None") return put(json, "null");
    JsonScanner scanner;
    for (const char digit : word) {
      if (scanner.push(digit) != JsonScanner::State::kMore) return false;
    }
    return scanner.whole_number() && put(json, word);
  }

  static bool put(std::string& json, std::string_view text) {
    json += text;
    return true;
  }

  bool list(std::string& json, int depth) {
    ++at_;
    json += '[';
    for (bool first = true; !take(']'); first = false) {
      if (!first) {
        if (!take(',')) return false;
        if (take(']')) break;
        json += ", ";
      }
      if (!value(json, depth + 1)) return false;
    }
    return put(json, "]");
  }

  bool dict(std::string& json, int depth) {
    ++at_;
    json += '{';
    for (bool first = true; !take('}'); first = false) {
      if (!first) {
        if (!take(',')) return false;
        if (take('}')) break;
        json += ", ";
      }
      skip();
      if ((peek() != '"' && peek() != '\'') || !string(json) || !take(':')) return false;
      json += ": ";
      if (!value(json, depth + 1)) return false;
    }
    return put(json, "}");
  }

  // With the escapes that are in use; of others the backslash stays, as Python has it.
  bool string(std::string& json) {
    const char quote = text_[at_++];
    std::string out;
    while (at_ < text_.size() && text_[at_] != quote) {
      char c = text_[at_++];
      if (c == '\n') return false;
      if (c == '\\') {
        if (at_ == text_.size()) return false;
        c = text_[at_++];
        switch (c) {
          case 'n':
            c = '\n';
            break;
          case 't':
            c = '\t';
            break;
          case 'r':
            c = '\r';
            break;
          case '\\':
          case '\'':
          case '"':
            break;
          default:
            out += '\\';
        }
      }
      out += c;
    }
    if (at_ == text_.size()) return false;
    ++at_;
    return put(json, quote_json(out));
  }

  std::string_view text_;
  std::size_t at_ = 0;
  bool closed_ = false;  // the last take() took
};

}  // namespace

std::optional<std::string> python_call_arguments(std::string_view text) {
  std::string json;
  if (!Reader(text).call(json)) return std::nullopt;
  return json;
}

}  // namespace rocmforge::text
