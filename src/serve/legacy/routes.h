// The HTTP interface of the first program, whose scripts go on as they are.
#pragma once

#include <string>

#include "serve/context.h"
#include "serve/router.h"
#include "serve/service.h"

namespace rocmforge::serve {

struct LegacyOptions {
  std::string path;       // of the model's file
  std::string tokenizer;  // another one than the model's own; empty: none
};

// POST /generate, /generate/stream and /cancel/{id}; GET /status/{id}, /models, /health and /ready.
// Context and service outlive the router.
void add_legacy(Router& router, Context& context, const Service& service, LegacyOptions options);

// {"error", "status": "error", "category", "recoverable"}.
std::string legacy_error(const ApiError& error);

// Each adds its own.
void add_health(Router& router, Context& context, const Service& service);

}  // namespace rocmforge::serve
