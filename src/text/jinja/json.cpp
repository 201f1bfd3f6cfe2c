// tojson: python's json.dumps.
#include <algorithm>
#include <array>
#include <cmath>

#include "text/jinja/function.h"
#include "text/jinja/merge_sort.h"
#include "text/jinja/operators.h"
#include "text/utf8.h"

namespace rocmforge::text::jinja {
namespace {

struct Layout {
  bool ascii = false, sort_keys = false, multiline = false;
  std::string indent, item_separator = ", ", key_separator = ": ";
};

class Writer {
 public:
  explicit Writer(const Layout& layout) : layout_(layout) {}

  void write(const Value& v) {
    charge_steps(1);
    check_length(out_.size());
    switch (v.kind()) {
      case Kind::kNone:
        out_ += "null";
        break;
      case Kind::kBool:
        out_ += v.as_bool() ? "true" : "false";
        break;
      case Kind::kInt:
        out_ += to_string(v.as_int());
        break;
      case Kind::kFloat:
        out_ += number(v.as_double());
        break;
      case Kind::kString:
        text(v.str());
        break;
      case Kind::kList:
      case Kind::kTuple:
        list(v.items());
        break;
      case Kind::kDict:
        dict(v.entries());
        break;
      default:
        fail("Object of type " + type_name(v) + " is not JSON serializable");
    }
  }

  std::string take() { return std::move(out_); }

 private:
  static std::string number(double d) {
    if (std::isnan(d)) return "NaN";
    if (std::isinf(d)) return d < 0 ? "-Infinity" : "Infinity";
    return repr(d);
  }

  void newline() {
    if (!layout_.multiline) return;
    out_ += '\n';
    for (int i = 0; i < level_; ++i) out_ += layout_.indent;
    check_length(out_.size());
  }

  void unicode_escape(unsigned code) {
    constexpr std::string_view kHex = "0123456789abcdef";
    out_ += "\\u";
    for (int shift = 12; shift >= 0; shift -= 4) out_ += kHex[code >> shift & 15];
  }

  void escape(char32_t code) {
    constexpr std::string_view kPlain = "\"\\\n\r\t\f\b", kLetters = "\"\\nrtfb";
    if (code < 0x80) {
      if (const std::size_t i = kPlain.find(static_cast<char>(code)); i != std::string_view::npos) {
        out_ += '\\';
        out_ += kLetters[i];
        return;
      }
    }
    if (code < 0x10000) return unicode_escape(static_cast<unsigned>(code));
    unicode_escape(0xd800 + (static_cast<unsigned>(code - 0x10000) >> 10));
    unicode_escape(0xdc00 + (static_cast<unsigned>(code - 0x10000) & 0x3ff));
  }

  void text(std::string_view s) {
    charge_steps(s.size() / 64);
    out_ += '"';
    for (std::size_t pos = 0; pos < s.size(); pos += utf8_size(s[pos])) {
      const char32_t code = utf8_decode(s, pos);
      const bool escapes =
          code < 0x20 || code == '"' || code == '\\' || (layout_.ascii && code > 0x7e);
      if (escapes) {
        escape(code);
      } else {
        out_ += s.substr(pos, utf8_size(s[pos]));
      }
    }
    out_ += '"';
  }

  template <typename Items, typename WriteItem>
  void sequence(char open, char close, const Items& items, WriteItem write_item) {
    out_ += open;
    ++level_;
    for (std::size_t i = 0; i < items.size(); ++i) {
      if (i > 0) out_ += layout_.item_separator;
      newline();
      write_item(items[i]);
    }
    --level_;
    if (!items.empty()) newline();
    out_ += close;
  }

  void list(const std::vector<Value>& items) {
    sequence('[', ']', items, [&](const Value& v) { write(v); });
  }

  void key(const Value& k) {
    switch (k.kind()) {
      case Kind::kString:
        return text(k.str());
      case Kind::kBool:
        return text(k.as_bool() ? "true" : "false");
      case Kind::kNone:
        return text("null");
      case Kind::kInt:
        return text(to_string(k.as_int()));
      case Kind::kFloat:
        return text(number(k.as_double()));
      default:
        fail("keys must be str, int, float, bool or None, not " + type_name(k));
    }
  }

  void dict(const Dict& d) {
    std::vector<std::pair<Value, Value>> entries = d.entries();
    if (layout_.sort_keys) {
      merge_sort(entries, [](const auto& a, const auto& b) { return less(a.first, b.first); });
    }
    sequence('{', '}', entries, [&](const std::pair<Value, Value>& entry) {
      key(entry.first);
      out_ += layout_.key_separator;
      write(entry.second);
    });
  }

  const Layout& layout_;
  std::string out_;
  int level_ = 0;
};

Layout layout_of(const Bound& bound) {
  Layout out;
  out.ascii = bound.flag(0, false);
  out.sort_keys = bound.flag(3, false);
  if (bound.given(1)) {
    out.multiline = true;
    out.item_separator.assign(1, ',');
    if (bound.at(1).is_string()) {
      out.indent = bound.at(1).str();
    } else {
      const std::int64_t n = std::max<std::int64_t>(0, bound.index(1, 0));
      check_length(static_cast<std::size_t>(n));
      out.indent.assign(static_cast<std::size_t>(n), ' ');
    }
  }
  if (bound.given(2)) {
    const std::vector<Value> both = iterate(bound.at(2));
    if (both.size() != 2 || !both[0].is_string() || !both[1].is_string()) {
      fail("separators must be two strings");
    }
    out.item_separator = both[0].str();
    out.key_separator = both[1].str();
  }
  return out;
}

}  // namespace

std::string to_json(const Value& v, const Arguments& arguments) {
  const Layout layout =
      layout_of(Bound("tojson", arguments, {"ensure_ascii", "indent", "separators", "sort_keys"}));
  Writer writer(layout);
  writer.write(v);
  return writer.take();
}

}  // namespace rocmforge::text::jinja
