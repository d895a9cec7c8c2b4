#include "gpu/engine/constraint/json_parts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>
#include <utility>

namespace troupe::gpu {
namespace {

using State = Grammar::State;

constexpr size_t digits_max = 18;
constexpr size_t exponent_digits_max = 2;

/// What may come inside a UTF-8 character (Unicode 15, table 3-7); `boundary` is between two.
enum Within : uint8_t { boundary, one_left, two_left, three_left, after_e0, after_ed, after_f0, after_f4 };
constexpr size_t withins = 8;

struct ByteRange {
  uint8_t first;
  uint8_t last;
  Within next;
};

/// Of a JSON string: no control characters, quotes or backslashes.
constexpr std::array<ByteRange, 11> plain_bytes{{{0x20, 0x21, boundary},
                                                 {0x23, 0x5B, boundary},
                                                 {0x5D, 0x7F, boundary},
                                                 {0xC2, 0xDF, one_left},
                                                 {0xE0, 0xE0, after_e0},
                                                 {0xE1, 0xEC, two_left},
                                                 {0xED, 0xED, after_ed},
                                                 {0xEE, 0xEF, two_left},
                                                 {0xF0, 0xF0, after_f0},
                                                 {0xF1, 0xF3, three_left},
                                                 {0xF4, 0xF4, after_f4}}};
constexpr std::array<ByteRange, withins> rest_bytes{{{0, 0, boundary},
                                                     {0x80, 0xBF, boundary},
                                                     {0x80, 0xBF, one_left},
                                                     {0x80, 0xBF, two_left},
                                                     {0xA0, 0xBF, one_left},
                                                     {0x80, 0x9F, one_left},
                                                     {0x90, 0xBF, two_left},
                                                     {0x80, 0x8F, two_left}}};

std::span<const ByteRange> bytes_within(Within within) {
  if (within == boundary) return plain_bytes;
  return {&rest_bytes[within], 1};
}

/// States inside a character that ends at `states[boundary]`.
void add_rests(Grammar& grammar, std::array<State, withins>& states) {
  for (size_t within = one_left; within < withins; ++within) states[within] = grammar.add();
  for (size_t within = one_left; within < withins; ++within) {
    const ByteRange& range = rest_bytes[within];
    grammar.add_edge(states[within], range.first, range.last, states[range.next]);
  }
}

/// The tree of names, as far as they are spelt without escapes, with what may leave it: any string but these.
class OtherNames {
 public:
  OtherNames(Grammar& grammar, const std::vector<std::string>& names, State next) : grammar_(grammar), next_(next) {
    free_[boundary] = grammar.add();
    add_rests(grammar, free_);
    for (const ByteRange& range : plain_bytes) {
      grammar.add_edge(free_[boundary], range.first, range.last, free_[range.next]);
    }
    grammar.add_edge(free_[boundary], '"', next);
    std::vector<std::string_view> sorted(names.begin(), names.end());
    std::ranges::sort(sorted);
    const auto [again, last] = std::ranges::unique(sorted);
    sorted.erase(again, last);
    start_ = add(sorted, 0, boundary);
  }
  State start() const { return start_; }

 private:
  /// `names` agree up to `depth`.
  State add(std::span<const std::string_view> names, size_t depth, Within within) {
    if (names.empty() || grammar_.is_full()) return free_[within];
    const State state = grammar_.add();
    const bool is_name = names[0].size() == depth;
    if (is_name) names = names.subspan(1);
    if (within == boundary && !is_name) grammar_.add_edge(state, '"', next_);
    for (const ByteRange& range : bytes_within(within)) {
      uint32_t from = range.first;
      for (size_t i = 0; i < names.size();) {
        const auto byte = static_cast<uint8_t>(names[i][depth]);
        size_t end = i + 1;
        while (end < names.size() && static_cast<uint8_t>(names[end][depth]) == byte) ++end;
        if (byte >= range.first && byte <= range.last) {
          add_free(state, from, byte, range.next);
          grammar_.add_edge(state, byte, byte, add(names.subspan(i, end - i), depth + 1, range.next));
          from = byte + 1U;
        }
        i = end;
      }
      add_free(state, from, range.last + 1U, range.next);
    }
    return state;
  }

  void add_free(State state, uint32_t from, uint32_t to, Within next) {
    if (from < to) grammar_.add_edge(state, static_cast<uint8_t>(from), static_cast<uint8_t>(to - 1), free_[next]);
  }

  Grammar& grammar_;
  State next_;
  std::array<State, withins> free_{};
  State start_;
};

/// Numbers of one length between two.
class SameLength {
 public:
  SameLength(Grammar& grammar, std::string low, std::string high, State next)
      : grammar_(grammar), low_(std::move(low)), high_(std::move(high)), free_{next} {
    while (free_.size() < low_.size()) free_.push_back(grammar.bytes('0', '9', free_.back()));
  }

