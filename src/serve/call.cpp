#include "serve/call.h"

namespace rocmforge::serve {

void Call::set_route(std::string argument, ErrorForm form) {
  argument_ = std::move(argument);
  form_ = form;
}

void Call::add_headers(HttpResponse& response) const {
  response.headers.insert(response.headers.end(), headers_.begin(), headers_.end());
}

void Call::send(HttpResponse response) {
  add_headers(response);
  reply_->send(std::move(response));
}

void Call::refuse(const ApiError& error) {
  HttpResponse out{.status = error.status, .body = form_(error)};
  if (error.more.retry_after > 0) {
    out.headers.emplace_back("Retry-After", std::to_string(error.more.retry_after));
  }
  if (error.status == 401) out.headers.emplace_back("WWW-Authenticate", "Bearer");
  send(std::move(out));
}

void Call::begin(HttpResponse head, std::string keep_alive) {
  add_headers(head);
  reply_->begin(std::move(head), std::move(keep_alive));
}

}  // namespace rocmforge::serve
