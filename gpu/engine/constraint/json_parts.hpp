#pragma once
// JsonParts: the pieces of JSON texts (RFC 8259), as states of a Grammar.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gpu/engine/constraint/grammar.hpp"

namespace troupe::gpu {

/// How texts are written, so that no model loses itself in them:
///   white space   none, but one space after a comma or a colon may stand
///   integers      up to 18 digits, which any 64-bit integer holds
///   numbers       up to 18 digits, as many behind the point, an exponent of up to two: no double overflows
///   strings       any characters of valid UTF-8, or any escapes; no half of a surrogate pair alone
/// Adds to a grammar that must outlive it. Parts are made once each where they are rules.
class JsonParts {
 public:
  using State = Grammar::State;

  /// Of 18 digits.
  static constexpr int64_t integer_max = 999'999'999'999'999'999;

  explicit JsonParts(Grammar& grammar) : grammar_(grammar) {}

  /// Rules, for Grammar::call().
  State any_value();
  State any_object();
  State any_array();
  State any_string();
  State any_number();
  State any_integer();
  State boolean();
  State null();

  /// A string of so many characters; a pair of escaped surrogates is one.
  State string(uint64_t least, std::optional<uint64_t> most, State next);
  /// A string without escapes that is none of `names`.
  State other_name(const std::vector<std::string>& names, State next);
  /// An integer of [low, high]. Requires both within integer_max.
  State integer_between(int64_t low, int64_t high, State next);

  /// A comma or a colon, and perhaps a space.
  State comma(State next);
  State colon(State next);

 private:
  State separator(char sign, State next);
  State character();
  State escape();
  State hex_digits(size_t count, State next);
  State digits(size_t least, size_t most, State next);
  State natural(State next);
  State magnitude_between(uint64_t low, uint64_t high, State next);

  Grammar& grammar_;
  std::optional<State> any_value_, any_object_, any_array_, any_string_, any_number_, any_integer_, boolean_, null_,
      character_;
};

/// `text`, UTF-8, as a JSON string in its shortest spelling, with quotes.
std::string json_quoted(std::string_view text);

}  // namespace troupe::gpu
