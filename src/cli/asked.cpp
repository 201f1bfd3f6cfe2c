#include "cli/asked.h"

#include <boost/json.hpp>
#include <cstdlib>
#include <utility>

#include "serve/http/event_stream.h"

namespace rocmforge::cli {
namespace {

namespace json = boost::json;

constexpr const char* kKeyVariable = "ROCMFORGE_API_KEY";

std::string_view trimmed(std::string_view text) {
  while (text.ends_with('\n') || text.ends_with('\r')) text.remove_suffix(1);
  return text;
}

serve::HttpClient client_of(const std::string& host) {
  try {
    return serve::HttpClient(host);
  } catch (const Error& e) {
    throw Error(e.code(), "--host: " + std::string(e.what()));
  }
}

}  // namespace

ServerError::ServerError(int status, std::string_view body)
    : Error(ErrorCode::kIo, "Server returned error " + std::to_string(status) + ": " +
                                std::string(trimmed(body))) {}

AskedServer::AskedServer(const Globals& globals) : client_(client_of(globals.host)) {}

serve::HttpCall AskedServer::with_key(serve::HttpCall call) const {
  const char* key = std::getenv(kKeyVariable);
  if (key == nullptr || *key == '\0') return call;
  if (std::string_view(key).find_first_of("\r\n") != std::string_view::npos) {
    throw Error(ErrorCode::kUsage, std::string(kKeyVariable) + ": a key is one line");
  }
  call.headers.emplace_back("Authorization", std::string("Bearer ") + key);
  return call;
}

AskedAnswer AskedServer::parse(std::string_view body) const {
  const auto bad = [&](const std::string& what) {
    return Error(ErrorCode::kFormat,
                 "[client] " + client_.url() + ": no answer of rocmforge's: " + what);
  };
  json::error_code error;
  const json::value value = json::parse(body, error);
  if (error || !value.is_object()) throw bad("not a JSON object");
  const json::object& object = value.get_object();
  AskedAnswer out;
  const json::value* id = object.if_contains("request_id");
  if (id == nullptr || !id->is_number()) throw bad("request_id is missing");
  out.request_id = id->to_number<std::uint64_t>(error);
  if (error) throw bad("request_id is no whole number");
  if (const json::value* text = object.if_contains("text"); text != nullptr && text->is_string()) {
    out.text = text->get_string();
  }
  if (const json::value* end = object.if_contains("finished"); end != nullptr && end->is_bool()) {
    out.finished = end->get_bool();
  }
  const json::value* reason = object.if_contains("finish_reason");
  if (reason != nullptr && reason->is_string()) out.reason = std::string(reason->get_string());
  return out;
}

AskedAnswer AskedServer::ask(serve::HttpCall call) const {
  const serve::HttpAnswer answer = client_.request(with_key(std::move(call)));
  if (answer.status != 200) throw ServerError(answer.status, answer.body);
  return parse(answer.body);
}

void AskedServer::follow(serve::HttpCall call, const OnEvent& on_event) const {
  bool ended = false, wanted = true;
  serve::EventParser events([&](const serve::ServerEvent& event) {
    const AskedAnswer one = parse(event.data);
    wanted = on_event(one);
    ended = one.finished;
    return wanted && !ended;
  });
  const serve::HttpAnswer answer = client_.stream(
      with_key(std::move(call)), [&](std::string_view text) { return events.take(text); });
  if (answer.status != 200) throw ServerError(answer.status, answer.body);
  if (wanted && !ended) {
    throw Error(ErrorCode::kIo,
                "[client] " + client_.url() + ": the stream ended before the answer did");
  }
}

std::string shown(const std::optional<std::string>& reason) {
  return reason ? "Some(\"" + *reason + "\")" : "None";
}

}  // namespace rocmforge::cli
