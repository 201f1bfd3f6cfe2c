#include "hip/options.h"

#include <unistd.h>

#include <charconv>
#include <string_view>

#include "base/error.h"

namespace rocmforge::emu {
namespace {

constexpr std::string_view kPrefix = "ROCMFORGE_EMU_";

std::uint64_t number(std::string_view text, const char* what) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    throw Error(ErrorCode::kUsage,
                "'" + std::string(text) + "' is no " + what + ", a number from 0 on");
  }
  return value;
}

// Where `value` is one of two words; true: the second.
bool second_of(std::string_view value, std::string_view first, std::string_view second) {
  if (value != first && value != second) {
    throw Error(ErrorCode::kUsage, "'" + std::string(value) + "' is neither " + std::string(first) +
                                       " nor " + std::string(second));
  }
  return value == second;
}

std::vector<Failure> parse_failures(std::string_view text) {
  std::vector<Failure> out;
  while (!text.empty()) {
    const std::string_view item = text.substr(0, text.find(','));
    text.remove_prefix(item.size() < text.size() ? item.size() + 1 : item.size());
    const std::size_t colon = item.find(':'), equals = item.find('=');
    if (colon == item.npos || equals == item.npos || colon > equals || colon == 0) {
      throw Error(ErrorCode::kUsage, "'" + std::string(item) + "' is not of the form CALL:N=CODE");
    }
    Failure failure{.call = std::string(item.substr(0, colon))};
    const std::string_view n = item.substr(colon + 1, equals - colon - 1);
    if (n != "*" && (failure.n = number(n, "count")) == 0) {
      throw Error(ErrorCode::kUsage, "calls are counted from 1");
    }
    failure.code = static_cast<int>(number(item.substr(equals + 1), "code"));
    out.push_back(failure);
  }
  return out;
}

void take(Options& out, std::string_view name, std::string_view value) {
  if (name == "CARD") {
    out.card = parse_card(std::string(value));
  } else if (name == "PROPERTIES") {
    const bool none = value == "none", is_new = !none && second_of(value, "old", "new");
    out.old_properties = !none && !is_new;
    out.new_properties = is_new;
  } else if (name == "SEED") {
    out.seed = number(value, "seed");
  } else if (name == "CHECK") {
    out.full_check = second_of(value, "fast", "full");
  } else if (name == "TRACE") {
    out.trace = parse_filter(std::string(value));
  } else if (name == "BREAK") {
    out.breakpoint = parse_breakpoint(std::string(value));
  } else if (name == "TRACE_FILE") {
    out.trace_file = value;
  } else if (name == "THREADS") {
    const std::uint64_t n = number(value, "count");
    if (n > 1024) throw Error(ErrorCode::kUsage, "no more than 1024 threads");
    out.n_threads = static_cast<int>(n);
  } else if (name == "LIMIT") {
    out.limit = number(value, "count");
  } else if (name == "FAIL") {
    out.failures = parse_failures(value);
  } else if (name == "LOG") {
    out.log = value;
  } else if (name == "COUNTERS") {
    out.counters = value;
  } else if (name == "OBJECTS") {
    out.objects = value;
  } else {
    throw Error(ErrorCode::kUsage, "there is no such variable");
  }
}

}  // namespace

Options read_options() {
  Options out;
  out.card = parse_card("");
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    std::string_view text = *entry;
    if (!text.starts_with(kPrefix)) continue;
    const std::size_t equals = text.find('=');
    if (equals == text.npos) continue;
    const std::string_view name = text.substr(0, equals);
    const std::string_view value = text.substr(equals + 1);
    if (value.empty()) continue;  // as if it were not set
    try {
      take(out, name.substr(kPrefix.size()), value);
    } catch (const Error& e) {
      throw Error(ErrorCode::kUsage, std::string(name) + ": " + e.what());
    }
  }
  return out;
}

}  // namespace rocmforge::emu
