#include "gpu/tokenizer/regex_dialect.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>

#include "gpu/tokenizer/utf8.hpp"

namespace troupe::gpu {
namespace {

/// A class of characters as the inside of a PCRE2 set, and its complement where one set can say it.
struct CharacterClass {
  std::string_view inside;
  std::string_view complement;
};

constexpr CharacterClass white_space = {
    R"(\x{9}-\x{d}\x{20}\x{85}\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000})",
    R"(\x{0}-\x{8}\x{e}-\x{1f}\x{21}-\x{84}\x{86}-\x{9f}\x{a1}-\x{167f}\x{1681}-\x{1fff}\x{200b}-\x{2027})"
    R"(\x{202a}-\x{202e}\x{2030}-\x{205e}\x{2060}-\x{2fff}\x{3001}-\x{d7ff}\x{e000}-\x{10ffff})"};
// Alphabetic characters that are symbols by category, and superscripts and fractions of Latin-1, are word characters
// too.
constexpr CharacterClass word = {R"(\p{L}\p{Nl}\p{M}\p{Nd}\p{Pc}\x{b2}\x{b3}\x{b9}\x{bc}-\x{be}\x{24b6}-\x{24e9})"
                                 R"(\x{1f130}-\x{1f149}\x{1f150}-\x{1f169}\x{1f170}-\x{1f189})",
                                 ""};
constexpr CharacterClass digit = {R"(\p{Nd})", R"(\P{Nd})"};
constexpr CharacterClass hex_digit = {"0-9A-Fa-f", R"(\x{0}-/:-@G-`g-\x{d7ff}\x{e000}-\x{10ffff})"};

std::optional<CharacterClass> class_of_escape(char letter) {
  switch (std::tolower(static_cast<unsigned char>(letter))) {
    case 's':
      return white_space;
    case 'w':
      return word;
    case 'd':
      return digit;
    case 'h':
      return hex_digit;
    default:
      return std::nullopt;
  }
}

/// POSIX's names, for [:name:] and \p{name}.
std::optional<CharacterClass> class_of_name(std::string_view name) {
  struct Named {
    std::string_view name;
    CharacterClass is;
  };
  static constexpr std::array<Named, 10> names = {{
      {"space", white_space},
      {"word", word},
      {"digit", digit},
      {"xdigit", hex_digit},
      {"alpha", {R"(\p{Alphabetic})", R"(\P{Alphabetic})"}},
      {"alnum", {R"(\p{Alphabetic}\p{Nd})", ""}},
      {"upper", {R"(\p{Uppercase})", R"(\P{Uppercase})"}},
      {"lower", {R"(\p{Lowercase})", R"(\P{Lowercase})"}},
      {"punct", {R"(\p{P}\p{S})", ""}},
      {"cntrl", {R"(\p{Cc})", R"(\P{Cc})"}},
  }};
  for (const Named& entry : names) {
    if (entry.name == name) return entry.is;
  }
  return std::nullopt;
}

/// PCRE2's name of the property that Oniguruma calls `name`, in lower case and without separators.
std::string property_name(const std::string& name) {
  struct Renamed {
    std::string_view from;
    std::string_view to;
  };
  static constexpr std::array<Renamed, 16> long_names = {{
      {"letter", "L"},
      {"uppercaseletter", "Lu"},
      {"lowercaseletter", "Ll"},
      {"titlecaseletter", "Lt"},
      {"modifierletter", "Lm"},
      {"otherletter", "Lo"},
      {"mark", "M"},
      {"nonspacingmark", "Mn"},
      {"number", "N"},
      {"decimalnumber", "Nd"},
      {"punctuation", "P"},
      {"symbol", "S"},
      {"separator", "Z"},
      {"spaceseparator", "Zs"},
      {"other", "C"},
      {"any", "Any"},
  }};
  for (const Renamed& entry : long_names) {
    if (entry.from == name) return std::string(entry.to);
  }
  if (name == "alphabetic" || name == "uppercase" || name == "lowercase") return name;
  if (name.size() <= 2) {
    std::string category = name;
    if (!category.empty()) category[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(category[0])));
    return category;
  }
  return "sc:" + name;
}

class Translator {
 public:
  explicit Translator(std::string_view pattern) : pattern_(pattern) {}

  Result<std::string> run() {
    while (at_ < pattern_.size()) TROUPE_CHECK(translate_next());
    return std::move(out_);
  }

 private:
  template <class... Args>
  tl::unexpected<Error> refuse(fmt::format_string<Args...> format, Args&&... args) const {
    return fail(Errc::unimplemented, "the pattern {} has {} at byte {}, which is not supported", pattern_,
                fmt::format(format, std::forward<Args>(args)...), at_);
  }

  bool rest_starts_with(std::string_view prefix) const { return pattern_.substr(at_).starts_with(prefix); }
  char peek(size_t ahead = 0) const { return at_ + ahead < pattern_.size() ? pattern_[at_ + ahead] : '\0'; }

