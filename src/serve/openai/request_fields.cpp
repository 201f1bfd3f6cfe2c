#include "serve/openai/request_fields.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <limits>
#include <random>

#include "base/error.h"
#include "serve/openai/sampling_fields.h"

namespace rocmforge::serve {
namespace {

std::vector<std::string> read_stops(const Field& field) {
  std::vector<std::string> out;
  if (!field) return out;
  std::vector<Field> items = {field};
  if (field.is_list()) items = field.items(kMostStops);
  for (const Field& item : items) {
    const std::string_view text = item.text();
    if (text.size() > kMostStopBytes) {
      item.bad(fmt::format("has {} bytes, more than {}", text.size(), kMostStopBytes));
    }
    if (!text.empty()) out.emplace_back(text);
  }
  return out;
}

std::int32_t read_max_tokens(const Field& body, std::int32_t usual, std::int32_t n_ctx) {
  for (const char* name : {"max_completion_tokens", "max_tokens", "n_predict"}) {
    const Field field = body.at(name);
    if (!field) continue;
    const std::int64_t n = field.integer(-1, std::numeric_limits<std::int32_t>::max());
    if (n == -1) return n_ctx + 1;
    return static_cast<std::int32_t>(std::min<std::int64_t>(n, n_ctx + 1));
  }
  return usual == 0 ? n_ctx + 1 : usual;
}

// What the answer is held to, in the one field of several that is given.
std::shared_ptr<const constrain::TokenGrammar> read_grammar(const Field& body, Context& context) {
  using Notation = GrammarCache::Notation;
  const Field form = body.at("response_format");
  const std::string type = form ? std::string(form.at("type").text()) : "text";
  std::vector<std::pair<Field, Notation>> given;
  if (const Field gbnf = body.at("grammar"); gbnf && !gbnf.text().empty()) {
    given.emplace_back(gbnf, Notation::kGbnf);
  }
  if (const Field schema = body.at("json_schema")) given.emplace_back(schema, Notation::kSchema);
  if (type == "json_schema") {
    const Field schema = form.at("json_schema").at("schema");
    if (!schema) schema.bad("is missing");
    given.emplace_back(schema, Notation::kSchema);
  } else if (type == "json_object") {
    const Field schema = form.at("schema");  // as llama.cpp has it
    given.emplace_back(schema ? schema : form, schema ? Notation::kSchema : Notation::kAnyObject);
  } else if (type != "text") {
    form.at("type").bad("is none of text, json_object and json_schema");
  }
  if (given.empty()) return nullptr;
  const auto& [field, notation] = given.back();
  if (given.size() > 1) field.bad("goes with no other " + given.front().first.path());
  try {
    return context.grammars().get(notation, notation == Notation::kSchema
                                                ? boost::json::serialize(field.value())
                                                : std::string(field.is_text() ? field.text() : ""));
  } catch (const Error& e) {
    if (e.code() != ErrorCode::kInvalidArgument && e.code() != ErrorCode::kUnsupported) throw;
    field.bad(e.what());
  }
}

}  // namespace

StreamFields read_stream(const Field& body) {
  StreamFields out{.stream = body.at("stream").flag_or(false)};
  const Field options = body.at("stream_options");
  if (options && !out.stream) options.bad("goes with stream: true");
  out.include_usage = options.at("include_usage").flag_or(false);
  return out;
}

engine::Request read_request(const Field& body, Context& context, std::int32_t usual_tokens) {
  engine::Request out;
  out.sampling = read_sampling(body, context.tokenizer());
  out.stop = read_stops(body.at("stop"));
  out.max_tokens = read_max_tokens(body, usual_tokens, context.engine().runner().n_ctx());
  out.grammar = read_grammar(body, context);
  out.share_prefix = body.at("cache_prompt").flag_or(true);
  return out;
}

void check_log_probs(const Field& field, std::int64_t n_tokens, std::int64_t n_top) {
  if (n_tokens <= kMostLogProbValues / (n_top + 1)) return;
  field.bad(fmt::format("asks for up to {} values, more than {}: stream, or lower n or max_tokens",
                        n_tokens * (n_top + 1), kMostLogProbValues));
}

void refuse_unsupported(const Field& body, std::initializer_list<std::string_view> names) {
  for (const std::string_view name : names) {
    const Field field = body.at(name);
    const bool empty = field.is_list() && field.items().empty();
    if (field && !empty) field.bad("is not supported by this server");
  }
}

std::string new_id(std::string_view prefix) {
  static const std::uint64_t kRun = [] {
    std::random_device source;
    return std::uint64_t{source()} << 32 | source();
  }();
  static std::atomic<std::uint64_t> n{0};
  return fmt::format("{}-{:016x}{:08x}", prefix, kRun, ++n);
}

std::int64_t seconds_now() {
  return std::chrono::duration_cast<std::chrono::seconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

std::string answering_model(const Field& body, const Context& context) {
  const Field model = body.at("model");
  if (!model) return context.options().model;
  const std::string_view name = model.text();
  return context.is_model(name) ? std::string(name) : context.options().model;
}

}  // namespace rocmforge::serve
