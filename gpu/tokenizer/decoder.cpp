#include "gpu/tokenizer/decoder.hpp"

#include <array>
#include <optional>
#include <utility>

#include "gpu/tokenizer/byte_level.hpp"
#include "gpu/tokenizer/byte_tokens.hpp"
#include "gpu/tokenizer/utf8.hpp"

namespace troupe::gpu {
namespace {

constexpr std::string_view replacement_character = "\ufffd";

/// No token is made longer than this by replacing.
constexpr size_t max_token_bytes = 16 << 20;

std::string replace_all(std::string_view text, std::string_view pattern, std::string_view content) {
  std::string out;
  size_t done = 0;
  for (size_t at = text.find(pattern); at != std::string_view::npos && out.size() < max_token_bytes;
       at = text.find(pattern, done)) {
    out += text.substr(done, at - done);
    out += content;
    done = at + pattern.size();
  }
  return out += text.substr(done);
}

std::string clean_up(std::string text) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 11> artefacts = {{
      {" .", "."},
      {" ?", "?"},
      {" !", "!"},
      {" ,", ","},
      {" ' ", "'"},
      {" n't", "n't"},
      {" 'm", "'m"},
      {" do not", " don't"},
      {" 's", "'s"},
      {" 've", "'ve"},
      {" 're", "'re"},
  }};
  for (const auto& [from, to] : artefacts) {
    if (text.find(from) != std::string::npos) text = replace_all(text, from, to);
  }
  return text;
}

/// A step that needs each token as a whole.
class WholeTokenStep : public DecoderStep {
 public:
  void take(std::string_view part, bool ends_token) final {
    if (ends_token && kept_.empty()) return take_token(part);
    kept_ += part;
    if (ends_token) take_token(std::exchange(kept_, {}));
  }

 protected:
  virtual void take_token(std::string_view token) = 0;

 private:
  std::string kept_;
};

class Spaces final : public DecoderStep {
 public:
  std::unique_ptr<DecoderStep> fresh() const override { return std::make_unique<Spaces>(); }
  void take(std::string_view part, bool ends_token) override {
    if (after_token_) next().take(" ", false);
    next().take(part, ends_token);
    after_token_ = ends_token;
  }

 private:
  bool after_token_ = false;
};

class ByteLevel final : public WholeTokenStep {
 public:
  std::unique_ptr<DecoderStep> fresh() const override { return std::make_unique<ByteLevel>(); }
  std::optional<std::string> bytes_of(std::string_view token) const override {
    std::string bytes;
    append_byte_level_bytes(token, bytes);
    return bytes;
  }
  void finish() override { put(true); }

 protected:
  void take_token(std::string_view token) override {
    append_byte_level_bytes(token, bytes_);
    put(false);
  }

 private:
  void put(bool at_end) {
    std::string text;
    bytes_.erase(0, append_lossy(bytes_, at_end, text));
    next().take(text, at_end);
  }

  std::string bytes_;  ///< At most three between calls.
};

class ByteFallback final : public WholeTokenStep {
 public:
  std::unique_ptr<DecoderStep> fresh() const override { return std::make_unique<ByteFallback>(); }
  std::optional<std::string> bytes_of(std::string_view token) const override {
    const auto byte = byte_of_token(token);
    return byte ? std::optional(std::string(1, static_cast<char>(*byte))) : std::nullopt;
  }
  void finish() override { put_bytes(); }

 protected:
  void take_token(std::string_view token) override {
    if (const auto byte = byte_of_token(token)) {
      bytes_ += *byte;
      return;
    }
    put_bytes();
    next().take(token, true);
  }

 private:
  void put_bytes() {
    if (bytes_.empty()) return;
    if (!find_invalid_utf8(bytes_)) {
      next().take(bytes_, true);
    } else {
      for (size_t i = 0; i < bytes_.size(); ++i) next().take(replacement_character, true);
    }
    bytes_.clear();
  }

  std::string bytes_;  ///< Of the byte tokens since the last other one: whether they are text shows at their end.
};

class Fuse final : public DecoderStep {
 public:
  std::unique_ptr<DecoderStep> fresh() const override { return std::make_unique<Fuse>(); }
  void take(std::string_view part, bool) override { next().take(part, false); }
  void finish() override { next().take({}, true); }
};

class Strip final : public DecoderStep {
 public:
  Strip(std::string content, size_t start, size_t stop) : content_(std::move(content)), start_(start), stop_(stop) {}
  std::unique_ptr<DecoderStep> fresh() const override { return std::make_unique<Strip>(content_, start_, stop_); }

  void take(std::string_view part, bool ends_token) override {
    while (at_front_ && cut_ < start_ && part.starts_with(content_)) {
      part.remove_prefix(content_.size());
      ++cut_;
    }
    if (!part.empty()) at_front_ = false;
    put(part, ends_token);
    if (ends_token) {
      at_front_ = true;
      cut_ = 0;
      kept_ = 0;
    }
  }

