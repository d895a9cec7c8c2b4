#include "gpu/tokenizer/normalizer.hpp"

#include "gpu/tokenizer/byte_level.hpp"
#include "gpu/tokenizer/utf8.hpp"

namespace troupe::gpu {
namespace {

tl::unexpected<Error> too_long() {
  return fail(Errc::too_large, "the text grows to more than {} bytes when it is normalized", Normalizer::max_bytes);
}

/// Calls `on_character(character, its bytes)` for each.
template <class OnCharacter>
void for_each_character(std::string_view text, OnCharacter&& on_character) {
  for (size_t at = 0; at < text.size();) {
    const CodePoint next = first_code_point(text.substr(at));
    on_character(next.value, text.substr(at, next.length));
    at += next.length;
  }
}

/// Drops the characters for which `is_dropped`, and puts a space for those for which `is_space`.
template <class IsDropped, class IsSpace>
void filter(NormalizedText& text, IsDropped&& is_dropped, IsSpace&& is_space) {
  std::string kept;
  kept.reserve(text.text.size());
  size_t position = 0;
  for_each_character(text.text, [&](uint32_t c, std::string_view bytes) {
    if (is_dropped(c)) {
      if (kept.empty() && position == 0) text.at_start = false;
      return;
    }
    ++position;
    if (is_space(c)) {
      kept += ' ';
    } else {
      kept += bytes;
    }
  });
  text.text = std::move(kept);
}

constexpr auto no_character = [](uint32_t) { return false; };

void lowercase(std::string& text) {
  std::string lower;
  lower.reserve(text.size());
  for (size_t at = 0; at < text.size();) {
    const auto byte = static_cast<unsigned char>(text[at]);
    if (byte < 0x80) {
      lower += static_cast<char>(byte >= 'A' && byte <= 'Z' ? byte + ('a' - 'A') : byte);
      ++at;
      continue;
    }
    const CodePoint next = first_code_point(std::string_view(text).substr(at));
    unicode::append_lower(next.value, lower);
    at += next.length;
  }
  text = std::move(lower);
}

class Bert final : public NormalizerStep {
 public:
  explicit Bert(BertOptions options) : options_(options) {}

  Status apply(NormalizedText& text) const override {
    const bool plain = ascii_prefix(text.text) == text.text.size();
    if (options_.clean_text) clean(text);
    if (options_.handle_chinese_chars && !plain) surround_ideographs(text.text);
    if (options_.strip_accents && !plain) {
      text.text = unicode::normalize(text.text, unicode::NormalForm::nfd);
      filter(text, unicode::is_nonspacing_mark, no_character);
    }
    if (options_.lowercase) lowercase(text.text);
    return {};
  }

 private:
  static void clean(NormalizedText& text) {
    const auto is_blank = [](uint32_t c) { return c == '\t' || c == '\n' || c == '\r'; };
    filter(
        text, [&](uint32_t c) { return c == 0xFFFD || (unicode::is_control(c) && !is_blank(c)); },
        unicode::is_white_space);
  }

  static void surround_ideographs(std::string& text) {
    std::string out;
    out.reserve(text.size());
    for_each_character(text, [&](uint32_t c, std::string_view bytes) {
      const bool ideograph = unicode::is_cjk_ideograph(c);
      if (ideograph) out += ' ';
      out += bytes;
      if (ideograph) out += ' ';
    });
    text = std::move(out);
  }

  BertOptions options_;
};

class Form final : public NormalizerStep {
 public:
  explicit Form(unicode::NormalForm form) : form_(form) {}
  Status apply(NormalizedText& text) const override {
    if (ascii_prefix(text.text) < text.text.size()) text.text = unicode::normalize(text.text, form_);
    return {};
  }

 private:
  unicode::NormalForm form_;
};

class Lowercase final : public NormalizerStep {
 public:
  Status apply(NormalizedText& text) const override {
    lowercase(text.text);
    return {};
  }
};

class Strip final : public NormalizerStep {
 public:
  Strip(bool left, bool right) : left_(left), right_(right) {}

