// Standard output and error, with failures noticed.
#pragma once

#include <string_view>

namespace rocmforge::cli {

// Where standard input, output or error was closed by whoever started the program, puts something
// in its place that fails in use as it would: else the next file to be opened would take its
// number. To be called first.
void hold_standard_streams();
// Writes to stdout at once; false when nobody can read it any more (closed pipe, full disk).
bool write_output(std::string_view text);
// Flushes; false when any write has failed so far. Says so on stderr once, unless the reader left.
bool finish_output();
// "error: MESSAGE" on stderr.
void print_error(std::string_view message);
// The same without "error: ", for texts that scripts know.
void print_line(std::string_view message);
// From now on, a mapped file that another process cuts short ends this one with an error line and
// exit code 1 where its missing pages are read, instead of a signal.
void report_shrunk_files();
// A line on stderr.
void print_note(std::string_view message);
// Terminals that are not "dumb", unless NO_COLOR (no-color.org) is set and not empty.
bool stdout_has_colours();
bool stderr_has_colours();
inline constexpr const char* kDim = "\x1b[2m";    // ECMA-48: faint
inline constexpr const char* kPlain = "\x1b[0m";  // and no longer

}  // namespace rocmforge::cli