 private:
  /// Keeps up to `stop_` times the content at the end back, as it may be the token's end.
  void put(std::string_view part, bool ends_token) {
    std::string_view rest = part;
    size_t trailing = 0;
    while (trailing < stop_ && rest.ends_with(content_)) {
      rest.remove_suffix(content_.size());
      ++trailing;
    }
    // Text ends a run; a run that goes on pushes out what is too much.
    const size_t leaving = rest.empty() ? std::max(kept_ + trailing, stop_) - stop_ : kept_;
    for (size_t i = 0; i < leaving; ++i) next().take(content_, false);
    kept_ = rest.empty() ? kept_ + trailing - leaving : trailing;
    next().take(rest, ends_token);
  }

  std::string content_;
  size_t start_;
  size_t stop_;
  bool at_front_ = true;  ///< Of the token, but for what was cut.
  size_t cut_ = 0;
  size_t kept_ = 0;  ///< Times the content, not handed on yet.
};

class ReplaceText final : public DecoderStep {
 public:
  ReplaceText(std::string pattern, std::string content) : pattern_(std::move(pattern)), content_(std::move(content)) {}
  std::unique_ptr<DecoderStep> fresh() const override { return std::make_unique<ReplaceText>(pattern_, content_); }

  void take(std::string_view part, bool ends_token) override {
    if (ends_token && kept_.empty()) {
      if (part.find(pattern_) == std::string_view::npos) return next().take(part, true);
      return next().take(replace_all(part, pattern_, content_), true);
    }
    kept_ += part;
    const size_t end = kept_.size() - (ends_token ? 0 : begun_pattern(last_match_end()));
    const std::string ready = replace_all(std::string_view(kept_).substr(0, end), pattern_, content_);
    kept_.erase(0, end);
    next().take(ready, ends_token);
  }

 private:
  /// Where the last match ends, of those found from the left.
  size_t last_match_end() const {
    size_t end = 0;
    for (size_t at = kept_.find(pattern_); at != std::string::npos; at = kept_.find(pattern_, end)) {
      end = at + pattern_.size();
    }
    return end;
  }

  /// How many bytes at the end of what is kept, after `from`, may begin the pattern.
  size_t begun_pattern(size_t from) const {
    const std::string_view rest = std::string_view(kept_).substr(from);
    for (size_t length = std::min(rest.size(), pattern_.size() - 1); length > 0; --length) {
      if (rest.ends_with(std::string_view(pattern_).substr(0, length))) return length;
    }
    return 0;
  }

  std::string pattern_;
  std::string content_;
  std::string kept_;  ///< Shorter than the pattern between calls.
};

class Replace final : public WholeTokenStep {
 public:
  Replace(Regex pattern, std::string content) : pattern_(std::move(pattern)), content_(std::move(content)) {}
  std::unique_ptr<DecoderStep> fresh() const override { return std::make_unique<Replace>(pattern_, content_); }

 protected:
  void take_token(std::string_view token) override {
    std::vector<TextRange> matches;
    if (token.empty() || !matcher_.find_all(token, matches)) return next().take(token, true);
    std::string out;
    size_t done = 0;
    for (const TextRange& match : matches) {
      if (out.size() >= max_token_bytes) break;
      out += token.substr(done, match.begin - done);
      out += content_;
      done = match.end;
    }
    out += token.substr(done);
    next().take(out, true);
  }

 private:
  Regex pattern_;
  std::string content_;
  Regex::Matcher matcher_{pattern_};
};

class Metaspace final : public DecoderStep {
 public:
  Metaspace(std::string replacement, bool drops_first)
      : replacement_(std::move(replacement)), drops_first_(drops_first) {}
  std::unique_ptr<DecoderStep> fresh() const override {
    return std::make_unique<Metaspace>(replacement_, drops_first_);
  }

  void take(std::string_view part, bool ends_token) override {
    next().take(replace_all(part, replacement_, is_first_ && drops_first_ ? "" : " "), ends_token);
    if (ends_token) is_first_ = false;
  }

 private:
  std::string replacement_;
  bool drops_first_;
  bool is_first_ = true;
};

class WordPiece final : public WholeTokenStep {
 public:
  WordPiece(std::string prefix, bool cleanup) : prefix_(std::move(prefix)), cleanup_(cleanup) {}
  std::unique_ptr<DecoderStep> fresh() const override { return std::make_unique<WordPiece>(prefix_, cleanup_); }

