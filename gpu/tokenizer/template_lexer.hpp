#pragma once
// Cuts a chat template into tokens, with the white-space rules of Jinja under trim_blocks and lstrip_blocks. Private to
// this folder.

#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/result.hpp"

namespace troupe::gpu::jinja {

struct Token {
  enum class Kind { text, output_begin, output_end, block_begin, block_end, name, integer, string, op, end };
  Kind kind;
  std::string text;  ///< Text and strings as they are meant, without quotes and escapes.
  int line;
};

/// The last token is `end`.
Result<std::vector<Token>> tokenize(std::string_view source);

/// "chat template line 3: <what>"
tl::unexpected<Error> template_error(int line, std::string_view what);

}  // namespace troupe::gpu::jinja
