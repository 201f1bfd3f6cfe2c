#include "serve/openai/routes.h"

namespace rocmforge::serve {

void add_openai(Router& router, Context& context) {
  add_models(router, context);
  add_chat_completions(router, context);
  add_completions(router, context);
  add_embeddings(router, context);
  add_tokenize(router, context);
}

}  // namespace rocmforge::serve