  Status translate_next() {
    switch (pattern_[at_]) {
      case '\\':
        atom_ = out_.size();
        return escape(false);
      case '[':
        atom_ = out_.size();
        return set();
      case '(':
        return open_group();
      case ')':
        // A repetition after it is of the whole group.
        atom_ = groups_.empty() ? 0 : groups_.back();
        if (!groups_.empty()) groups_.pop_back();
        is_group_start_ = false;
        out_ += pattern_[at_++];
        return {};
      case '{':
        return repetition();
      case '|':
        out_ += pattern_[at_++];
        return {};
      case '*':
      case '+':
      case '?':
        out_ += pattern_[at_++];
        return {};
      default:
        return literal();
    }
  }

  Status literal() {
    atom_ = out_.size();
    is_group_start_ = false;
    const size_t length = utf8_step(pattern_.substr(at_)).length;
    out_ += pattern_.substr(at_, length);
    at_ += length;
    return {};
  }

  Status open_group() {
    static constexpr std::array<std::string_view, 6> same = {"(?:", "(?=", "(?!", "(?<=", "(?<!", "(?>"};
    const size_t begin = out_.size();
    const bool at_start = is_group_start_;
    is_group_start_ = true;
    if (rest_starts_with("(?#")) {
      is_group_start_ = at_start;
      const size_t end = pattern_.find(')', at_);
      if (end == std::string_view::npos) return refuse("a comment without an end");
      at_ = end + 1;
      return {};
    }
    for (const std::string_view opening : same) {
      if (!rest_starts_with(opening)) continue;
      groups_.push_back(begin);
      out_ += opening;
      at_ += opening.size();
      return {};
    }
    if (!rest_starts_with("(?")) {
      groups_.push_back(begin);
      out_ += pattern_[at_++];
      return {};
    }
    if (peek(2) == '<') return named_group(begin);
    return options(begin, at_start);
  }

  Status named_group(size_t begin) {
    const size_t end = pattern_.find('>', at_);
    if (end == std::string_view::npos) return refuse("a group's name without an end");
    groups_.push_back(begin);
    out_ += pattern_.substr(at_, end + 1 - at_);
    at_ = end + 1;
    return {};
  }

  /// (?imx-imx) or (?imx-imx:…). Oniguruma's m is PCRE2's s. Without a colon the options hold to the group's end, and
  /// in Oniguruma alternatives then stay inside of them: the same as here at the beginning of a group, but not
  /// elsewhere.
  Status options(size_t begin, bool at_start) {
    const size_t end = pattern_.find_first_not_of("imx-", at_ + 2);
    if (end == std::string_view::npos || (pattern_[end] != ')' && pattern_[end] != ':')) return refuse("a group (?…");
    if (pattern_[end] == ')' && !at_start) return refuse("options in the middle of a group");
    if (pattern_[end] == ':') groups_.push_back(begin);
    for (; at_ <= end; ++at_) out_ += pattern_[at_] == 'm' ? 's' : pattern_[at_];
    return {};
  }

  /// {n}, {n,}, {n,m} or {,m}; anything else is text. What follows makes it lazy (?), or repeats it once more.
  Status repetition() {
    size_t end = at_ + 1;
    const auto digits = [&] {
      const size_t begin = end;
      while (end < pattern_.size() && std::isdigit(static_cast<unsigned char>(pattern_[end])) != 0) ++end;
      return pattern_.substr(begin, end - begin);
    };
    const std::string_view low = digits();
    const bool comma = end < pattern_.size() && pattern_[end] == ',';
    if (comma) ++end;
    const std::string_view high = comma ? digits() : low;
    if (end >= pattern_.size() || pattern_[end] != '}' || (low.empty() && high.empty())) {
      atom_ = out_.size();
      out_ += R"(\{)";
      ++at_;
      return {};
    }
    out_ += comma ? fmt::format("{{{},{}}}", low.empty() ? "0" : low, high) : fmt::format("{{{}}}", low);
    at_ = end + 1;
    const bool repeated = peek() == '+' || peek() == '*' || (peek() == '?' && !comma);
    if (repeated) {
      out_.insert(atom_, "(?:");
      out_ += ')';
    }
    return {};
  }

  Status escape(bool in_set) {
    is_group_start_ = false;
    const char letter = peek(1);
    if (letter == '\0') return refuse("a backslash without a character");
    if (const auto known = class_of_escape(letter)) {
      at_ += 2;
      return put_class(*known, std::isupper(static_cast<unsigned char>(letter)) != 0, in_set);
    }
    switch (letter) {
      case 'p':
      case 'P':
        return property(in_set);
      case 'u':
        return code_point(4);
      case 'x':
        return peek(2) == '{' ? braced_code_point() : code_point(2);
      case 'v':
        return put(R"(\x{b})", 2);
      case 'b':
      case 'B':
        return in_set ? put(R"(\x{8})", 2) : word_boundary(letter == 'B');
      default:
        break;
    }
    const bool is_letter = std::isalpha(static_cast<unsigned char>(letter)) != 0;
    const std::string_view same = in_set ? "nrtfae" : "nrtfaeAzZGRN";
    if (is_letter && same.find(letter) == std::string_view::npos) return refuse("\\{}", letter);
    const size_t length = 1 + utf8_step(pattern_.substr(at_ + 1)).length;
    return put(std::string(pattern_.substr(at_, length)), length);
  }

