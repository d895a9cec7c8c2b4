#include "gpu/tokenizer/word_level.hpp"

namespace troupe::gpu {

Status WordLevel::encode(std::string_view piece, std::vector<int32_t>& out) const {
  const int32_t id = vocabulary_.find(piece);
  if (id < 0 && !unknown_id_) {
    return fail(Errc::invalid_argument, "the vocabulary has no token for {}, nor one for what is unknown",
                piece.substr(0, 100));
  }
  out.push_back(id < 0 ? *unknown_id_ : id);
  return {};
}

}  // namespace troupe::gpu
