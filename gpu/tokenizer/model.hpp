#pragma once
// TokenModel: turns pieces of text into token ids, as the "model" of a tokenizer.json says.

#include <cstdint>
#include <string_view>
#include <vector>

#include "gpu/tokenizer/vocabulary.hpp"
#include "runtime/base/result.hpp"

namespace troupe::gpu {

/// Immutable; thread-safe.
class TokenModel {
 public:
  virtual ~TokenModel() = default;

  /// Appends the ids of `piece`, valid UTF-8 and not empty, to `out`. Errors: invalid_argument, naming what the
  /// vocabulary lacks.
  virtual Status encode(std::string_view piece, std::vector<int32_t>& out) const = 0;

  /// The model's own tokens, without the added ones.
  virtual const Vocabulary& vocabulary() const = 0;
};

}  // namespace troupe::gpu