  Status apply(NormalizedText& text) const override {
    std::string_view rest = text.text;
    while (left_ && !rest.empty()) {
      const CodePoint first = first_code_point(rest);
      if (!unicode::is_white_space(first.value)) break;
      rest.remove_prefix(first.length);
      text.at_start = false;
    }
    while (right_ && !rest.empty()) {
      const size_t last = last_character(rest);
      if (!unicode::is_white_space(first_code_point(rest.substr(last)).value)) break;
      rest = rest.substr(0, last);
    }
    text.text = std::string(rest);
    return {};
  }

 private:
  bool left_;
  bool right_;
};

class StripAccents final : public NormalizerStep {
 public:
  Status apply(NormalizedText& text) const override {
    filter(text, unicode::is_mark, no_character);
    return {};
  }
};

/// Puts texts for ranges of another one.
class Replacement {
 public:
  Replacement(NormalizedText& text, std::string_view content) : text_(text), content_(content) {}

  Status replace(TextRange range) {
    if (out_.size() + range.begin - done_ + content_.size() > Normalizer::max_bytes) return too_long();
    // What is put there stands for the last character that it replaces.
    const bool one_at_most =
        range.begin == range.end || last_character(std::string_view(text_.text).substr(0, range.end)) == range.begin;
    if (range.begin == 0 && range.end > 0 && (content_.empty() || !one_at_most)) text_.at_start = false;
    out_.append(text_.text, done_, range.begin - done_);
    out_ += content_;
    done_ = range.end;
    return {};
  }

  Status finish() {
    if (out_.size() + text_.text.size() - done_ > Normalizer::max_bytes) return too_long();
    out_.append(text_.text, done_);
    text_.text = std::move(out_);
    return {};
  }

 private:
  NormalizedText& text_;
  std::string_view content_;
  std::string out_;
  size_t done_ = 0;
};

class Replace final : public NormalizerStep {
 public:
  Replace(Regex pattern, std::string content) : pattern_(std::move(pattern)), content_(std::move(content)) {}

  Status apply(NormalizedText& text) const override {
    // As in the reference library, nothing is found in no text, not even an empty match.
    if (text.text.empty()) return {};
    std::vector<TextRange> matches;
    TROUPE_CHECK(Regex::Matcher(pattern_).find_all(text.text, matches));
    Replacement replacement(text, content_);
    for (const TextRange& match : matches) TROUPE_CHECK(replacement.replace(match));
    return replacement.finish();
  }

 private:
  Regex pattern_;
  std::string content_;
};

class ReplaceText final : public NormalizerStep {
 public:
  ReplaceText(std::string pattern, std::string content) : pattern_(std::move(pattern)), content_(std::move(content)) {}

  Status apply(NormalizedText& text) const override {
    size_t at = text.text.find(pattern_);
    if (at == std::string::npos) return {};
    Replacement replacement(text, content_);
    for (; at != std::string::npos; at = text.text.find(pattern_, at + pattern_.size())) {
      TROUPE_CHECK(replacement.replace({at, at + pattern_.size()}));
    }
    return replacement.finish();
  }

 private:
  std::string pattern_;
  std::string content_;
};

class Prepend final : public NormalizerStep {
 public:
  explicit Prepend(std::string prefix) : prefix_(std::move(prefix)) {}
  Status apply(NormalizedText& text) const override {
    if (text.text.empty()) return {};
    if (prefix_.size() + text.text.size() > Normalizer::max_bytes) return too_long();
    text.text.insert(0, prefix_);
    return {};
  }

 private:
  std::string prefix_;
};

class Nmt final : public NormalizerStep {
 public:
  Status apply(NormalizedText& text) const override {
    filter(text, is_dropped, is_space);
    return {};
  }

