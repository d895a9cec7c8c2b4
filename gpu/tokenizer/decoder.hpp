#pragma once
// TokenDecoder: turns tokens back into text, as the "decoder" of a tokenizer.json says.
//
// Each step takes tokens one after the other and hands tokens on. So that text can be given out while tokens come, a
// step may hand on a token in parts, and keeps no more than it needs: what ends a token, or the token that its answer
// depends on. Decoding at once is the same steps, so both give the same text.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gpu/tokenizer/regex.hpp"

namespace troupe::gpu {

/// Something that takes tokens in parts. Parts are whole characters.
class TokenSink {
 public:
  virtual ~TokenSink() = default;
  virtual void take(std::string_view part, bool ends_token) = 0;
};

/// One step, with the state of one text. One user at a time.
class DecoderStep : public TokenSink {
 public:
  /// A step of the same kind that has seen nothing.
  virtual std::unique_ptr<DecoderStep> fresh() const = 0;
  /// No more tokens come: hands on what was kept.
  virtual void finish() {}
  /// Of a token that stands for bytes, whole characters or not; none of another.
  virtual std::optional<std::string> bytes_of(std::string_view /*token*/) const { return {}; }

  void lead_to(TokenSink& next) noexcept { next_ = &next; }

 protected:
  TokenSink& next() const noexcept { return *next_; }

 private:
  TokenSink* next_ = nullptr;
};

/// The decoding of one text. One user at a time; movable.
class Decoding {
 public:
  explicit Decoding(std::vector<std::unique_ptr<DecoderStep>> steps);

  void push(std::string_view token);
  void finish();
  /// The text that became ready since the last call; valid UTF-8.
  std::string take_text();

 private:
  struct Text final : TokenSink {
    std::string ready;
    void take(std::string_view part, bool) override { ready += part; }
  };

  std::vector<std::unique_ptr<DecoderStep>> steps_;
  std::unique_ptr<Text> text_;
};

/// Steps in order; a Sequence in the file is written out. Immutable; thread-safe.
class TokenDecoder {
 public:
  static constexpr size_t max_steps = 32;

  void add(std::unique_ptr<DecoderStep> step) { steps_.push_back(std::move(step)); }
  size_t size() const noexcept { return steps_.size(); }

  Decoding start() const;

  /// Of a token that stands for bytes, whole characters or not; none of another.
  std::optional<std::string> bytes_of(std::string_view token) const;

 private:
  std::vector<std::unique_ptr<DecoderStep>> steps_;
};

/// Where a file has no decoder: tokens side by side with spaces.
std::unique_ptr<DecoderStep> spaces_decoder();
/// One token of the bytes that all tokens spell (byte_level.hpp); what is no character becomes U+FFFD.
std::unique_ptr<DecoderStep> byte_level_decoder();
/// Neighbouring byte tokens (byte_tokens.hpp) become their text, or a U+FFFD each where they are none together.
std::unique_ptr<DecoderStep> byte_fallback_decoder();
/// All tokens become one.
std::unique_ptr<DecoderStep> fuse_decoder();
/// Up to `start` and `stop` times `content`, one character, off the ends of each token.
std::unique_ptr<DecoderStep> strip_decoder(std::string content, size_t start, size_t stop);
/// Requires a pattern that is not empty.
std::unique_ptr<DecoderStep> replace_text_decoder(std::string pattern, std::string content);
/// A token on which the pattern needs too much work stays as it is.
std::unique_ptr<DecoderStep> replace_decoder(Regex pattern, std::string content);
/// `replacement` becomes a space; in the first token nothing, if `drops_first`.
std::unique_ptr<DecoderStep> metaspace_decoder(std::string replacement, bool drops_first);
/// A space before tokens that do not begin with `prefix`. `cleanup`: no spaces before punctuation and in "do n't".
std::unique_ptr<DecoderStep> word_piece_decoder(std::string prefix, bool cleanup);
/// `suffix`, not empty, becomes a space; in the last token nothing.
std::unique_ptr<DecoderStep> bpe_decoder(std::string suffix);
/// Of equal neighbours one stays; `pad` is dropped. `cleanup`: as above, and `delimiter` becomes a space.
std::unique_ptr<DecoderStep> ctc_decoder(std::string pad, std::string delimiter, bool cleanup);

}  // namespace troupe::gpu
