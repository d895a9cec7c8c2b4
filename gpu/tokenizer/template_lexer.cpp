#include "gpu/tokenizer/template_lexer.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "gpu/tokenizer/template_value.hpp"
#include "gpu/tokenizer/utf8.hpp"

namespace troupe::gpu::jinja {
namespace {

using Kind = Token::Kind;

bool is_name_start(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// Jinja reads any kind of line end as "\n", and drops one at the end of the source.
std::string normalized(std::string_view source) {
  std::string text;
  text.reserve(source.size());
  for (size_t i = 0; i < source.size(); ++i) {
    if (source[i] == '\r' && i + 1 < source.size() && source[i + 1] == '\n') continue;
    text += source[i] == '\r' ? '\n' : source[i];
  }
  if (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

class Lexer {
 public:
  explicit Lexer(std::string_view source) : source_(normalized(source)) {}

  Result<std::vector<Token>> run() {
    while (at_ < source_.size()) {
      const size_t open = find_opening();
      const char kind = open < source_.size() ? source_[open + 1] : '\0';
      emit_text(open, kind);
      if (kind == '\0') break;
      if (kind == '#') {
        TROUPE_CHECK(skip_comment());
      } else {
        emit(kind == '{' ? Kind::output_begin : Kind::block_begin, {});
        TROUPE_CHECK(lex_code(kind == '{'));
      }
    }
    emit(Kind::end, {});
    return std::move(tokens_);
  }

 private:
  char peek(size_t ahead = 0) const { return at_ + ahead < source_.size() ? source_[at_ + ahead] : '\0'; }
  bool looking_at(std::string_view text) const { return std::string_view(source_).substr(at_).starts_with(text); }
  void emit(Kind kind, std::string text) { tokens_.push_back({kind, std::move(text), line_}); }

  void advance_to(size_t position) {
    line_ += static_cast<int>(std::count(source_.begin() + static_cast<ptrdiff_t>(at_),
                                         source_.begin() + static_cast<ptrdiff_t>(position), '\n'));
    at_ = position;
  }
  void skip_space() {
    const std::string_view rest = std::string_view(source_).substr(at_);
    advance_to(at_ + rest.size() - strip(rest, true, false).size());
  }

  /// Position of the next "{{", "{%" or "{#", or the end.
  size_t find_opening() const {
    for (size_t i = at_; i + 1 < source_.size(); ++i) {
      if (source_[i] != '{') continue;
      const char next = source_[i + 1];
      if (next == '{' || next == '%' || next == '#') return i;
    }
    return source_.size();
  }

  /// The text before the tag at `open`, less what the tag strips, and steps behind the tag's opening and its sign.
  void emit_text(size_t open, char kind) {
    std::string_view text = std::string_view(source_).substr(at_, open - at_);
    const bool line_starting = at_ == 0 || source_[at_ - 1] == '\n';
    const char sign = open + 2 < source_.size() ? source_[open + 2] : '\0';
    if (kind != '\0' && sign == '-') {
      text = strip(text, false, true);
    } else if ((kind == '%' || kind == '#') && sign != '+') {
      const size_t newline = text.rfind('\n');
      const size_t line_begin = newline == std::string_view::npos ? 0 : newline + 1;
      const bool own_line = line_begin > 0 || line_starting;
      if (own_line && strip(text.substr(line_begin), true, false).empty()) text = text.substr(0, line_begin);
    }
    if (!text.empty()) emit(Kind::text, std::string(text));
    advance_to(kind == '\0' ? open : open + (sign == '-' || sign == '+' ? 3 : 2));
  }

  /// Behind a tag's end: "-" strips all white space, a block or comment without "+" its line end.
  void finish_tag(char sign, bool trims_newline) {
    if (sign == '-') {
      skip_space();
    } else if (sign != '+' && trims_newline && peek() == '\n') {
      advance_to(at_ + 1);
    }
  }

  Status skip_comment() {
    const size_t end = source_.find("#}", at_);
    if (end == std::string::npos) return template_error(line_, "this comment has no \"#}\"");
    const char sign = end > at_ ? source_[end - 1] : '\0';
    advance_to(end + 2);
    finish_tag(sign, true);
    return {};
  }

  /// The code up to and with its closing tag.
  Status lex_code(bool output) {
    const int opened = line_;
    const std::string_view closing = output ? "}}" : "%}";
    int depth = 0;
    for (;;) {
      skip_space();
      if (at_ >= source_.size()) return template_error(opened, fmt::format("this tag has no \"{}\"", closing));
      if (depth == 0) {
        const bool minus = peek() == '-' || (!output && peek() == '+');
        const char sign = minus && std::string_view(source_).substr(at_ + 1).starts_with(closing) ? peek() : '\0';
        if (sign != '\0' || looking_at(closing)) {
          emit(output ? Kind::output_end : Kind::block_end, {});
          advance_to(at_ + (sign != '\0' ? 3 : 2));
          finish_tag(sign, !output);
          return {};
        }
      }
      TROUPE_CHECK(lex_token());
      const Token& last = tokens_.back();
      if (last.kind == Kind::op && (last.text == "(" || last.text == "[" || last.text == "{")) ++depth;
      if (last.kind == Kind::op && (last.text == ")" || last.text == "]" || last.text == "}")) --depth;
    }
  }

  Status lex_token() {
    const char c = peek();
    if (is_name_start(c)) {
      size_t end = at_;
      while (end < source_.size() && (is_name_start(source_[end]) || is_digit(source_[end]))) ++end;
      return take(Kind::name, end);
    }
    if (is_digit(c)) return lex_number();
    if (c == '\'' || c == '"') return lex_string(c);
    for (const std::string_view op : {"==", "!=", "<=", ">=", "//", "**"}) {
      if (looking_at(op)) return take(Kind::op, at_ + 2);
    }
    if (std::string_view("+-*/%~()[]{},.:|=<>").find(c) != std::string_view::npos) return take(Kind::op, at_ + 1);
    const size_t length = utf8_step(std::string_view(source_).substr(at_)).length;
    return template_error(line_, fmt::format("unexpected character \"{}\"", source_.substr(at_, length)));
  }

  Status take(Kind kind, size_t end) {
    emit(kind, source_.substr(at_, end - at_));
    advance_to(end);
    return {};
  }

  Status lex_number() {
    size_t end = at_;
    while (end < source_.size() && is_digit(source_[end])) ++end;
    const bool fraction = end + 1 < source_.size() && source_[end] == '.' && is_digit(source_[end + 1]);
    if (fraction || (end < source_.size() && is_name_start(source_[end]))) {
      return template_error(line_, fmt::format("\"{}\": only decimal integers are supported",
                                               source_.substr(at_, std::min<size_t>(end + 2 - at_, 30))));
    }
    if (end - at_ > 18) return template_error(line_, "an integer has more than 18 digits");
    return take(Kind::integer, end);
  }

  Status lex_string(char quote) {
    std::string text;
    size_t i = at_ + 1;
    while (i < source_.size() && source_[i] != quote) {
      if (source_[i] != '\\') {
        text += source_[i++];
        continue;
      }
      TROUPE_TRY(i, unescape(i + 1, text));
    }
    if (i >= source_.size()) return template_error(line_, "this string has no closing quote");
    emit(Kind::string, std::move(text));
    advance_to(i + 1);
    return {};
  }

  /// Appends what the escape behind the backslash means, as Python does; returns the position behind it.
  Result<size_t> unescape(size_t i, std::string& out) const {
    static constexpr std::string_view plain = "\\'\"nrtabfv\n";
    static constexpr std::array<std::string_view, 11> meant = {"\\", "'",  "\"", "\n", "\r", "\t",
                                                               "\a", "\b", "\f", "\v", ""};
    const char c = i < source_.size() ? source_[i] : '\0';
    if (const size_t which = plain.find(c); which != std::string_view::npos) {
      out += meant[which];
      return i + 1;
    }
    if (c == 'x' || c == 'u' || c == 'U') {
      const auto code = hex(i + 1, c == 'x' ? 2 : c == 'u' ? 4 : 8);
      if (!code) return template_error(line_, fmt::format("\"\\{}\" needs hex digits of a character", c));
      append_utf8(*code, out);
      return i + 1 + (c == 'x' ? 2U : c == 'u' ? 4U : 8U);
    }
    if (is_digit(c) || c == 'N') return template_error(line_, fmt::format("the escape \"\\{}\" is not supported", c));
    out += '\\';
    return i;
  }

  std::optional<uint32_t> hex(size_t begin, size_t digits) const {
    if (begin + digits > source_.size()) return std::nullopt;
    uint64_t code = 0;
    for (size_t i = begin; i < begin + digits; ++i) {
      const char c = source_[i];
      const int digit = is_digit(c)            ? c - '0'
                        : c >= 'a' && c <= 'f' ? c - 'a' + 10
                        : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                               : -1;
      if (digit < 0) return std::nullopt;
      code = code * 16 + static_cast<uint64_t>(digit);
    }
    const bool scalar = code <= 0x10FFFF && (code < 0xD800 || code > 0xDFFF);
    return scalar ? std::optional(static_cast<uint32_t>(code)) : std::nullopt;
  }

  std::string source_;
  size_t at_ = 0;
  int line_ = 1;
  std::vector<Token> tokens_;
};

}  // namespace

Result<std::vector<Token>> tokenize(std::string_view source) {
  return Lexer(source).run();
}

tl::unexpected<Error> template_error(int line, std::string_view what) {
  return fail(Errc::invalid_argument, "chat template line {}: {}", line, what);
}

}  // namespace troupe::gpu::jinja
