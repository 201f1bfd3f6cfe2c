// The engine's settings and sampling parameters by the names of their options.
#pragma once

#include <string>

#include "base/error.h"
#include "engine/request.h"

namespace rocmforge::cli {

// What the error says, with the options to set otherwise.
std::string message_of(const Error& error);
std::string message_of(const engine::Rejected& rejected);
// "Invalid mirostat_tau: ..." names the option that sets it, where that is called otherwise.
std::string with_option_name(const std::string& range_error);

}  // namespace rocmforge::cli