 private:
  static bool is_dropped(uint32_t c) {
    return (c >= 0x01 && c <= 0x08) || c == 0x0B || (c >= 0x0E && c <= 0x1F) || c == 0x7F || c == 0x8F || c == 0x9F;
  }
  static bool is_space(uint32_t c) {
    return c == 0x09 || c == 0x0A || c == 0x0C || c == 0x0D || c == 0x1680 || (c >= 0x200B && c <= 0x200F) ||
           c == 0x2028 || c == 0x2029 || c == 0x2581 || c == 0xFEFF || c == 0xFFFD;
  }
};

class Precompiled final : public NormalizerStep {
 public:
  explicit Precompiled(Charsmap map) : map_(std::move(map)) {}

  Status apply(NormalizedText& text) const override {
    std::string out;
    out.reserve(text.text.size());
    for (std::string_view rest = text.text; !rest.empty();) {
      const size_t length = unicode::first_grapheme(rest);
      if (!put_grapheme(rest.substr(0, length), out)) return too_long();
      rest.remove_prefix(length);
    }
    text.text = std::move(out);
    return {};
  }

 private:
  /// A short cluster is looked up as a whole, and otherwise each of its characters by itself, as in SentencePiece's
  /// port.
  bool put_grapheme(std::string_view grapheme, std::string& out) const {
    constexpr size_t longest_cluster = 5;
    if (grapheme.size() <= longest_cluster) {
      if (const auto replaced = map_.find(grapheme)) {
        out += *replaced;
        return out.size() <= Normalizer::max_bytes;
      }
    }
    bool fits = true;
    for_each_character(grapheme, [&](uint32_t, std::string_view bytes) {
      if (!fits) return;
      out += map_.find(bytes).value_or(bytes);
      fits = out.size() <= Normalizer::max_bytes;
    });
    return fits;
  }

  Charsmap map_;
};

class ByteLevel final : public NormalizerStep {
 public:
  Status apply(NormalizedText& text) const override {
    if (text.text.size() > Normalizer::max_bytes / 2) return too_long();
    std::string out;
    append_byte_level(text.text, out);
    text.text = std::move(out);
    return {};
  }
};

}  // namespace

Status Normalizer::apply(NormalizedText& text) const {
  for (const auto& step : steps_) {
    TROUPE_CHECK(step->apply(text));
    if (text.text.size() > max_bytes) return too_long();
  }
  return {};
}

std::unique_ptr<NormalizerStep> bert_normalizer(BertOptions options) {
  return std::make_unique<Bert>(options);
}
std::unique_ptr<NormalizerStep> form_normalizer(unicode::NormalForm form) {
  return std::make_unique<Form>(form);
}
std::unique_ptr<NormalizerStep> lowercase_normalizer() {
  return std::make_unique<Lowercase>();
}
std::unique_ptr<NormalizerStep> strip_normalizer(bool left, bool right) {
  return std::make_unique<Strip>(left, right);
}
std::unique_ptr<NormalizerStep> strip_accents_normalizer() {
  return std::make_unique<StripAccents>();
}
std::unique_ptr<NormalizerStep> replace_normalizer(Regex pattern, std::string content) {
  return std::make_unique<Replace>(std::move(pattern), std::move(content));
}
std::unique_ptr<NormalizerStep> replace_text_normalizer(std::string pattern, std::string content) {
  return std::make_unique<ReplaceText>(std::move(pattern), std::move(content));
}
std::unique_ptr<NormalizerStep> prepend_normalizer(std::string prefix) {
  return std::make_unique<Prepend>(std::move(prefix));
}
std::unique_ptr<NormalizerStep> nmt_normalizer() {
  return std::make_unique<Nmt>();
}
std::unique_ptr<NormalizerStep> charsmap_normalizer(Charsmap map) {
  return std::make_unique<Precompiled>(std::move(map));
}
std::unique_ptr<NormalizerStep> byte_level_normalizer() {
  return std::make_unique<ByteLevel>();
}

}  // namespace troupe::gpu
