#include "gpu/tokenizer/stream_decoder.hpp"

#include <algorithm>
#include <utility>

#include "gpu/tokenizer/tokenizer_data.hpp"

namespace troupe::gpu {

StreamDecoder::StreamDecoder(Tokenizer tokenizer, bool skip_special_tokens, std::vector<int32_t> kept)
    : tokenizer_(std::move(tokenizer)),
      skip_special_tokens_(skip_special_tokens),
      kept_(std::move(kept)),
      decoding_(tokenizer_.data_->decoder.start()) {}

Result<std::string> StreamDecoder::push(int32_t id) {
  TROUPE_TRY(const std::string_view token, tokenizer_.token_to_decode(id));
  const bool is_skipped = skip_special_tokens_ && tokenizer_.is_special(id) && !std::ranges::count(kept_, id);
  if (is_skipped) return std::string();
  decoding_.push(token);
  return decoding_.take_text();
}

std::string StreamDecoder::flush() {
  decoding_.finish();
  std::string text = decoding_.take_text();
  decoding_ = tokenizer_.data_->decoder.start();
  return text;
}

}  // namespace troupe::gpu
