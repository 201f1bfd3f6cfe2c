#include "text/json_text.h"

#include <array>
#include <charconv>
#include <cmath>

#include "text/json_node.h"

namespace rocmforge::text {
namespace {

Json from_boost(const boost::json::value& value) {
  namespace bj = boost::json;
  switch (value.kind()) {
    case bj::kind::null:
      return nullptr;
    case bj::kind::bool_:
      return value.get_bool();
    case bj::kind::int64:
      return std::int64_t{value.get_int64()};
    case bj::kind::uint64:
      return std::uint64_t{value.get_uint64()};
    case bj::kind::double_:
      return value.get_double();
    case bj::kind::string:
      return std::string(std::string_view(value.get_string()));
    case bj::kind::array: {
      Json::Array out;
      out.reserve(value.get_array().size());
      for (const bj::value& item : value.get_array()) out.push_back(from_boost(item));
      return out;
    }
    case bj::kind::object:
      break;
  }
  Json::Object out;
  out.reserve(value.get_object().size());
  for (const auto& member : value.get_object()) {
    out.emplace_back(std::string(std::string_view(member.key())), from_boost(member.value()));
  }
  return out;
}

void append_number(std::string& out, double number) {
  if (!std::isfinite(number)) {
    out += "null";
    return;
  }
  std::array<char, 32> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), number).ptr;
  const std::string_view shown(text.data(), static_cast<std::size_t>(end - text.data()));
  out += shown;
  if (shown.find_first_of(".e") == std::string_view::npos) out += ".0";
}

void append(std::string& out, const Json& json) {
  struct Append {
    std::string& out;
    void operator()(std::nullptr_t) const { out += "null"; }
    void operator()(bool b) const { out += b ? "true" : "false"; }
    void operator()(std::int64_t i) const { out += std::to_string(i); }
    void operator()(std::uint64_t i) const { out += std::to_string(i); }
    void operator()(double d) const { append_number(out, d); }
    void operator()(const std::string& s) const { out += quote_json(s); }
    void operator()(const Json::Array& items) const {
      out += '[';
      for (std::size_t i = 0; i < items.size(); ++i) {
        if (i > 0) out += ", ";
        append(out, items[i]);
      }
      out += ']';
    }
    void operator()(const Json::Object& members) const {
      out += '{';
      for (std::size_t i = 0; i < members.size(); ++i) {
        if (i > 0) out += ", ";
        out += quote_json(members[i].first);
        out += ": ";
        append(out, members[i].second);
      }
      out += '}';
    }
  };
  std::visit(Append{out}, json.value);
}

}  // namespace

Json read_json(std::string_view text, const std::string& source) {
  return from_boost(parse_json(text, source));
}

std::string write_json(const Json& value) {
  std::string out;
  append(out, value);
  return out;
}

std::string escape_json(std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        if (byte >= 0x20) {
          out += c;
        } else {
          out += "\\u00";
          out += kHex[byte >> 4];
          out += kHex[byte & 15];
        }
    }
  }
  return out;
}

std::string quote_json(std::string_view text) {
  std::string out(1, '"');
  out += escape_json(text);
  out += '"';
  return out;
}

const Json* find_member(const Json& value, std::string_view key) {
  const auto* object = std::get_if<Json::Object>(&value.value);
  if (object == nullptr) return nullptr;
  for (const auto& [name, member] : *object) {
    if (name == key) return &member;
  }
  return nullptr;
}

const std::string* as_string(const Json* value) {
  return value == nullptr ? nullptr : std::get_if<std::string>(&value->value);
}

}  // namespace rocmforge::text