  /// From the digit `at` on. `is_low`: those before are the lower bound's, `is_high`: the upper one's.
  State from(size_t at, bool is_low, bool is_high) {
    const size_t left = low_.size() - at;
    if (left == 0) return free_[0];
    const char low = is_low ? low_[at] : '0';
    const char high = is_high ? high_[at] : '9';
    const State state = grammar_.add();
    const auto add = [&](char first, char last, State next) {
      if (first <= last) grammar_.add_edge(state, static_cast<uint8_t>(first), static_cast<uint8_t>(last), next);
    };
    if (low == high) {
      add(low, low, from(at + 1, is_low, is_high));
      return state;
    }
    const char above = static_cast<char>(low + (is_low ? 1 : 0));
    const char below = static_cast<char>(high - (is_high ? 1 : 0));
    if (is_low) add(low, low, from(at + 1, true, false));
    if (is_high) add(high, high, from(at + 1, false, true));
    add(above, below, free_[left - 1]);
    return state;
  }

 private:
  Grammar& grammar_;
  std::string low_;
  std::string high_;
  std::vector<State> free_;  ///< By number of digits left.
};

}  // namespace

State JsonParts::any_value() {
  if (any_value_) return *any_value_;
  any_value_ = grammar_.add();
  for (const State one : {any_object(), any_array(), any_string(), any_number(), boolean(), null()}) {
    grammar_.add_skip(*any_value_, one);
  }
  return *any_value_;
}

State JsonParts::any_object() {
  if (any_object_) return *any_object_;
  any_object_ = grammar_.add();
  const State behind = grammar_.add();
  const State member = grammar_.call(any_string(), colon(grammar_.call(any_value(), behind)));
  grammar_.add_edge(behind, '}', Grammar::end);
  grammar_.add_skip(behind, comma(member));
  grammar_.add_edge(*any_object_, '{', grammar_.any_of({grammar_.byte('}', Grammar::end), member}));
  return *any_object_;
}

State JsonParts::any_array() {
  if (any_array_) return *any_array_;
  any_array_ = grammar_.add();
  const State behind = grammar_.add();
  const State item = grammar_.call(any_value(), behind);
  grammar_.add_edge(behind, ']', Grammar::end);
  grammar_.add_skip(behind, comma(item));
  grammar_.add_edge(*any_array_, '[', grammar_.any_of({grammar_.byte(']', Grammar::end), item}));
  return *any_array_;
}

State JsonParts::any_string() {
  if (!any_string_) any_string_ = string(0, std::nullopt, Grammar::end);
  return *any_string_;
}

State JsonParts::any_number() {
  if (any_number_) return *any_number_;
  const State power = digits(1, exponent_digits_max, Grammar::end);
  const State exponent = grammar_.add();
  const State sign = grammar_.any_of({power, grammar_.byte('+', power), grammar_.byte('-', power)});
  grammar_.add_edge(exponent, 'e', sign);
  grammar_.add_edge(exponent, 'E', sign);
  grammar_.add_skip(exponent, Grammar::end);
  const State fraction = grammar_.byte('.', digits(1, digits_max, exponent));
  const State whole = natural(grammar_.any_of({fraction, exponent}));
  any_number_ = grammar_.any_of({whole, grammar_.byte('-', whole)});
  return *any_number_;
}

State JsonParts::any_integer() {
  if (any_integer_) return *any_integer_;
  const State whole = natural(Grammar::end);
  any_integer_ = grammar_.any_of({whole, grammar_.byte('-', whole)});
  return *any_integer_;
}

State JsonParts::boolean() {
  if (!boolean_) boolean_ = grammar_.one_of({"true", "false"}, Grammar::end);
  return *boolean_;
}

State JsonParts::null() {
  if (!null_) null_ = grammar_.text("null", Grammar::end);
  return *null_;
}

State JsonParts::string(uint64_t least, std::optional<uint64_t> most, State next) {
  State state = grammar_.add();
  uint64_t count = most.value_or(least);
  if (!most || *most >= least) grammar_.add_edge(state, '"', next);
  if (!most) grammar_.set_call(state, character(), state);
  for (; count > 0 && !grammar_.is_full(); --count) {
    state = grammar_.call(character(), state);
    if (count > least) grammar_.add_edge(state, '"', next);
  }
  return grammar_.byte('"', state);
}

State JsonParts::other_name(const std::vector<std::string>& names, State next) {
  return grammar_.byte('"', OtherNames(grammar_, names, next).start());
}

State JsonParts::integer_between(int64_t low, int64_t high, State next) {
  std::vector<State> signs;
  const auto magnitude = [](int64_t value) { return static_cast<uint64_t>(value < 0 ? -value : value); };
  if (high >= 0 && low <= high)
    signs.push_back(magnitude_between(magnitude(std::max<int64_t>(low, 0)), magnitude(high), next));
  if (low < 0 && low <= high) {
    signs.push_back(
        grammar_.byte('-', magnitude_between(magnitude(std::min<int64_t>(high, -1)), magnitude(low), next)));
  }
  return signs.empty() ? grammar_.add() : grammar_.any_of(signs);
}

State JsonParts::comma(State next) {
  return separator(',', next);
}
State JsonParts::colon(State next) {
  return separator(':', next);
}

State JsonParts::separator(char sign, State next) {
  return grammar_.byte(sign, grammar_.any_of({next, grammar_.byte(' ', next)}));
}

/// One character of a string.
State JsonParts::character() {
  if (character_) return *character_;
  std::array<State, withins> states{Grammar::end};
  add_rests(grammar_, states);
  character_ = grammar_.add();
  for (const ByteRange& range : plain_bytes) {
    grammar_.add_edge(*character_, range.first, range.last, states[range.next]);
  }
  grammar_.add_edge(*character_, '\\', escape());
  return *character_;
}

State JsonParts::escape() {
  const State escape = grammar_.add();
  for (const char sign : std::string_view("\"\\/bfnrt")) grammar_.add_edge(escape, sign, Grammar::end);
  const State code = grammar_.add();
  grammar_.add_edge(escape, 'u', code);
  const State three = hex_digits(3, Grammar::end);
  for (const auto& [first, last] : {std::pair{'0', '9'}, {'a', 'c'}, {'A', 'C'}, {'e', 'f'}, {'E', 'F'}}) {
    grammar_.add_edge(code, static_cast<uint8_t>(first), static_cast<uint8_t>(last), three);
  }
  // D800 to DBFF, the first half of a pair, and then DC00 to DFFF.
  const State two = hex_digits(2, Grammar::end);
  const State low_half = grammar_.add();
  for (const auto& [first, last] : {std::pair{'c', 'f'}, {'C', 'F'}}) {
    grammar_.add_edge(low_half, static_cast<uint8_t>(first), static_cast<uint8_t>(last), two);
  }
  const State low = grammar_.add();
  grammar_.add_edge(low, 'd', low_half);
  grammar_.add_edge(low, 'D', low_half);
  const State high = hex_digits(2, grammar_.text("\\u", low));
  const State after_d = grammar_.add();
  grammar_.add_edge(code, 'd', after_d);
  grammar_.add_edge(code, 'D', after_d);
  grammar_.add_edge(after_d, '0', '7', two);
  for (const auto& [first, last] : {std::pair{'8', '9'}, {'a', 'b'}, {'A', 'B'}}) {
    grammar_.add_edge(after_d, static_cast<uint8_t>(first), static_cast<uint8_t>(last), high);
  }
  return escape;
}

State JsonParts::hex_digits(size_t count, State next) {
  for (; count > 0; --count) {
    const State state = grammar_.bytes('0', '9', next);
    grammar_.add_edge(state, 'a', 'f', next);
    grammar_.add_edge(state, 'A', 'F', next);
    next = state;
  }
  return next;
}

State JsonParts::digits(size_t least, size_t most, State next) {
  State state = next;
  for (size_t count = most; count > 0; --count) {
    const State digit = grammar_.bytes('0', '9', state);
    state = count > least ? grammar_.any_of({digit, next}) : digit;
  }
  return state;
}

/// An integer from 0 without needless zeros.
State JsonParts::natural(State next) {
  const State state = grammar_.byte('0', next);
  grammar_.add_edge(state, '1', '9', digits(0, digits_max - 1, next));
  return state;
}

State JsonParts::magnitude_between(uint64_t low, uint64_t high, State next) {
  const std::string first = std::to_string(low);
  const std::string last = std::to_string(high);
  if (first.size() == last.size()) return SameLength(grammar_, first, last, next).from(0, true, true);
  std::vector<State> lengths;
  lengths.push_back(SameLength(grammar_, first, std::string(first.size(), '9'), next).from(0, true, true));
  lengths.push_back(SameLength(grammar_, "1" + std::string(last.size() - 1, '0'), last, next).from(0, true, true));
  if (last.size() - first.size() > 1) {
    lengths.push_back(grammar_.bytes('1', '9', digits(first.size(), last.size() - 2, next)));
  }
  return grammar_.any_of(lengths);
}

std::string json_quoted(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    constexpr std::string_view named = "\"\\\b\f\n\r\t";
    constexpr std::string_view names = "\"\\bfnrt";
    if (const size_t at = named.find(c); at != std::string_view::npos) {
      quoted += '\\';
      quoted += names[at];
    } else if (static_cast<unsigned char>(c) < 0x20) {
      quoted += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    } else {
      quoted += c;
    }
  }
  return quoted + '"';
}

}  // namespace troupe::gpu
