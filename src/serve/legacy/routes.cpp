#include "serve/legacy/routes.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "serve/json/field.h"
#include "serve/json/write.h"
#include "serve/legacy/requests.h"
#include "serve/openai/sampling_fields.h"

namespace rocmforge::serve {
namespace {

constexpr std::int64_t kMaxTokens = 8192, kDefaultTokens = 100, kAny = std::int64_t{1} << 52;
constexpr std::int32_t kDefaultTopK = 50;
constexpr float kDefaultTopP = 0.9F;
constexpr std::size_t kMostStops = 16, kMostTagBytes = 64;
constexpr int kRetryFull = 1;  // seconds
constexpr const char* kKeepAlive = ": waiting\n\n";

[[noreturn]] void out_of_range(const std::string& message) {
  throw ApiError(400, message);
}

// The messages are part of the surface that scripts rely on.
void check_ranges(const Field& body) {
  const std::int64_t n = body.at("max_tokens").integer_or(kDefaultTokens, -kAny, kAny);
  if (n <= 0) out_of_range("Invalid max_tokens: must be greater than 0");
  if (n > kMaxTokens) {
    out_of_range(fmt::format("Invalid max_tokens: {} exceeds maximum of {}", n, kMaxTokens));
  }
  const double temperature = body.at("temperature").number_or(1, -1e30, 1e30);
  if (temperature < 0) {
    out_of_range(fmt::format("Invalid temperature: {} must be non-negative", temperature));
  }
  if (body.at("top_k").integer_or(kDefaultTopK, -kAny, kAny) <= 0) {
    out_of_range("Invalid top_k: must be greater than 0");
  }
  const double top_p = body.at("top_p").number_or(kDefaultTopP, -1e30, 1e30);
  if (!(top_p > 0 && top_p <= 1)) {
    out_of_range(fmt::format("Invalid top_p: {} must be in range (0.0, 1.0]", top_p));
  }
}

std::vector<std::string> stops_of(const Field& field) {
  std::vector<std::string> out;
  if (field.is_null()) return out;
  if (field.is_text()) return {std::string(field.text())};
  for (const Field& one : field.items(kMostStops)) out.emplace_back(one.text());
  return out;
}

engine::Request request_of(const Field& body, const Context& context,
                           const text::Tokenizer& tokenizer) {
  check_ranges(body);
  engine::Request out;
  out.sampling = read_sampling(body, tokenizer);
  if (body.at("top_k").is_null()) out.sampling.top_k = kDefaultTopK;
  if (body.at("top_p").is_null()) out.sampling.top_p = kDefaultTopP;
  out.max_tokens =
      static_cast<std::int32_t>(body.at("max_tokens").integer_or(kDefaultTokens, 1, kMaxTokens));
  out.stop = stops_of(body.at("stop"));
  out.ignore_eos = body.at("ignore_eos").flag_or(false);
  out.prompt =
      tokenizer.encode(body.at("prompt").text(), {.add_special = true, .parse_special = true});
  context.check_runs(out);
  return out;
}

// One event a token. A token without text waits until the next one: should none come, it is the
// last one, which says how the answer ended.
class Stream {
 public:
  Stream(std::shared_ptr<Call> call, std::uint64_t id, std::int32_t max_tokens)
      : call_(std::move(call)), id_(id), max_tokens_(max_tokens) {}

  // Before the first event, but not before it is certain that there will be some.
  void begin() {
    const std::scoped_lock lock(mutex_);
    begin_once();
  }

  void add(const engine::TokenPiece& piece) {
    const std::scoped_lock lock(mutex_);
    if (piece.token == text::kNoToken) {
      text_ += piece.answer;
      return;
    }
    if (std::exchange(held_, false)) write(false, "null", "");
    last_ = piece.token;
    text_ = piece.answer;
    held_ = true;
    if (++n_ < max_tokens_ && !text_.empty()) {
      held_ = false;
      write(false, "null", "");
    }
  }

  void end(const engine::Result& result) {
    const std::scoped_lock lock(mutex_);
    std::string reason = "failed", error;
    if (const auto* completion = std::get_if<engine::Completion>(&result)) {
      reason = engine::to_string(completion->reason);
      error = completion->error;
      if (!held_ && completion->end_token != text::kNoToken) last_ = completion->end_token;
    } else {
      error = std::get<engine::Rejected>(result).message;
    }
    write(true, quoted(reason), error);
    call_->end();
  }

 private:
  void begin_once() {
    if (!std::exchange(begun_, true)) {
      call_->begin({.content_type = "text/event-stream"}, kKeepAlive);
    }
  }

  void write(bool finished, const std::string& reason, const std::string& error) {
    begin_once();
    const std::string more = error.empty() ? "" : ",\"error\":" + quoted(error);
    call_->write(
        fmt::format("data: {{\"request_id\":{},\"token\":{},\"text\":{},\"finished\":{},"
                    "\"finish_reason\":{}{}}}\n\n",
                    id_, std::max(last_, text::TokenId{0}), quoted(std::exchange(text_, {})),
                    finished, reason, more));
  }

  std::shared_ptr<Call> call_;
  std::uint64_t id_;
  std::int32_t max_tokens_, n_ = 0;
  text::TokenId last_ = text::kNoToken;
  std::string text_;  // that the next event brings
  bool held_ = false, begun_ = false;
  std::mutex mutex_;
};

class Legacy : public std::enable_shared_from_this<Legacy> {
 public:
  Legacy(Context& context, LegacyOptions options)
      : context_(context), options_(std::move(options)) {}

