#pragma once
// Oniguruma's regular expressions, which tokenizer files are written in, as PCRE2's.
//
// Source: Oniguruma's doc/RE (Ruby syntax) and doc/UNICODE_PROPERTIES; pcre2pattern(3). What the two spell the same but
// mean differently is translated: \s \w \d \h \b and bracketed classes of POSIX (Unicode's classes, without U+180E),
// \v, (?m), ^ and $ (at every line), {n,m}+ (a repeated repetition, not a possessive one), names of properties. What
// cannot be said in PCRE2 is refused: && and sets inside sets, options in the middle of a group, \W in a set.

#include <string>
#include <string_view>

#include "runtime/base/result.hpp"

namespace troupe::gpu {

/// Errors: unimplemented, naming the construct.
Result<std::string> to_pcre2(std::string_view pattern);

/// A pattern, of either dialect, that matches exactly `text`.
std::string escape_pattern(std::string_view text);

}  // namespace troupe::gpu
