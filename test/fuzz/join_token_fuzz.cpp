// Any text as a join token: refused, or written again as it was. And a token of any content comes back whole, but never
// with a character changed. The first byte chooses; in the second case the next two say what is changed, and to what.

#include <cstdint>
#include <string>
#include <string_view>

#include "cluster/spec/join_token.hpp"
#include "runtime/base/assert.hpp"

namespace {

using namespace troupe;
using namespace troupe::cluster;

void try_text(std::string_view text) {
  const auto token = parse_join_token(text);
  if (token)
    TROUPE_ASSERT(text_of(*token) == text);
  else
    TROUPE_ASSERT(!token.error().message.empty());
}

/// `content`: numbers and a secret.
void try_content(std::string_view content, uint8_t at, char instead) {
  JoinToken token{.head_key = std::string(40, 'k'), .secret = std::string(content)};
  token.secret.resize(token_secret_bytes);
  for (const char byte : content) token.id = token.id * 257 + static_cast<unsigned char>(byte);
  token.expires_unix_s = static_cast<int64_t>(token.id / 3);

  std::string text = text_of(token);
  const auto whole = parse_join_token(text);
  TROUPE_ASSERT(whole.has_value() && *whole == token);

  char& changed = text[at % text.size()];
  if (changed == instead) return;
  changed = instead;
  TROUPE_ASSERT(!parse_join_token(text).has_value());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 3) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (data[0] % 2 == 0)
    try_text(text.substr(1));
  else
    try_content(text.substr(3), data[1], static_cast<char>(data[2]));
  return 0;
}
