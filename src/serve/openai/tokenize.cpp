// /tokenize, /detokenize, /apply-template and /props, as llama.cpp's server has them.
#include <fmt/format.h>

#include "base/version.h"
#include "serve/json/write.h"
#include "serve/openai/chat_messages.h"
#include "serve/openai/routes.h"
#include "text/utf8.h"

namespace rocmforge::serve {
namespace {

// Of a text to be encoded, which takes a thread for a second or two.
constexpr std::size_t kMostBytes = 4U << 20;

// A text, or a list of bytes where it is no text.
std::string piece_json(std::string_view piece) {
  if (text::find_invalid_utf8(piece) == piece.npos) return quoted(piece);
  std::string out = "[";
  for (std::size_t i = 0; i < piece.size(); ++i) {
    out += fmt::format("{}{}", i == 0 ? "" : ",", static_cast<unsigned char>(piece[i]));
  }
  return out.append("]");
}

void tokenize(Context& context, const std::shared_ptr<Call>& call) {
  const Body body(call->request().body);
  const text::Tokenizer& tokenizer = context.tokenizer();
  const bool with_pieces = body.at("with_pieces").flag_or(false);
  const Field content = body.at("content");
  if (content.text().size() > kMostBytes) {
    content.bad(fmt::format("has {} bytes, more than {}", content.text().size(), kMostBytes));
  }
  const auto tokens =
      tokenizer.encode(content.text(), {.add_special = body.at("add_special").flag_or(false),
                                        .parse_special = body.at("parse_special").flag_or(true)});
  std::string out = R"({"tokens":[)";
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    if (i > 0) out += ',';
    if (with_pieces) {
      out += fmt::format(R"({{"id":{},"piece":{}}})", tokens[i],
                         piece_json(tokenizer.piece_view(tokens[i], true)));
    } else {
      out += std::to_string(tokens[i]);
    }
  }
  call->send_json(out.append("]}"));
}

void detokenize(Context& context, const std::shared_ptr<Call>& call) {
  const Body body(call->request().body);
  const text::Tokenizer& tokenizer = context.tokenizer();
  std::vector<text::TokenId> tokens;
  for (const Field& id : body.at("tokens").items()) {
    tokens.push_back(static_cast<text::TokenId>(id.integer(0, tokenizer.size() - 1)));
  }
  call->send_json(fmt::format(R"({{"content":{}}})", quoted(tokenizer.decode(tokens, true))));
}

void apply_template(Context& context, const std::shared_ptr<Call>& call) {
  const engine::ChatFormat& format = context.chat();
  const Body body(call->request().body);
  const ToolUse tools = read_tool_use(body.root(), context, format);
  engine::Conversation conversation = read_conversation(body.root(), context, tools);
  check_lengths(conversation, context);
  const text::ChatPrompt prompt = format.prompt(std::move(conversation));
  call->send_json(fmt::format(R"({{"prompt":{}}})", quoted(prompt.text)));
}

void props(Context& context, const std::shared_ptr<Call>& call) {
  const engine::Runner& runner = context.engine().runner();
  const std::string chat = context.has_chat() ? quoted(context.chat().source()) : "null";
  call->send_json(fmt::format(
      R"({{"default_generation_settings":{{"n_ctx":{}}},"total_slots":{},"model_alias":{},)"
      R"("model_path":{},"chat_template":{},"build_info":{}}})",
      runner.n_ctx(), runner.max_sequences(), quoted(context.options().model),
      quoted(context.engine().file().path()), chat,
      quoted(std::string("rocmforge-").append(version_line()))));
}

}  // namespace

void add_tokenize(Router& router, Context& context) {
  using Answer = void (*)(Context&, const std::shared_ptr<Call>&);
  const auto add = [&](const char* method, const char* path, Answer answer) {
    router.add({.method = method, .pattern = path, .handle = [&context, answer](const auto& call) {
                  answer(context, call);
                }});
  };
  add("POST", "/tokenize", tokenize);
  add("POST", "/detokenize", detokenize);
  add("POST", "/apply-template", apply_template);
  add("GET", "/props", props);
}

}  // namespace rocmforge::serve
