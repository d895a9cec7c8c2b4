#include "runtime/base/units.hpp"

#include <array>
#include <charconv>
#include <cmath>

namespace troupe {
namespace {

struct Unit {
  std::string_view suffix;
  double factor;
};

constexpr std::array duration_units{Unit{"ns", 1},   Unit{"us", 1e3},   Unit{"ms", 1e6},   Unit{"s", 1e9},
                                    Unit{"m", 60e9}, Unit{"h", 3600e9}, Unit{"d", 86400e9}};
constexpr std::array byte_units{Unit{"", 1},         Unit{"B", 1},        Unit{"KiB", 0x1p10}, Unit{"MiB", 0x1p20},
                                Unit{"GiB", 0x1p30}, Unit{"TiB", 0x1p40}, Unit{"KB", 1e3},     Unit{"MB", 1e6},
                                Unit{"GB", 1e9},     Unit{"TB", 1e12}};

struct Quantity {
  double number;
  std::string_view suffix;
};

Result<Quantity> split(std::string_view text, std::string_view what, std::string_view examples) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || number < 0 || !std::isfinite(number))
    return fail(Errc::invalid_argument, "'{}' is not a {}; write it like {}", text, what, examples);
  return Quantity{number, text.substr(static_cast<size_t>(end - text.data()))};
}

template <size_t N>
Result<double> scale(std::string_view text, const std::array<Unit, N>& units, std::string_view what,
                     std::string_view examples, double maximum) {
  TROUPE_TRY(const Quantity quantity, split(text, what, examples));
  if (quantity.number == 0 && quantity.suffix.empty()) return 0.0;
  for (const Unit& unit : units) {
    if (unit.suffix != quantity.suffix) continue;
    const double value = std::round(quantity.number * unit.factor);
    if (value >= maximum) return fail(Errc::invalid_argument, "'{}' is too large", text);
    return value;
  }
  return fail(Errc::invalid_argument, "'{}' has no unit that a {} can have; write it like {}", text, what, examples);
}

}  // namespace

Result<Duration> parse_duration(std::string_view text) {
  TROUPE_TRY(const double ns, scale(text, duration_units, "duration", "250us, 5ms, 1.5s, 2m or 1h", 9e18));
  return Duration{static_cast<int64_t>(ns)};
}

std::string format_duration(Duration duration) {
  const int64_t ns = duration.count();
  if (ns == 0) return "0s";
  if (ns % 3'600'000'000'000 == 0) return fmt::format("{}h", ns / 3'600'000'000'000);
  if (ns % 60'000'000'000 == 0) return fmt::format("{}m", ns / 60'000'000'000);
  if (ns % 1'000'000'000 == 0) return fmt::format("{}s", ns / 1'000'000'000);
  if (ns % 1'000'000 == 0) return fmt::format("{}ms", ns / 1'000'000);
  if (ns % 1'000 == 0) return fmt::format("{}us", ns / 1'000);
  return fmt::format("{}ns", ns);
}

Result<ByteCount> parse_bytes(std::string_view text) {
  TROUPE_TRY(const double bytes, scale(text, byte_units, "size", "64KiB, 512MiB or 2GiB", 9e18));
  return ByteCount{static_cast<uint64_t>(bytes)};
}

std::string format_bytes(ByteCount count) {
  const auto bytes = static_cast<double>(count.value);
  if (count.value >= 1ULL << 30) return fmt::format("{:.4g}GiB", bytes / 0x1p30);
  if (count.value >= 1ULL << 20) return fmt::format("{:.4g}MiB", bytes / 0x1p20);
  if (count.value >= 1ULL << 10) return fmt::format("{:.4g}KiB", bytes / 0x1p10);
  return fmt::format("{}B", count.value);
}

}  // namespace troupe
