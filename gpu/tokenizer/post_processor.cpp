#include "gpu/tokenizer/post_processor.hpp"

namespace troupe::gpu {

size_t special_tokens(const Template& of) {
  size_t count = 0;
  for (const TemplatePiece& piece : of) count += piece.ids.size();
  return count;
}

Encoding fill(const Template& with, const std::vector<int32_t>& first, const std::vector<int32_t>& second,
              bool add_special_tokens) {
  using Kind = TemplatePiece::Kind;
  Encoding encoding;
  for (const TemplatePiece& piece : with) {
    if (piece.kind == Kind::special && !add_special_tokens) continue;
    const std::vector<int32_t>& ids = piece.kind == Kind::special ? piece.ids
                                      : piece.kind == Kind::first ? first
                                                                  : second;
    encoding.ids.insert(encoding.ids.end(), ids.begin(), ids.end());
    encoding.type_ids.resize(encoding.ids.size(), piece.type_id);
  }
  return encoding;
}

}  // namespace troupe::gpu
