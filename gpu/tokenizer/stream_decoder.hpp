#pragma once
// StreamDecoder: decodes token by token, handing out text as soon as its characters are whole.

#include <cstdint>
#include <string>

#include "gpu/tokenizer/tokenizer.hpp"
#include "runtime/base/result.hpp"

namespace troupe::gpu {

/// The texts of all push() calls and of flush(), joined, are decode() of all ids. Every text is valid UTF-8. One user
/// at a time.
class StreamDecoder {
 public:
  StreamDecoder(Tokenizer tokenizer, bool skip_special_tokens)
      : tokenizer_(std::move(tokenizer)), skip_special_tokens_(skip_special_tokens) {}

  /// What became readable by this token; often empty. Errors: invalid_argument for an id that no token has; the decoder
  /// is then as before.
  Result<std::string> push(int32_t id);

  /// Ends the text: a character that was never finished becomes U+FFFD. The decoder is then as new.
  std::string flush();

 private:
  Tokenizer tokenizer_;
  bool skip_special_tokens_;
  bool started_ = false;
  std::string pending_;  ///< At most three bytes between calls.
};

}  // namespace troupe::gpu
