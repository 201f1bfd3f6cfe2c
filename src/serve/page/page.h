// The page at /: a chat in one file, which is part of the program.
#pragma once

#include <string_view>

#include "serve/http/message.h"

namespace rocmforge::serve {

struct PageData {
  std::string_view html;
  std::string_view policy;  // Content-Security-Policy
  std::string_view tag;     // ETag
};
extern const PageData kPage;  // written by the build, from index.html

// The answer to GET / (and HEAD): the page, or 304 to who has it. It holds nothing of anybody and
// wants no key.
HttpResponse page_answer(const HttpRequest& request);

}  // namespace rocmforge::serve
