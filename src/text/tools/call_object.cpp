#include "text/tools/call_object.h"

#include "base/error.h"
#include "text/json_text.h"

namespace rocmforge::text {
namespace {

bool is_space(char c) {
  return kToolSpaces.find(c) != std::string_view::npos;
}

// The text of a JSON string with its quotes; false where it has half a surrogate pair.
bool unquote(const std::string& json, std::string& out) {
  try {
    const Json value = read_json(json, "");
    const std::string* text = as_string(&value);
    if (text != nullptr) out = *text;
    return text != nullptr;
  } catch (const Error&) {
    return false;
  }
}

bool is_object(const std::string& json) {
  try {
    return std::holds_alternative<Json::Object>(read_json(json, "").value);
  } catch (const Error&) {
    return false;
  }
}

}  // namespace

bool CallObject::end_key() {
  std::string key;
  if (!unquote(key_, key)) return false;
  if (key == "name") {
    role_ = Role::kName;
    return !has_name_;
  }
  if (key == "arguments" || key == "parameters") {
    role_ = Role::kArguments;
    return !has_arguments_;
  }
  role_ = Role::kOther;
  return !strict_ || key == "id" || key == "type";
}

bool CallObject::begin_value(char c, ToolSink& sink) {
  value_ = {};
  kept_.clear();
  streaming_ = false;
  if (role_ == Role::kName) return c == '"';
  if (role_ == Role::kOther) return true;
  has_arguments_ = true;
  if (c == '{' && has_name_) {
    sink.begin(name_);
    begun_ = streaming_ = true;
  }
  return c == '{' || c == '"' || c == 'n';
}

bool CallObject::end_value() {
  at_ = At::kCommaOrEnd;
  if (role_ == Role::kName) {
    has_name_ = true;
    return unquote(kept_, name_) && find_tool(*tools_, name_) != nullptr;
  }
  if (role_ == Role::kOther || streaming_) return true;
  if (kept_ == "null") {
    arguments_.assign("{}");
  } else if (kept_.front() == '{') {
    arguments_ = kept_;
  } else if (!unquote(kept_, arguments_) || !is_object(arguments_)) {
    return false;
  }
  return true;
}

bool CallObject::finish(ToolSink& sink) {
  if (!has_name_ || (strict_ && !has_arguments_)) return false;
  if (begun_) return true;
  sink.begin(name_);
  sink.arguments(has_arguments_ ? arguments_ : "{}");
  return true;
}

BlockReader::Result CallObject::read_value(std::string_view text, ToolSink& sink) {
  using State = BlockReader::State;
  std::size_t used = 0;
  JsonScanner::State state = JsonScanner::State::kMore;
  while (used < text.size() && state == JsonScanner::State::kMore) {
    state = value_.push(text[used]);
    used += state == JsonScanner::State::kMore || state == JsonScanner::State::kDone ? 1 : 0;
  }
  if (streaming_) {
    sink.arguments(text.substr(0, used));
  } else if (role_ != Role::kOther) {
    kept_ += text.substr(0, used);
  }
  if (state == JsonScanner::State::kBad) return {used, State::kBad};
  if (state == JsonScanner::State::kMore) return {used, State::kMore};
  return {used, end_value() ? State::kOn : State::kBad};
}

bool CallObject::step(char c) {
  switch (at_) {
    case At::kOpen:
      at_ = At::kKeyOrEnd;
      return c == '{';
    case At::kColon:
      at_ = At::kBeforeValue;
      return c == ':';
    case At::kCommaOrEnd:
      at_ = At::kKey;
      return c == ',';
    default:
      return false;
  }
}

BlockReader::Result CallObject::read(std::string_view text, ToolSink& sink) {
  using State = BlockReader::State;
  std::size_t used = 0;
  while (used < text.size()) {
    if (at_ == At::kValue) {
      const auto result = read_value(text.substr(used), sink);
      used += result.used;
      // What streamed came out: a bad byte after it is for the next read().
      if (result.state == State::kBad && streaming_ && result.used > 0) return {used, State::kOn};
      if (result.state == State::kOn && streaming_) return {used, State::kOn};
      if (result.state != State::kOn) return {used, result.state};
      continue;
    }
    const char c = text[used];
    if (!key_.empty()) {  // within a key
      const auto state = value_.push(c);
      if (state == JsonScanner::State::kBad) return {used, State::kBad};
      key_ += c;
      ++used;
      if (state != JsonScanner::State::kDone) continue;
      if (!end_key()) return {used, State::kBad};
      key_.clear();
      at_ = At::kColon;
      continue;
    }
    if (is_space(c) && at_ != At::kOpen) {
      ++used;
      continue;
    }
    if (at_ == At::kBeforeValue) {
      if (!begin_value(c, sink)) return {used, State::kBad};
      at_ = At::kValue;
      if (streaming_) return {used, State::kOn};
      continue;
    }
    if (c == '}' && (at_ == At::kKeyOrEnd || at_ == At::kCommaOrEnd)) {
      ++used;
      return {used, finish(sink) ? State::kDone : State::kBad};
    }
    if (at_ == At::kKeyOrEnd || at_ == At::kKey) {
      if (c != '"') return {used, State::kBad};
      value_ = {};
      value_.push(c);
      key_.assign(1, '"');
    } else if (!step(c)) {
      return {used, State::kBad};
    }
    ++used;
  }
  return {used, State::kMore};
}

}  // namespace rocmforge::text
