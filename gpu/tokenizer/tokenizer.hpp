#pragma once
// Tokenizer: text to token ids and back, as the `tokenizers` library does from the same tokenizer.json.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/result.hpp"

namespace troupe::gpu {

struct TokenizerData;

struct Encoding {
  std::vector<int32_t> ids;
  std::vector<int32_t> type_ids;  ///< Of each id: which text of a pair it is of, as the file says (mostly 0 and 1).
  bool is_cut = false;            ///< The text was longer than was allowed.

  bool operator==(const Encoding&) const = default;
};

/// Immutable and cheap to copy (copies share the vocabulary); thread-safe.
///
/// Does what the file says, step by step: added tokens are found, what lies between them is normalized, cut into pieces
/// (pre-tokenizer) and looked up (model), cut to a length (truncation), and framed with special tokens
/// (post-processor).
///   model           BPE, WordPiece, Unigram, WordLevel
///   normalizer      Sequence, BertNormalizer, NFC, NFD, NFKC, NFKD, Lowercase, Strip, StripAccents, Replace, Prepend,
///   Nmt,
///                   Precompiled, ByteLevel
///   pre_tokenizer   Sequence, ByteLevel, Split, BertPreTokenizer, Whitespace, WhitespaceSplit, Punctuation, Digits,
///                   Metaspace, CharDelimiterSplit, UnicodeScripts
///   post_processor  Sequence, TemplateProcessing, BertProcessing, RobertaProcessing, ByteLevel
///   decoder         Sequence, ByteLevel, ByteFallback, Fuse, Strip, Replace, Metaspace, WordPiece, BPEDecoder, CTC
/// Anything else is refused by name, but padding, which is ignored: nothing here fills up. Two things differ from the
/// library: a character for which a model has neither a token nor an unknown one is an error, where it would be
/// dropped; and characters that Unicode got after version 14 may be of another class in patterns (regex.hpp,
/// unicode.hpp).
class Tokenizer {
 public:
  /// Longest text that can be encoded.
  static constexpr size_t max_text_bytes = 4 << 20;
  /// Largest tokenizer.json.
  static constexpr size_t max_file_bytes = 64 << 20;

  /// Errors: not_found, io_error, too_large, corrupt_data or unimplemented, naming the file and the JSON path.
  static Result<Tokenizer> from_file(const std::filesystem::path& path);
  /// `file` stands for the path in errors.
  static Result<Tokenizer> from_json(std::string_view text, const std::string& file);

  /// Added tokens such as "<eos>" are recognised anywhere in `text`. `add_special_tokens` frames the result as the
  /// post-processor says (usually <bos> in front). At most as long as the file's truncation says, if it does. Errors:
  /// invalid_argument (not UTF-8, or a character that the vocabulary lacks), too_large (also where normalizing makes
  /// the text eight times as long as is allowed, or a pattern of the file needs more than linear work on it).
  Result<std::vector<int32_t>> encode(std::string_view text, bool add_special_tokens) const;

  /// As encode(), with types. `max_length`, special tokens included, counts instead of the file's; how to cut is as the
  /// file says, or else at the right. Errors: also invalid_argument where max_length leaves no room for special tokens.
  Result<Encoding> encode_single(std::string_view text, bool add_special_tokens,
                                 std::optional<size_t> max_length = std::nullopt) const;

  /// Two texts, such as a question and a passage, framed together. Where nothing else is said, the longer one is cut.
  /// Errors: also invalid_argument where the one that may be cut has too little to give.
  Result<Encoding> encode_pair(std::string_view first, std::string_view second, bool add_special_tokens,
                               std::optional<size_t> max_length = std::nullopt) const;

  /// Valid UTF-8: bytes that are no character become U+FFFD. Errors: invalid_argument for an id that no token has.
  Result<std::string> decode(std::span<const int32_t> ids, bool skip_special_tokens) const;

  /// What a token adds to a text that it does not begin, special ones too: its bytes, which may end inside a character.
  Result<std::string> token_bytes(int32_t id) const;

  std::optional<int32_t> token_to_id(std::string_view token) const;
  /// The token as the vocabulary spells it ("Ġthe").
  std::optional<std::string_view> id_to_token(int32_t id) const;
  /// True for added tokens marked as special.
  bool is_special(int32_t id) const;
  /// One more than the highest id.
  size_t vocab_size() const;

 private:
  friend class StreamDecoder;
  explicit Tokenizer(std::shared_ptr<const TokenizerData> data) : data_(std::move(data)) {}

  /// As the decoder takes it.
  Result<std::string_view> token_to_decode(int32_t id) const;

  std::shared_ptr<const TokenizerData> data_;
};

}  // namespace troupe::gpu
