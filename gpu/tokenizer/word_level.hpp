#pragma once
// WordLevel: a piece is one token, or unknown.

#include <optional>

#include "gpu/tokenizer/model.hpp"

namespace troupe::gpu {

class WordLevel final : public TokenModel {
 public:
  WordLevel(Vocabulary vocabulary, std::optional<int32_t> unknown_id)
      : vocabulary_(std::move(vocabulary)), unknown_id_(unknown_id) {}

  Status encode(std::string_view piece, std::vector<int32_t>& out) const override;
  const Vocabulary& vocabulary() const override { return vocabulary_; }

 private:
  Vocabulary vocabulary_;
  std::optional<int32_t> unknown_id_;
};

}  // namespace troupe::gpu
