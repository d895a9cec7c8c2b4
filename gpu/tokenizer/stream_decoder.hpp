#pragma once
// StreamDecoder: decodes token by token, handing out text as soon as it cannot change any more.

#include <cstdint>
#include <string>
#include <vector>

#include "gpu/tokenizer/decoder.hpp"
#include "gpu/tokenizer/tokenizer.hpp"
#include "runtime/base/result.hpp"

namespace troupe::gpu {

/// The texts of all push() calls and of flush(), joined, are decode() of all ids. Every text is valid UTF-8. What a
/// token means may depend on the first one or on its neighbours, as the file's decoder says; text is held back only for
/// that: a byte of a character until the character is whole, byte tokens until another token comes. So what is held
/// back grows by at most a token's text a token. One user at a time.
class StreamDecoder {
 public:
  /// `kept`: special tokens that are written nevertheless.
  StreamDecoder(Tokenizer tokenizer, bool skip_special_tokens, std::vector<int32_t> kept = {});

  /// What became readable by this token; often empty. Errors: invalid_argument for an id that no token has; the decoder
  /// is then as before.
  Result<std::string> push(int32_t id);

  /// Ends the text: a character that was never finished becomes U+FFFD. The decoder is then as new.
  std::string flush();

 private:
  Tokenizer tokenizer_;
  bool skip_special_tokens_;
  std::vector<int32_t> kept_;
  Decoding decoding_;
};

}  // namespace troupe::gpu
