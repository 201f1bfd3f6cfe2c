#include "cli/help.h"

#include <charconv>
#include <string>
#include <system_error>
#include <utility>

namespace rocmforge::cli {
namespace {

constexpr std::int64_t kLeast = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();

class Format : public CLI::Formatter {
 public:
  Format() { column_width(32); }

  std::string make_option_opts(const CLI::Option* option) const override {
    return option->get_type_size() == 0 ? "" : " " + option->get_type_name();
  }
  std::string make_option_desc(const CLI::Option* option) const override {
    std::string out = option->get_description();
    if (option->get_required() && !option->get_positional()) out += " (required)";
    std::string otherwise = option->get_default_str();
    if (otherwise.size() > 2 && otherwise.front() == '[') {
      otherwise = otherwise.substr(1, otherwise.size() - 2);  // a list of one
    }
    if (!otherwise.empty()) out += " [" + otherwise + "]";
    return out;
  }
  std::string make_help(const CLI::App* app, std::string name,
                        CLI::AppFormatMode mode) const override {
    const std::string out = CLI::Formatter::make_help(app, std::move(name), mode);
    return CLI::detail::find_and_replace(out, "\n\n\n", "\n\n");
  }
};

}  // namespace

std::string wrapped(const std::string& list) {
  std::string out;
  std::size_t line = 0;
  for (std::size_t at = 0; at < list.size();) {
    const std::size_t end = std::min(list.find(", ", at), list.size());
    const std::size_t n = std::min(end + 2, list.size()) - at;
    if (line + n > 70) {
      out.back() = '\n';
      line = 0;
    }
    out += list.substr(at, n);
    line += n;
    at += n;
  }
  return out;
}

std::shared_ptr<CLI::FormatterBase> help_format() {
  return std::make_shared<Format>();
}

CLI::Validator whole_number(std::int64_t least, std::int64_t most) {
  return CLI::Validator(
      [least, most](std::string& text) -> std::string {
        std::int64_t value = 0;
        const char* end = text.data() + text.size();
        const auto [stop, error] = std::from_chars(text.data(), end, value);
        if (error == std::errc::invalid_argument || stop != end) {
          return "\"" + text + "\" is not a whole number";
        }
        if (error == std::errc() && value >= least && value <= most) {
          text = std::to_string(value);
          return "";
        }
        if (least == kLeast && most == kMost) return text + " is too large";
        return text + " is out of range: from " + std::to_string(least) + " to " +
               std::to_string(most);
      },
      "");
}

CLI::Validator number() {
  return CLI::Validator(
      [](std::string& text) -> std::string {
        double value = 0;
        const char* end = text.data() + text.size();
        const auto [stop, error] = std::from_chars(text.data(), end, value);
        const bool whole = error != std::errc::invalid_argument && stop == end;
        return whole ? "" : "\"" + text + "\" is not a number";
      },
      "");
}

CLI::Validator not_empty_path() {
  return CLI::Validator(
      [](std::string& text) -> std::string { return text.empty() ? "the path is empty" : ""; }, "");
}

CLI::Validator one_of(const std::vector<std::string>& names) {
  return CLI::Validator(
      [names](std::string& text) -> std::string {
        std::string all;
        for (const std::string& name : names) {
          if (text == name) return "";
          all += (all.empty() ? "" : ", ") + name;
        }
        return "\"" + text + "\" is not one of " + all;
      },
      "");
}

}  // namespace rocmforge::cli
