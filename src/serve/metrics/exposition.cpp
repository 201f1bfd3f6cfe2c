#include "serve/metrics/exposition.h"

#include <fmt/format.h>

#include <algorithm>

#include "serve/json/write.h"

namespace rocmforge::serve {
namespace {

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : well_formed(text)) {
    if (c == '\\' || c == '"') out += '\\';
    if (c == '\n') {
      out += "\\n";
    } else {
      out += c;
    }
  }
  return out;
}

std::string text_of(double value) {
  constexpr double kExact = 9007199254740992.0;  // 2^53
  if (value >= 0 && value < kExact &&
      value == static_cast<double>(static_cast<std::int64_t>(value)))
    return fmt::format("{}", static_cast<std::int64_t>(value));
  return fmt::format("{}", value);
}

}  // namespace

void Histogram::observe(double seconds) {
  const auto bucket = std::ranges::lower_bound(kBounds, seconds) - kBounds.begin();
  sum_.fetch_add(std::max(seconds, 0.0));
  counts_[static_cast<std::size_t>(bucket)].fetch_add(1);
}

Histogram::Values Histogram::read() const {
  Values out;
  std::uint64_t n = 0;
  for (std::size_t i = 0; i < kBounds.size(); ++i) out.up_to[i] = n += counts_[i].load();
  out.n = n + counts_.back().load();
  out.sum = sum_.load();
  return out;
}

void Exposition::family(std::string_view name, std::string_view type, std::string_view help) {
  text_ += fmt::format("# HELP {0} {2}\n# TYPE {0} {1}\n", name, type, help);
}

void Exposition::sample(std::string_view name, double value, const Labels& labels) {
  text_ += name;
  char before = '{';
  for (const auto& [key, text] : labels) {
    text_ += fmt::format("{}{}=\"{}\"", before, key, escaped(text));
    before = ',';
  }
  if (!labels.empty()) text_ += '}';
  text_ += fmt::format(" {}\n", text_of(value));
}

void Exposition::counter(std::string_view name, std::string_view help, double value,
                         const Labels& labels) {
  family(name, "counter", help);
  sample(name, value, labels);
}

void Exposition::gauge(std::string_view name, std::string_view help, double value,
                       const Labels& labels) {
  family(name, "gauge", help);
  sample(name, value, labels);
}

void Exposition::histogram(std::string_view name, std::string_view help,
                           const Histogram::Values& values, const Labels& labels) {
  family(name, "histogram", help);
  const std::string base(name);
  Labels with_bound = labels;
  with_bound.emplace_back("le", "");
  for (std::size_t i = 0; i < Histogram::kBounds.size(); ++i) {
    with_bound.back().second = fmt::format("{}", Histogram::kBounds[i]);
    sample(base + "_bucket", static_cast<double>(values.up_to[i]), with_bound);
  }
  with_bound.back().second = "+Inf";
  sample(base + "_bucket", static_cast<double>(values.n), with_bound);
  sample(base + "_sum", values.sum, labels);
  sample(base + "_count", static_cast<double>(values.n), labels);
}

}  // namespace rocmforge::serve
