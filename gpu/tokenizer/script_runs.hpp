#pragma once
// Runs of characters of one script, as the pre-tokenizer "UnicodeScripts" cuts them. Private to this folder.

#include <string>

namespace troupe::gpu {

/// A pattern whose matches are the runs: a character of a script, and after it characters of the same, spaces and
/// characters that no script has. Kana and its length mark count as Han.
std::string script_run_pattern();

}  // namespace troupe::gpu