  void generate(const std::shared_ptr<Call>& call, bool stream) {
    const Body body(call->request().body);
    engine::Request request = request_of(body.root(), context_, context_.tokenizer());
    const std::int32_t max_tokens = request.max_tokens;
    const auto one = requests_.add(
        std::string(call->request().header("x-request-tag").substr(0, kMostTagBytes)));
    const auto events = stream ? std::make_shared<Stream>(call, one->id(), max_tokens) : nullptr;
    engine::TextSinks sinks;
    sinks.token = [one, events](const engine::TokenPiece& piece) {
      one->add(piece);
      if (events) events->add(piece);
    };
    begin(call, one, events, std::move(request), std::move(sinks));
  }

  void tell(const std::shared_ptr<Call>& call) { call->send_json(find(*call)->json()); }

  void cancel(const std::shared_ptr<Call>& call) {
    const auto one = find(*call);
    one->cancel();
    one->on_end([call, one] { call->send_json(one->json()); });
  }

  std::string models() const {
    const model::HyperParams& p = context_.engine().params();
    const gguf::File& file = context_.engine().file();
    return fmt::format(
        R"({{"models":[{{"name":{},"path":{},"tokenizer":{},"metadata":{{"architecture":{},)"
        R"("num_layers":{},"num_heads":{},"hidden_size":{},"head_dim":{},)"
        R"("max_position_embeddings":{},"vocab_size":{},"file_type":{},"has_tokenizer":{}}}}}]}})",
        quoted(context_.options().model), quoted(options_.path),
        options_.tokenizer.empty() ? "null" : quoted(options_.tokenizer), quoted(p.architecture),
        p.n_layers, p.n_heads, p.dim, p.head_dim, p.n_ctx_train, p.n_vocab,
        file.get_u64("general.file_type").value_or(0),
        file.find("tokenizer.ggml.tokens") != nullptr);
  }

 private:
  void begin(const std::shared_ptr<Call>& call, const std::shared_ptr<LegacyRequest>& one,
             const std::shared_ptr<Stream>& events, engine::Request request,
             engine::TextSinks sinks) {
    const auto self = shared_from_this();
    const auto done = [self, call, one, events](engine::Result result) {
      one->end(result);
      self->requests_.ended(one->id());
      if (events) {
        events->end(result);
      } else {
        self->answer(*call, *one, result);
      }
    };
    try {
      const ModelThread::Handle handle =
          context_.submit(std::move(request), std::move(sinks), done);
      one->began(handle);
      if (events) events->begin();
      call->on_gone([handle] { handle.cancel(); });
    } catch (const ApiError& e) {
      one->end(engine::Rejected{e.what()});  // somebody may wait for it already
      requests_.forget(one->id());
      if (e.status != 429) throw;
      throw ApiError(503, e.what(), {.retry_after = std::max(e.more.retry_after, kRetryFull)});
    } catch (...) {
      one->end(engine::Rejected{"it was not taken in"});
      requests_.forget(one->id());
      throw;
    }
  }

  void answer(Call& call, const LegacyRequest& one, const engine::Result& result) const {
    if (const auto* rejected = std::get_if<engine::Rejected>(&result)) {
      call.refuse({400, rejected->message});
      return;
    }
    const auto& completion = std::get<engine::Completion>(result);
    if (completion.reason == engine::FinishReason::kFailed) {
      call.refuse({500, completion.error});
    } else if (completion.reason == engine::FinishReason::kCancelled && context_.cut()) {
      call.refuse({503, "the server is shutting down", {.retry_after = kRetryFull}});
    } else {
      call.send_json(one.json());
    }
  }

  std::shared_ptr<LegacyRequest> find(const Call& call) const {
    auto found = requests_.find(call.argument());
    if (found != nullptr) return found;
    throw ApiError(404,
                   fmt::format("Request {} not found: there was none, or it has been forgotten "
                               "(the last {} that ended are known)",
                               call.argument(), LegacyRequests::kMostEnded));
  }

  Context& context_;
  LegacyOptions options_;
  LegacyRequests requests_;
};

}  // namespace

std::string legacy_error(const ApiError& error) {
  const bool passes = error.status == 503 || error.status == 429;
  const std::string_view category = passes               ? "recoverable"
                                    : error.status < 500 ? "user"
                                                         : "internal";
  return fmt::format(R"({{"error":{},"status":"error","category":"{}","recoverable":{}}})",
                     quoted(error.what()), category, passes);
}

void add_legacy(Router& router, Context& context, const Service& service, LegacyOptions options) {
  const auto legacy = std::make_shared<Legacy>(context, std::move(options));
  const auto add = [&](const char* method, const char* pattern, Handler handle) {
    router.add(
        {.method = method, .pattern = pattern, .handle = std::move(handle), .error = legacy_error});
  };
  add("POST", "/generate", [legacy](const auto& call) { legacy->generate(call, false); });
  add("POST", "/generate/stream", [legacy](const auto& call) { legacy->generate(call, true); });
  add("GET", "/status/{id}", [legacy](const auto& call) { legacy->tell(call); });
  add("POST", "/cancel/{id}", [legacy](const auto& call) { legacy->cancel(call); });
  add("GET", "/models", [legacy](const auto& call) { call->send_json(legacy->models()); });
  add_health(router, context, service);
}

}  // namespace rocmforge::serve
