// OpenAI's API, and what belongs to it.
#pragma once

#include "serve/context.h"
#include "serve/router.h"

namespace rocmforge::serve {

// /v1/models, /v1/chat/completions, /v1/completions, ... The context outlives the router.
void add_openai(Router& router, Context& context);

// Each adds its own.
void add_models(Router& router, Context& context);
void add_chat_completions(Router& router, Context& context);
void add_completions(Router& router, Context& context);
void add_embeddings(Router& router, Context& context);
void add_tokenize(Router& router, Context& context);

}  // namespace rocmforge::serve
