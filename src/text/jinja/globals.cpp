// The functions that every template has.
#include <array>

#include "text/jinja/function.h"
#include "text/jinja/interpreter.h"
#include "text/jinja/operators.h"

namespace rocmforge::text::jinja {
namespace {

constexpr Int kMaxRange = 100000;  // as jinja's sandbox

Value range_of(Interpreter&, const Value&, const Arguments& arguments) {
  const Bound bound("range", arguments, {"start", "stop", "step"}, 1);
  const bool only_stop = !bound.has(1);
  const Int start = only_stop ? 0 : bound.index(0, 0);
  const Int stop = bound.index(only_stop ? 0 : 1, 0);
  const Int step = bound.index(2, 1);
  if (step == 0) fail("range() arg 3 must not be zero");
  auto range = std::make_shared<RangeObject>(start, stop, step);
  if (range->size() > kMaxRange) {
    fail("Range too big. The sandbox blocks ranges larger than MAX_RANGE (100000).");
  }
  return Value::object(Kind::kRange, std::move(range));
}

Dict make_dict(std::string_view function, const Arguments& arguments) {
  if (arguments.positional.size() > 1) {
    fail(std::string(function) + " expected at most 1 argument, got " +
         std::to_string(arguments.positional.size()));
  }
  Dict out;
  for (const Value& source : arguments.positional) {
    need_defined(source);
    if (source.is(Kind::kDict)) {
      out = source.entries();
      continue;
    }
    for (const Value& pair : iterate(source)) {
      const std::vector<Value> parts = iterate(pair);
      if (parts.size() != 2) fail("dictionary update sequence element has not 2 parts");
      out.set(parts[0], parts[1]);
    }
  }
  for (const auto& [name, value] : arguments.named) out.set(name, value);
  return out;
}

Value dict_of(Interpreter&, const Value&, const Arguments& arguments) {
  return Value::dict(make_dict("dict", arguments));
}

Value namespace_of(Interpreter& interpreter, const Value&, const Arguments& arguments) {
  auto out = std::make_shared<NamespaceObject>();
  out->attributes = make_dict("namespace", arguments);
  interpreter.keep(out);
  return Value::object(Kind::kNamespace, std::move(out));
}

Value cycler_of(Interpreter&, const Value&, const Arguments& arguments) {
  if (arguments.positional.empty()) fail("at least one item has to be provided");
  return Value::object(Kind::kCycler,
                       std::make_shared<CyclerObject>(Value::tuple(arguments.positional)));
}

Value joiner_of(Interpreter&, const Value&, const Arguments& arguments) {
  const Bound bound("joiner", arguments, {"sep"});
  if (bound.has(0) && !bound.at(0).is_string()) fail("joiner() takes a str");
  return Value::object(Kind::kJoiner,
                       std::make_shared<JoinerObject>(bound.get(0, Value::string(", "))));
}

Value raise_exception(Interpreter&, const Value&, const Arguments& arguments) {
  const Bound bound("raise_exception", arguments, {"message"}, 1);
  fail(to_str(bound.at(0)));
}

// One directive at a time: "%" with what stands behind it, as python's strftime knows it.
std::string formatted_time(const std::tm& now, const std::string& format) {
  std::string out;
  for (std::size_t i = 0; i < format.size(); ++i) {
    if (format[i] != '%' || i + 1 == format.size()) {
      out += format[i];
      continue;
    }
    std::string directive = "%";
    ++i;
    if (std::string_view("-_0^#").find(format[i]) != std::string_view::npos &&
        i + 1 < format.size()) {
      directive += format[i++];
    }
    directive += format[i];
    if (format[i] == 'f') {
      out += "000000";  // microseconds
      continue;
    }
    // The time has no zone.
    if (format[i] == 'z' || format[i] == 'Z') continue;
    if (std::string_view("aAbBcCdDeFgGhHIjklmMnprRsStTuUVwWxXyY%P").find(format[i]) ==
        std::string_view::npos) {
      out += directive;
      continue;
    }
    std::array<char, 256> buffer;
    out.append(buffer.data(), std::strftime(buffer.data(), buffer.size(), directive.c_str(), &now));
    check_length(out.size());
  }
  return out;
}

Value strftime_now(Interpreter& interpreter, const Value&, const Arguments& arguments) {
  const Bound bound("strftime_now", arguments, {"format"}, 1);
  return Value::string(formatted_time(interpreter.now(), bound.text(0)));
}

struct Global {
  std::string_view name;
  Builtin function;
};
constexpr Global kGlobals[] = {{"range", range_of},           {"dict", dict_of},
                               {"namespace", namespace_of},   {"cycler", cycler_of},
                               {"joiner", joiner_of},         {"raise_exception", raise_exception},
                               {"strftime_now", strftime_now}};

}  // namespace

std::optional<Value> find_global(std::string_view name) {
  for (const Global& g : kGlobals) {
    if (g.name != name) continue;
    return Value::object(Kind::kFunction,
                         std::make_shared<BuiltinFunction>(std::string(name), g.function));
  }
  return std::nullopt;
}

}  // namespace rocmforge::text::jinja
