#include "runtime/config/scalars.hpp"

#include <array>
#include <charconv>
#include <cmath>

#include "runtime/config/utf8.hpp"

namespace troupe::config {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

size_t digits_at(std::string_view text, size_t from) {
  size_t end = from;
  while (end < text.size() && is_digit(text[end])) ++end;
  return end - from;
}

/// Length of -?(0|[1-9][0-9]*) at the start of `text`; 0 where there is none.
size_t integer_length(std::string_view text) {
  const size_t sign = text.starts_with('-') ? 1 : 0;
  const size_t digits = digits_at(text, sign);
  if (digits == 0 || (digits > 1 && text[sign] == '0')) return 0;
  return sign + digits;
}

/// The number grammar of JSON (RFC 8259, section 6).
bool is_number(std::string_view text) {
  size_t at = integer_length(text);
  if (at == 0) return false;
  if (at < text.size() && text[at] == '.') {
    const size_t digits = digits_at(text, at + 1);
    if (digits == 0) return false;
    at += 1 + digits;
  }
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    if (at < text.size() && (text[at] == '-' || text[at] == '+')) ++at;
    const size_t digits = digits_at(text, at);
    if (digits == 0) return false;
    at += digits;
  }
  return at == text.size();
}

bool is_plain(const Node& node) {
  return node.kind == Node::Kind::scalar && !node.quoted;
}

template <class Number>
std::optional<Number> parse_number(const std::string& text) {
  Number number{};
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc{} || stop != end) return std::nullopt;
  return number;
}

template <class Number>
std::optional<Number> parse_integer(const Node& node) {
  if (!is_plain(node) || integer_length(node.text) != node.text.size()) return std::nullopt;
  return parse_number<Number>(node.text);
}

}  // namespace

std::optional<bool> parse_bool(const Node& node) {
  if (!is_plain(node)) return std::nullopt;
  if (node.text == "true") return true;
  if (node.text == "false") return false;
  return std::nullopt;
}

std::optional<int64_t> parse_signed(const Node& node) {
  return parse_integer<int64_t>(node);
}
std::optional<uint64_t> parse_unsigned(const Node& node) {
  return parse_integer<uint64_t>(node);
}

std::optional<double> parse_real(const Node& node) {
  if (!is_plain(node) || !is_number(node.text)) return std::nullopt;
  return parse_number<double>(node.text);
}

std::optional<std::string> parse_text(const Node& node) {
  if (node.kind != Node::Kind::scalar) return std::nullopt;
  return node.text;
}

std::optional<Duration> parse_duration_node(const Node& node) {
  if (node.kind != Node::Kind::scalar) return std::nullopt;
  const auto duration = parse_duration(node.text);
  return duration ? std::optional(*duration) : std::nullopt;
}

std::optional<ByteCount> parse_bytes_node(const Node& node) {
  if (node.kind != Node::Kind::scalar) return std::nullopt;
  const auto count = parse_bytes(node.text);
  return count ? std::optional(*count) : std::nullopt;
}

NodePtr write_real(double value) {
  return std::isfinite(value) ? Node::literal(fmt::format("{}", value)) : Node::null();
}

NodePtr write_text(std::string text) {
  if (!is_utf8(text)) {
    for (char& c : text)
      if (static_cast<unsigned char>(c) >= 0x80) c = '?';
  }
  return Node::string(std::move(text));
}

NodePtr write_bytes(ByteCount count) {
  struct Unit {
    uint64_t size;
    std::string_view suffix;
  };
  constexpr std::array units{Unit{1ULL << 30, "GiB"}, Unit{1ULL << 20, "MiB"}, Unit{1ULL << 10, "KiB"}};
  for (const Unit& unit : units) {
    if (count.value != 0 && count.value % unit.size == 0)
      return Node::string(fmt::format("{}{}", count.value / unit.size, unit.suffix));
  }
  return Node::string(fmt::format("{}B", count.value));
}

}  // namespace troupe::config
