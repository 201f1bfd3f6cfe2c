// A request on its way to who answers it, and the answer back.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "serve/api_error.h"
#include "serve/http/exchange.h"
#include "serve/http/message.h"

namespace rocmforge::serve {

// An error as a body: JSON of the form that a route's clients know.
using ErrorForm = std::string (*)(const ApiError&);

// Answered once, by send(), refuse(), or begin(), write() and end(); see Reply. The functions may
// be called from any thread.
class Call {
 public:
  // `headers`: those that any answer to it has.
  Call(HttpRequest request, std::string id, Headers headers, std::shared_ptr<Reply> reply)
      : request_(std::move(request)),
        id_(std::move(id)),
        headers_(std::move(headers)),
        reply_(std::move(reply)) {}

  const HttpRequest& request() const { return request_; }
  const std::string& id() const { return id_; }  // x-request-id
  // What stands in the path for {...} of the route.
  const std::string& argument() const { return argument_; }

  void send(HttpResponse response);
  void send_json(std::string body) { send({.body = std::move(body)}); }
  void refuse(const ApiError& error);
  void begin(HttpResponse head, std::string keep_alive = {});
  void write(std::string_view text) { reply_->write(text); }
  void end() { reply_->end(); }
  bool answered() const { return reply_->answered(); }  // or begun to be
  bool gone() const { return reply_->gone(); }
  void on_gone(std::function<void()> gone) { reply_->on_gone(std::move(gone)); }

  // Of the service, before the call is handed on.
  void set_route(std::string argument, ErrorForm form);

 private:
  void add_headers(HttpResponse& response) const;

  HttpRequest request_;
  std::string id_;
  Headers headers_;
  std::shared_ptr<Reply> reply_;
  std::string argument_;
  ErrorForm form_ = openai_error;
};

}  // namespace rocmforge::serve
