#include "gpu/tokenizer/pre_tokenizer.hpp"

#include <utility>

#include "gpu/tokenizer/byte_level.hpp"
#include "gpu/tokenizer/script_runs.hpp"
#include "gpu/tokenizer/unicode.hpp"
#include "gpu/tokenizer/utf8.hpp"

namespace troupe::gpu {
namespace {

/// Cuts every piece of text; `find_ranges(text, ranges)` appends the ranges that remain, in order, some maybe empty.
template <class FindRanges>
Status cut(Pieces& pieces, FindRanges&& find_ranges) {
  std::vector<Piece> list;
  list.reserve(pieces.list.size());
  std::vector<TextRange> ranges;
  for (const Piece& piece : pieces.list) {
    if (piece.token >= 0) {
      list.push_back(piece);
      continue;
    }
    ranges.clear();
    TROUPE_CHECK(find_ranges(pieces.text_of(piece), ranges));
    for (const TextRange& range : ranges) {
      if (range.begin == range.end) continue;
      list.push_back({piece.begin + static_cast<uint32_t>(range.begin), piece.begin + static_cast<uint32_t>(range.end),
                      -1, piece.at_start && range.begin == 0});
    }
  }
  pieces.list = std::move(list);
  return {};
}

/// Rewrites every piece of text; `append_rewritten(text, at_start, out)` appends what stands for it.
template <class AppendRewritten>
void rewrite(Pieces& pieces, AppendRewritten&& append_rewritten) {
  const std::string text = std::exchange(pieces.text, {});
  pieces.text.reserve(text.size() + text.size() / 4);
  for (Piece& piece : pieces.list) {
    const auto begin = static_cast<uint32_t>(pieces.text.size());
    if (piece.token < 0) {
      append_rewritten(std::string_view(text).substr(piece.begin, piece.end - piece.begin), piece.at_start,
                       pieces.text);
    }
    piece.begin = begin;
    piece.end = static_cast<uint32_t>(pieces.text.size());
  }
}

/// Cuts at single characters of a kind.
template <class IsCutting>
class CharacterSplit final : public PreTokenizerStep {
 public:
  CharacterSplit(IsCutting is_cutting, SplitBehavior behavior) : is_cutting_(is_cutting), behavior_(behavior) {}

  Status apply(Pieces& pieces) const override {
    std::vector<TextRange> matches;
    return cut(pieces, [&](std::string_view text, std::vector<TextRange>& ranges) -> Status {
      matches.clear();
      for (size_t at = 0; at < text.size();) {
        const CodePoint next = first_code_point(text.substr(at));
        if (is_cutting_(next.value)) matches.push_back({at, at + next.length});
        at += next.length;
      }
      split_at(text.size(), matches, false, behavior_, ranges);
      return {};
    });
  }

 private:
  IsCutting is_cutting_;
  SplitBehavior behavior_;
};

template <class IsCutting>
std::unique_ptr<PreTokenizerStep> character_split(IsCutting is_cutting, SplitBehavior behavior) {
  return std::make_unique<CharacterSplit<IsCutting>>(is_cutting, behavior);
}

class Split final : public PreTokenizerStep {
 public:
  Split(Regex pattern, SplitBehavior behavior, bool invert)
      : pattern_(std::move(pattern)), behavior_(behavior), invert_(invert) {}

  Status apply(Pieces& pieces) const override {
    Regex::Matcher matcher(pattern_);
    std::vector<TextRange> matches;
    return cut(pieces, [&](std::string_view text, std::vector<TextRange>& ranges) -> Status {
      matches.clear();
      TROUPE_CHECK(matcher.find_all(text, matches));
      split_at(text.size(), matches, invert_, behavior_, ranges);
      return {};
    });
  }

 private:
  Regex pattern_;
  SplitBehavior behavior_;
  bool invert_;
};

class ByteLevel final : public PreTokenizerStep {
 public:
  ByteLevel(bool add_prefix_space, std::unique_ptr<PreTokenizerStep> words)
      : add_prefix_space_(add_prefix_space), words_(std::move(words)) {}

  Status apply(Pieces& pieces) const override {
    if (add_prefix_space_) {
      rewrite(pieces, [](std::string_view text, bool, std::string& out) {
        if (!text.starts_with(' ')) out += ' ';
        out += text;
      });
    }
    if (words_ != nullptr) TROUPE_CHECK(words_->apply(pieces));
    rewrite(pieces, [](std::string_view text, bool, std::string& out) { append_byte_level(text, out); });
    return {};
  }

