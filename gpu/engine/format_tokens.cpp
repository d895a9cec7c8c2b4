#include "gpu/engine/format_tokens.hpp"

#include <algorithm>

namespace troupe::gpu {
namespace {

/// Whether a text is its tokens side by side, but for a space at its beginning.
bool joins_tokens(const Tokenizer& tokenizer) {
  const auto ids = tokenizer.encode(R"({"an": [1, "b c.d"], "to": null, "x": "isn't"})", false);
  if (!ids) return false;
  std::string joined;
  for (const int32_t id : *ids) joined += tokenizer.token_bytes(id).value_or("");
  const auto text = tokenizer.decode(*ids, true);
  return text && (*text == joined || " " + *text == joined);
}

}  // namespace

Result<TokenTree> format_tokens(const Tokenizer& tokenizer, std::span<const int32_t> ends, size_t vocabulary) {
  if (!joins_tokens(tokenizer)) {
    return fail(Error{Errc::unimplemented,
                      "this model's tokenizer does not make texts token by token, so that none can be held to a format",
                      "response_format",
                      {}});
  }
  std::vector<TokenTree::Token> tokens;
  const auto count = static_cast<int32_t>(std::min(vocabulary, tokenizer.vocab_size()));
  for (int32_t id = 0; id < count; ++id) {
    if (tokenizer.is_special(id) || std::ranges::find(ends, id) != ends.end()) continue;
    if (auto bytes = tokenizer.token_bytes(id); bytes && !bytes->empty()) tokens.push_back({std::move(*bytes), id});
  }
  return TokenTree(std::move(tokens), vocabulary);
}

}  // namespace troupe::gpu
