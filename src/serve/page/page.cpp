#include "serve/page/page.h"

namespace rocmforge::serve {

HttpResponse page_answer(const HttpRequest& request) {
  HttpResponse out;
  out.content_type = "text/html; charset=utf-8";
  out.headers = {{"Content-Security-Policy", std::string(kPage.policy)},
                 {"X-Content-Type-Options", "nosniff"},
                 {"Referrer-Policy", "no-referrer"},
                 {"Cache-Control", "no-cache"},  // to be kept, and asked for again
                 {"ETag", std::string(kPage.tag)}};
  if (request.header("if-none-match") == kPage.tag) {
    out.status = 304;
  } else {
    out.body = kPage.html;
  }
  return out;
}

}  // namespace rocmforge::serve
