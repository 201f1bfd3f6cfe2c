#include "constrain/json_text.h"

#include <algorithm>
#include <map>
#include <utility>

#include "constrain/grammar.h"
#include "text/utf8.h"

namespace rocmforge::constrain {
namespace {

const CharSet kPlain = CharSet{{0, 0x1f}, {'"', '"'}, {'\\', '\\'}}.inverted();
const CharSet kHex = {{'0', '9'}, {'A', 'F'}, {'a', 'f'}};

// Names without those that begin otherwise, by the characters that follow.
struct NameTree {
  std::map<char32_t, NameTree> next;
  bool ends = false;
};

void insert(NameTree& tree, const std::string& name) {
  NameTree* at = &tree;
  for (std::size_t i = 0; i < name.size(); i += text::utf8_size(name[i])) {
    at = &at->next[text::utf8_decode(name, i)];
  }
  at->ends = true;
}

}  // namespace

Expr JsonText::character(const CharSet& set) {
  std::vector<Expr> ways = {to_.chars(set.intersected(kPlain))};
  const CharSet escaped = set.without(kPlain);
  for (const auto& [first, last] : escaped.ranges()) {
    for (char32_t c = first; c <= last; ++c) {
      constexpr std::string_view kShort = "\"\\\b\f\n\r\t", kLetters = "\"\\bfnrt";
      const std::size_t at = kShort.find(static_cast<char>(c));
      std::string text = "\\";
      if (at != std::string_view::npos) {
        text += kLetters[at];
      } else {
        constexpr std::string_view kDigits = "0123456789abcdef";
        text.append("u00").append(1, kDigits[c >> 4]).append(1, kDigits[c & 15]);
      }
      ways.push_back(to_.literal(text));
    }
  }
  return to_.alt(std::move(ways));
}

Expr JsonText::any_character() {
  const Expr hex = to_.chars(kHex), u = to_.literal("u"), slash = to_.literal("\\");
  const Expr hex2 = to_.seq({hex, hex}), hex3 = to_.seq({hex, hex2});
  const Expr d = to_.chars({{'D', 'D'}, {'d', 'd'}});
  const Expr other = to_.chars({{'0', '9'}, {'A', 'C'}, {'E', 'F'}, {'a', 'c'}, {'e', 'f'}});
  const Expr high = to_.seq({u, d, to_.chars({{'8', '9'}, {'A', 'B'}, {'a', 'b'}}), hex2});
  const Expr low = to_.seq({slash, u, d, to_.chars({{'C', 'F'}, {'c', 'f'}}), hex2});
  const Expr escape = to_.alt({
      to_.chars({{'"', '"'},
                 {'/', '/'},
                 {'\\', '\\'},
                 {'b', 'b'},
                 {'f', 'f'},
                 {'n', 'n'},
                 {'r', 'r'},
                 {'t', 't'}}),
      to_.seq({u, other, hex3}),
      to_.seq({u, d, to_.chars({{'0', '7'}}), hex2}),
      to_.seq({high, low}),
  });
  return to_.alt({to_.chars(kPlain), to_.seq({slash, escape})});
}

Expr JsonText::string() {
  if (!string_) string_ = to_.rule("string", string(0, kUnbounded));
  return to_.call(*string_);
}

Expr JsonText::string(std::uint32_t min, std::uint32_t max) {
  const Expr quote = to_.literal("\"");
  return to_.seq({quote, to_.repeat(any_character(), min, max), quote});
}

Expr JsonText::string(const Pattern& content) {
  const Expr quote = to_.literal("\"");
  const auto chars = [this](const CharSet& set) { return character(set); };
  return to_.seq({quote, write(content, to_, chars), quote});
}

// Without escapes, which could spell one of them.
Expr JsonText::name_except(const std::vector<std::string>& names) {
  if (names.empty()) return string();
  NameTree tree;
  for (const std::string& name : names) insert(tree, name);
  const Expr quote = to_.literal("\"");
  const Expr rest =
      to_.call(to_.rule("a name", to_.seq({to_.repeat(to_.chars(kPlain), 0, kUnbounded), quote})));
  // Children first; a path of the tree is as long as a name.
  const auto write_node = [&](const auto& self, const NameTree& node) -> Expr {
    std::vector<Expr> ways;
    CharSet others = kPlain;
    for (const auto& [c, next] : node.next) {
      others = others.without({{c, c}});
      if (kPlain.contains(c)) ways.push_back(to_.seq({to_.chars({{c, c}}), self(self, next)}));
    }
    ways.push_back(to_.seq({to_.chars(others), rest}));
    if (!node.ends) ways.push_back(quote);
    return to_.alt(std::move(ways));
  };
  return to_.seq({quote, write_node(write_node, tree)});
}

Expr JsonText::list(std::string_view open, Expr item, std::uint32_t min, std::uint32_t max,
                    std::string_view close) {
  Expr content = to_.empty();
  if (max > 0) {
    const Expr more = to_.repeat(to_.seq({comma(), item}), min == 0 ? 0 : min - 1,
                                 max == kUnbounded ? kUnbounded : max - 1);
    content = to_.seq({item, more});
    if (min == 0) content = to_.optional(content);
  } else if (min > 0) {
    return to_.never();
  }
  return to_.seq({to_.literal(open), content, to_.literal(close)});
}

Expr JsonText::value() {
  if (!value_) {
    value_ = to_.declare("a value", false);
    to_.define(*value_, to_.alt({object(), array(), string(), number(), boolean(), null()}));
  }
  return to_.call(*value_);
}

Expr JsonText::object() {
  if (!object_) {
    object_ = to_.declare("an object", true);
    const Expr member = to_.seq({string(), colon(), value()});
    to_.define(*object_, list("{", member, 0, kUnbounded, "}"));
  }
  return to_.call(*object_);
}

Expr JsonText::array() {
  if (!array_) {
    array_ = to_.declare("an array", true);
    to_.define(*array_, list("[", value(), 0, kUnbounded, "]"));
  }
  return to_.call(*array_);
}

std::shared_ptr<const Grammar> grammar_of_json_object() {
  Builder to("json_object", {.max_depth = kMostJsonDepth});
  JsonText json(to);
  return to.build(to.rule("the whole", json.object()));
}

}  // namespace rocmforge::constrain
