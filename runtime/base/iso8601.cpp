#include "runtime/base/iso8601.hpp"

#include <charconv>
#include <optional>

namespace troupe {
namespace {

/// Takes parts off the front of a text.
class Parts {
 public:
  explicit Parts(std::string_view text) : text_(text) {}

  /// Exactly so many digits.
  std::optional<int> number(size_t digits) {
    int value = 0;
    if (text_.size() < digits) return std::nullopt;
    const auto [end, error] = std::from_chars(text_.data(), text_.data() + digits, value);
    if (error != std::errc{} || end != text_.data() + digits || value < 0 || text_[0] == '-') return std::nullopt;
    text_.remove_prefix(digits);
    return value;
  }
  bool take(char c) {
    if (text_.empty() || text_[0] != c) return false;
    text_.remove_prefix(1);
    return true;
  }
  /// Digits of a fraction, as microseconds; none where there is no digit.
  std::optional<int64_t> fraction() {
    int64_t value = 0;
    int digits = 0;
    for (; !text_.empty() && text_[0] >= '0' && text_[0] <= '9'; text_.remove_prefix(1), ++digits)
      if (digits < 6) value = value * 10 + (text_[0] - '0');
    if (digits == 0) return std::nullopt;
    for (; digits < 6; ++digits) value *= 10;
    return value;
  }
  bool is_done() const { return text_.empty(); }

 private:
  std::string_view text_;
};

std::optional<std::chrono::sys_days> date_of(Parts& parts) {
  const auto year = parts.number(4);
  if (!year || *year < 1970 || *year > 2200 || !parts.take('-')) return std::nullopt;
  const auto month = parts.number(2);
  if (!month || !parts.take('-')) return std::nullopt;
  const auto day = parts.number(2);
  if (!day) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year{*year}, std::chrono::month{static_cast<unsigned>(*month)},
                                         std::chrono::day{static_cast<unsigned>(*day)}};
  if (!date.ok()) return std::nullopt;
  return std::chrono::sys_days{date};
}

/// "HH:MM"
std::optional<std::chrono::minutes> hours_and_minutes(Parts& parts) {
  const auto hour = parts.number(2);
  if (!hour || *hour > 23 || !parts.take(':')) return std::nullopt;
  const auto minute = parts.number(2);
  if (!minute || *minute > 59) return std::nullopt;
  return std::chrono::hours{*hour} + std::chrono::minutes{*minute};
}

/// How far the clock that was meant is ahead of UTC.
std::optional<std::chrono::minutes> offset_of(Parts& parts) {
  if (parts.take('Z') || parts.take('z')) return std::chrono::minutes{0};
  const bool is_behind = parts.take('-');
  if (!is_behind && !parts.take('+')) return std::nullopt;
  const auto offset = hours_and_minutes(parts);
  if (!offset) return std::nullopt;
  return is_behind ? -*offset : *offset;
}

std::optional<WallTime> time_of(std::string_view text) {
  Parts parts(text);
  const auto date = date_of(parts);
  if (!date) return std::nullopt;
  if (parts.is_done()) return WallTime{*date};
  if (!parts.take('T') && !parts.take('t') && !parts.take(' ')) return std::nullopt;
  const auto clock = hours_and_minutes(parts);
  if (!clock || !parts.take(':')) return std::nullopt;
  const auto second = parts.number(2);
  if (!second || *second > 59) return std::nullopt;
  std::chrono::microseconds fraction{0};
  if (parts.take('.')) {
    const auto microseconds = parts.fraction();
    if (!microseconds) return std::nullopt;
    fraction = std::chrono::microseconds{*microseconds};
  }
  const auto offset = offset_of(parts);
  if (!offset || !parts.is_done()) return std::nullopt;
  return WallTime{*date + *clock + std::chrono::seconds{*second} + fraction - *offset};
}

}  // namespace

Result<WallTime> parse_iso8601(std::string_view text) {
  if (const auto time = time_of(text)) return *time;
  return fail(Errc::invalid_argument, "'{}' is no time; write one as 2026-11-21T04:05:06Z, or as 2026-11-21",
              text.substr(0, 40));
}

}  // namespace troupe
