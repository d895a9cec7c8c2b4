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

/// Immutable and cheap to copy (copies share the vocabulary); thread-safe.
///
/// Reads BPE models with no normalizer, with the ByteLevel pre-tokenizer without its regex or none, the ByteLevel
/// decoder or none, and the TemplateProcessing or ByteLevel post-processor or none. Anything else is refused by name.
class Tokenizer {
 public:
  /// Longest text that encode() takes.
  static constexpr size_t max_text_bytes = 4 << 20;
  /// Largest tokenizer.json.
  static constexpr size_t max_file_bytes = 64 << 20;

  /// Errors: not_found, io_error, corrupt_data or unimplemented, naming the file and the JSON path.
  static Result<Tokenizer> from_file(const std::filesystem::path& path);
  /// `file` stands for the path in errors.
  static Result<Tokenizer> from_json(std::string_view text, const std::string& file);

  /// Added tokens such as "<eos>" are recognised anywhere in `text`. `add_special_tokens` frames the result as the
  /// post-processor says (usually <bos> in front). Errors: invalid_argument (not UTF-8, or a character that the
  /// vocabulary lacks), too_large.
  Result<std::vector<int32_t>> encode(std::string_view text, bool add_special_tokens) const;

  /// Valid UTF-8: bytes that are no character become U+FFFD. Errors: invalid_argument for an id that no token has.
  Result<std::string> decode(std::span<const int32_t> ids, bool skip_special_tokens) const;

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

  Result<std::string_view> bytes_of(int32_t id) const;

  std::shared_ptr<const TokenizerData> data_;
};

}  // namespace troupe::gpu
