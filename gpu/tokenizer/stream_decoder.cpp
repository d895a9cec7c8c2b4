#include "gpu/tokenizer/stream_decoder.hpp"

#include "gpu/tokenizer/tokenizer_data.hpp"
#include "gpu/tokenizer/utf8.hpp"

namespace troupe::gpu {

Result<std::string> StreamDecoder::push(int32_t id) {
  TROUPE_TRY(const std::string_view piece, tokenizer_.bytes_of(id));
  if (skip_special_tokens_ && tokenizer_.is_special(id)) return std::string();
  if (started_ && tokenizer_.data_->join_with_spaces) pending_ += ' ';
  pending_ += piece;
  started_ = true;

  std::string text;
  pending_.erase(0, append_lossy(pending_, false, text));
  return text;
}

std::string StreamDecoder::flush() {
  std::string text;
  append_lossy(pending_, true, text);
  pending_.clear();
  started_ = false;
  return text;
}

}  // namespace troupe::gpu
