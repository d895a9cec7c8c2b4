#pragma once
// PostProcessor: puts special tokens around one text or a pair, as the "post_processor" of a tokenizer.json says.

#include <cstdint>
#include <vector>

#include "gpu/tokenizer/tokenizer.hpp"

namespace troupe::gpu {

/// What stands at a place of a result, and its type id.
struct TemplatePiece {
  enum class Kind : uint8_t { first, second, special };
  Kind kind;
  int32_t type_id = 0;
  std::vector<int32_t> ids = {};  ///< Of a special piece.
};

using Template = std::vector<TemplatePiece>;

/// All kinds of post-processors are templates: BertProcessing and RobertaProcessing are fixed ones.
struct PostProcessor {
  Template single = {{TemplatePiece::Kind::first}};  ///< Without a second text.
  Template pair = {{TemplatePiece::Kind::first}, {TemplatePiece::Kind::second, 1}};
};

/// How many special tokens a template puts.
size_t special_tokens(const Template& of);

/// `second` may be empty; special tokens only if `add_special_tokens`.
Encoding fill(const Template& with, const std::vector<int32_t>& first, const std::vector<int32_t>& second,
              bool add_special_tokens);

}  // namespace troupe::gpu
