#pragma once
// TokenizerData: everything a tokenizer.json says, checked and ready to use. Private to this folder.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "gpu/tokenizer/added_tokens.hpp"
#include "gpu/tokenizer/bpe.hpp"
#include "runtime/base/result.hpp"

namespace troupe::gpu {

struct TokenizerData {
  std::unordered_map<std::string, int32_t> ids;  ///< Model vocabulary and added tokens.
  std::vector<std::string> tokens;               ///< By id; empty for an id that no token has.
  std::vector<std::string> bytes;                ///< By id: what decoding the token yields.
  std::vector<bool> special;                     ///< By id.

  MergeTable merges;
  bool ignore_merges = false;         ///< A word that is a token as it stands is not merged up.
  std::optional<int32_t> unknown_id;  ///< For characters that the vocabulary lacks.
  bool fuse_unknown = false;          ///< Neighbouring unknown characters become one token.

  bool byte_level = false;              ///< Symbols are bytes; otherwise characters.
  std::array<int32_t, 256> byte_ids{};  ///< -1 for bytes that no valid UTF-8 holds and the vocabulary lacks.
  bool add_prefix_space = false;        ///< Every text segment gets a leading space.
  bool join_with_spaces = false;        ///< No decoder: tokens are written side by side with spaces.

  AddedTokens added;             ///< Matched first,
  AddedTokens added_normalized;  ///< then these in what is left.
  std::vector<int32_t> prefix;   ///< Special tokens that frame an encoding.
  std::vector<int32_t> suffix;
};

/// `file` stands for the path in errors.
Result<TokenizerData> read_tokenizer_json(std::string_view text, const std::string& file);

}  // namespace troupe::gpu