 protected:
  void take_token(std::string_view token) override {
    std::string text;
    if (!is_first_ && token.starts_with(prefix_)) {
      token.remove_prefix(prefix_.size());
    } else if (!is_first_) {
      text += ' ';
    }
    is_first_ = false;
    text += token;
    next().take(cleanup_ ? clean_up(std::move(text)) : text, true);
  }

 private:
  std::string prefix_;
  bool cleanup_;
  bool is_first_ = true;
};

class Bpe final : public WholeTokenStep {
 public:
  explicit Bpe(std::string suffix) : suffix_(std::move(suffix)) {}
  std::unique_ptr<DecoderStep> fresh() const override { return std::make_unique<Bpe>(suffix_); }
  void finish() override {
    if (kept_) next().take(replace_all(*kept_, suffix_, ""), true);
  }

 protected:
  void take_token(std::string_view token) override {
    if (kept_) next().take(replace_all(*kept_, suffix_, " "), true);
    kept_ = std::string(token);
  }

 private:
  std::string suffix_;
  std::optional<std::string> kept_;  ///< The last token: whether another one follows shows later.
};

class Ctc final : public WholeTokenStep {
 public:
  Ctc(std::string pad, std::string delimiter, bool cleanup)
      : pad_(std::move(pad)), delimiter_(std::move(delimiter)), cleanup_(cleanup) {}
  std::unique_ptr<DecoderStep> fresh() const override { return std::make_unique<Ctc>(pad_, delimiter_, cleanup_); }

 protected:
  void take_token(std::string_view token) override {
    if (previous_ == token) return;
    previous_ = std::string(token);
    std::string text = replace_all(token, pad_, "");
    if (cleanup_) text = replace_all(clean_up(std::move(text)), delimiter_, " ");
    if (!text.empty()) next().take(text, true);
  }

 private:
  std::string pad_;
  std::string delimiter_;
  bool cleanup_;
  std::optional<std::string> previous_;
};

}  // namespace

Decoding::Decoding(std::vector<std::unique_ptr<DecoderStep>> steps)
    : steps_(std::move(steps)), text_(std::make_unique<Text>()) {
  for (size_t i = 0; i + 1 < steps_.size(); ++i) steps_[i]->lead_to(*steps_[i + 1]);
  if (!steps_.empty()) steps_.back()->lead_to(*text_);
}

void Decoding::push(std::string_view token) {
  TokenSink& first = steps_.empty() ? static_cast<TokenSink&>(*text_) : *steps_.front();
  first.take(token, true);
}

void Decoding::finish() {
  for (const auto& step : steps_) step->finish();
}

std::string Decoding::take_text() {
  return std::exchange(text_->ready, {});
}

std::optional<std::string> TokenDecoder::bytes_of(std::string_view token) const {
  for (const auto& step : steps_) {
    if (auto bytes = step->bytes_of(token)) return bytes;
  }
  return {};
}

Decoding TokenDecoder::start() const {
  std::vector<std::unique_ptr<DecoderStep>> steps;
  steps.reserve(steps_.size());
  for (const auto& step : steps_) steps.push_back(step->fresh());
  return Decoding(std::move(steps));
}

std::unique_ptr<DecoderStep> spaces_decoder() {
  return std::make_unique<Spaces>();
}
std::unique_ptr<DecoderStep> byte_level_decoder() {
  return std::make_unique<ByteLevel>();
}
std::unique_ptr<DecoderStep> byte_fallback_decoder() {
  return std::make_unique<ByteFallback>();
}
std::unique_ptr<DecoderStep> fuse_decoder() {
  return std::make_unique<Fuse>();
}
std::unique_ptr<DecoderStep> strip_decoder(std::string content, size_t start, size_t stop) {
  return std::make_unique<Strip>(std::move(content), start, stop);
}
std::unique_ptr<DecoderStep> replace_text_decoder(std::string pattern, std::string content) {
  return std::make_unique<ReplaceText>(std::move(pattern), std::move(content));
}
std::unique_ptr<DecoderStep> replace_decoder(Regex pattern, std::string content) {
  return std::make_unique<Replace>(std::move(pattern), std::move(content));
}
std::unique_ptr<DecoderStep> metaspace_decoder(std::string replacement, bool drops_first) {
  return std::make_unique<Metaspace>(std::move(replacement), drops_first);
}
std::unique_ptr<DecoderStep> word_piece_decoder(std::string prefix, bool cleanup) {
  return std::make_unique<WordPiece>(std::move(prefix), cleanup);
}
std::unique_ptr<DecoderStep> bpe_decoder(std::string suffix) {
  return std::make_unique<Bpe>(std::move(suffix));
}
std::unique_ptr<DecoderStep> ctc_decoder(std::string pad, std::string delimiter, bool cleanup) {
  return std::make_unique<Ctc>(std::move(pad), std::move(delimiter), cleanup);
}

}  // namespace troupe::gpu
