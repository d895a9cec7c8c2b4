#include "actors/experiment/report/html.hpp"

#include <fmt/format.h>

#include <cmath>

namespace troupe::experiment {

std::string escaped(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string text_of(std::optional<double> value, Scale scale) {
  if (!value || !std::isfinite(*value)) return "–";
  const char* const sign = *value < 0 ? "−" : *value > 0 && scale != Scale::share && scale != Scale::number ? "+" : "";
  const double size = std::abs(*value);
  if (scale == Scale::number) return fmt::format("{}{:.4g}", sign, size);
  const double percent = size * 100;
  const int digits = percent >= 100 || percent == 0 ? 0 : percent >= 0.1 ? 1 : 3;
  return fmt::format("{}{:.{}f} {}", sign, percent, digits, scale == Scale::points ? "pp" : "%");
}

std::string text_of_seconds(double seconds) {
  if (seconds < 120) return fmt::format("{:.3g} s", seconds);
  if (seconds < 7200) return fmt::format("{:.3g} min", seconds / 60);
  if (seconds < 172'800) return fmt::format("{:.3g} h", seconds / 3600);
  return fmt::format("{:.3g} d", seconds / 86'400);
}

std::string text_of_time(WallTime time) {
  std::string text = to_iso8601(time).substr(0, 19);
  if (text.size() > 10) text[10] = ' ';
  return text + " UTC";
}

}  // namespace troupe::experiment