  Status put(std::string_view translated, size_t taken) {
    out_ += translated;
    at_ += taken;
    return {};
  }

  Status put_class(const CharacterClass& known, bool negated, bool in_set) {
    if (!in_set) {
      out_ += fmt::format("[{}{}]", negated ? "^" : "", known.inside);
      return {};
    }
    if (negated && known.complement.empty()) return refuse("the complement of a class inside a set");
    out_ += negated ? known.complement : known.inside;
    return {};
  }

  Status word_boundary(bool negated) {
    const std::string set = fmt::format("[{}]", word.inside);
    return put(negated ? fmt::format("(?:(?<={0})(?={0})|(?<!{0})(?!{0}))", set)
                       : fmt::format("(?:(?<={0})(?!{0})|(?<!{0})(?={0}))", set),
               2);
  }

  /// \uHHHH or \xHH.
  Status code_point(size_t digits) {
    const std::string_view hex = pattern_.substr(at_ + 2, digits);
    const bool good = hex.size() == digits && hex.find_first_not_of("0123456789abcdefABCDEF") == std::string_view::npos;
    // \x80 and above are bytes in Oniguruma, not characters.
    if (!good || (digits == 2 && hex[0] > '7')) return refuse("\\{}{}", peek(1), hex);
    return put(fmt::format("\\x{{{}}}", hex), 2 + digits);
  }

  Status braced_code_point() {
    const size_t end = pattern_.find('}', at_);
    if (end == std::string_view::npos) return refuse("\\x{{ without an end");
    const std::string text(pattern_.substr(at_, end + 1 - at_));
    return put(text, text.size());
  }

  /// \p{name}, \p{^name}, \P{name}.
  Status property(bool in_set) {
    const size_t end = pattern_.find('}', at_);
    if (peek(2) != '{' || end == std::string_view::npos) return refuse("\\{} without a name in braces", peek(1));
    bool negated = peek(1) == 'P';
    std::string name;
    for (const char c : pattern_.substr(at_ + 3, end - at_ - 3)) {
      if (c == '^' && name.empty()) {
        negated = !negated;
      } else if (c != ' ' && c != '_' && c != '-') {
        name += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
      }
    }
    at_ = end + 1;
    if (const auto known = class_of_name(name)) return put_class(*known, negated, in_set);
    out_ += fmt::format("\\{}{{{}}}", negated ? 'P' : 'p', property_name(name));
    return {};
  }

  Status set() {
    is_group_start_ = false;
    out_ += pattern_[at_++];
    if (peek() == '^') out_ += pattern_[at_++];
    if (peek() == ']') {
      out_ += R"(\])";
      ++at_;
    }
    while (peek() != ']') {
      if (at_ >= pattern_.size()) return refuse("a set without an end");
      TROUPE_CHECK(set_item());
    }
    out_ += pattern_[at_++];
    return {};
  }

  Status set_item() {
    if (rest_starts_with("&&")) return refuse("&& in a set");
    if (rest_starts_with("[:")) return posix_class();
    if (peek() == '[') return refuse("a set inside a set");
    if (peek() == '\\') return escape(true);
    const size_t length = utf8_step(pattern_.substr(at_)).length;
    return put(pattern_.substr(at_, length), length);
  }

  /// [:name:] or [:^name:].
  Status posix_class() {
    const size_t end = pattern_.find(":]", at_ + 2);
    if (end == std::string_view::npos) return refuse("[: without an end");
    std::string_view name = pattern_.substr(at_ + 2, end - at_ - 2);
    const bool negated = name.starts_with('^');
    if (negated) name.remove_prefix(1);
    const auto known = class_of_name(name);
    if (!known) return refuse("[:{}:]", name);
    at_ = end + 2;
    return put_class(*known, negated, true);
  }

  std::string_view pattern_;
  size_t at_ = 0;
  std::string out_;
  size_t atom_ = 0;             ///< Where in `out_` that begins which a repetition would repeat.
  std::vector<size_t> groups_;  ///< Where in `out_` the open groups begin.
  bool is_group_start_ = true;  ///< Nothing of the group has been read yet.
};

}  // namespace

Result<std::string> to_pcre2(std::string_view pattern) {
  if (find_invalid_utf8(pattern)) return fail(Errc::unimplemented, "the pattern is not valid UTF-8");
  if (pattern.find('\0') != std::string_view::npos) return fail(Errc::unimplemented, "the pattern holds a NUL");
  return Translator(pattern).run();
}

std::string escape_pattern(std::string_view text) {
  std::string pattern;
  for (const char c : text) {
    const bool ascii = static_cast<unsigned char>(c) < 0x80;
    if (ascii && std::isalnum(static_cast<unsigned char>(c)) == 0) {
      pattern += fmt::format("\\x{{{:x}}}", static_cast<unsigned>(c));
    } else {
      pattern += c;
    }
  }
  return pattern;
}

}  // namespace troupe::gpu