 private:
  bool add_prefix_space_;
  std::unique_ptr<PreTokenizerStep> words_;
};

class Bert final : public PreTokenizerStep {
 public:
  Status apply(Pieces& pieces) const override {
    return cut(pieces, [](std::string_view text, std::vector<TextRange>& ranges) -> Status {
      size_t begin = 0;
      for (size_t at = 0; at < text.size();) {
        const CodePoint next = first_code_point(text.substr(at));
        const size_t end = at + next.length;
        const bool punctuation = unicode::is_punctuation(next.value);
        if (punctuation || unicode::is_white_space(next.value)) {
          ranges.push_back({begin, at});
          if (punctuation) ranges.push_back({at, end});
          begin = end;
        }
        at = end;
      }
      ranges.push_back({begin, text.size()});
      return {};
    });
  }
};

class Whitespace final : public PreTokenizerStep {
 public:
  Status apply(Pieces& pieces) const override {
    return cut(pieces, [](std::string_view text, std::vector<TextRange>& ranges) -> Status {
      size_t begin = 0;
      Kind kind = Kind::space;
      for (size_t at = 0; at < text.size();) {
        const CodePoint next = first_code_point(text.substr(at));
        const Kind found = kind_of(next.value);
        if (found != kind) {
          if (kind != Kind::space) ranges.push_back({begin, at});
          begin = at;
          kind = found;
        }
        at += next.length;
      }
      if (kind != Kind::space) ranges.push_back({begin, text.size()});
      return {};
    });
  }

 private:
  enum class Kind : uint8_t { space, word, other };

  static Kind kind_of(uint32_t character) {
    if (unicode::is_word(character)) return Kind::word;
    return unicode::is_white_space(character) ? Kind::space : Kind::other;
  }
};

class Metaspace final : public PreTokenizerStep {
 public:
  Metaspace(std::string replacement, PrependScheme scheme, bool split)
      : replacement_(std::move(replacement)), scheme_(scheme), split_(split) {}

  Status apply(Pieces& pieces) const override {
    rewrite(pieces,
            [&](std::string_view text, bool at_start, std::string& out) { append_marked(text, at_start, out); });
    if (!split_) return {};
    return cut(pieces, [&](std::string_view text, std::vector<TextRange>& ranges) -> Status {
      size_t begin = 0;
      for (size_t at = text.find(replacement_); at != std::string_view::npos;
           at = text.find(replacement_, at + replacement_.size())) {
        ranges.push_back({begin, at});
        begin = at;
      }
      ranges.push_back({begin, text.size()});
      return {};
    });
  }

 private:
  void append_marked(std::string_view text, bool at_start, std::string& out) const {
    const bool prepends = scheme_ == PrependScheme::always || (scheme_ == PrependScheme::first && at_start);
    if (prepends && !text.starts_with(replacement_) && !text.starts_with(' ')) out += replacement_;
    for (size_t at = 0; at < text.size();) {
      const size_t space = std::min(text.find(' ', at), text.size());
      out += text.substr(at, space - at);
      if (space < text.size()) out += replacement_;
      at = space + 1;
    }
  }

  std::string replacement_;
  PrependScheme scheme_;
  bool split_;
};

}  // namespace

Status PreTokenizer::apply(Pieces& pieces) const {
  for (const auto& step : steps_) {
    TROUPE_CHECK(step->apply(pieces));
    if (pieces.text.size() > max_bytes) {
      return fail(Errc::too_large, "the text grows to more than {} bytes when it is cut", max_bytes);
    }
  }
  return {};
}

Result<std::unique_ptr<PreTokenizerStep>> byte_level_pre_tokenizer(bool add_prefix_space, bool use_regex) {
  std::unique_ptr<PreTokenizerStep> words;
  if (use_regex) {
    TROUPE_TRY(Regex pattern,
               Regex::compile(R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)"));
    words = split_pre_tokenizer(std::move(pattern), SplitBehavior::isolated, false);
  }
  return std::make_unique<ByteLevel>(add_prefix_space, std::move(words));
}

std::unique_ptr<PreTokenizerStep> split_pre_tokenizer(Regex pattern, SplitBehavior behavior, bool invert) {
  return std::make_unique<Split>(std::move(pattern), behavior, invert);
}
std::unique_ptr<PreTokenizerStep> bert_pre_tokenizer() {
  return std::make_unique<Bert>();
}
std::unique_ptr<PreTokenizerStep> whitespace_pre_tokenizer() {
  return std::make_unique<Whitespace>();
}
std::unique_ptr<PreTokenizerStep> whitespace_split_pre_tokenizer() {
  return character_split(unicode::is_white_space, SplitBehavior::removed);
}
std::unique_ptr<PreTokenizerStep> punctuation_pre_tokenizer(SplitBehavior behavior) {
  return character_split(unicode::is_punctuation, behavior);
}
std::unique_ptr<PreTokenizerStep> digits_pre_tokenizer(bool individual) {
  return character_split(unicode::is_number, individual ? SplitBehavior::isolated : SplitBehavior::contiguous);
}
std::unique_ptr<PreTokenizerStep> metaspace_pre_tokenizer(std::string replacement, PrependScheme scheme, bool split) {
  return std::make_unique<Metaspace>(std::move(replacement), scheme, split);
}
std::unique_ptr<PreTokenizerStep> delimiter_pre_tokenizer(uint32_t delimiter) {
  return character_split([delimiter](uint32_t c) { return c == delimiter; }, SplitBehavior::removed);
}
Result<std::unique_ptr<PreTokenizerStep>> scripts_pre_tokenizer() {
  TROUPE_TRY(Regex runs, Regex::compile(script_run_pattern()));
  return split_pre_tokenizer(std::move(runs), SplitBehavior::removed, true);
}

}  // namespace troupe::gpu
