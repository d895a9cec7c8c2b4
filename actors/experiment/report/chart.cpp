#include "actors/experiment/report/chart.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>

namespace troupe::experiment {
namespace {

constexpr double width = 440;
constexpr double height = 190;
constexpr double left = 62;
constexpr double right = width - 20;
constexpr double top = 8;
constexpr double bottom = height - 24;
constexpr uint32_t colours = 8;
constexpr int ticks_wanted = 5;
constexpr size_t density_points = 160;

/// The chart's rectangle of values, and where they are in the picture.
struct Frame {
  Interval x;
  Interval y;

  double at_x(double value) const { return left + (value - x.low) / (x.high - x.low) * (right - left); }
  double at_y(double value) const {
    const double share = std::clamp((value - y.low) / (y.high - y.low), 0.0, 1.0);
    return bottom - share * (bottom - top);
  }
};

class Picture {
 public:
  explicit Picture(const std::string& title) {
    add(R"(<svg class="chart" viewBox="0 0 {} {}" role="img" aria-label="{}">)", width, height, escaped(title));
  }

  template <class... Parts>
  void add(fmt::format_string<Parts...> text, Parts&&... parts) {
    fmt::format_to(std::back_inserter(out_), text, std::forward<Parts>(parts)...);
  }
  void grid(const Frame& frame, const std::vector<double>& ticks, Scale scale) {
    for (const double tick : ticks) {
      const double y = frame.at_y(tick);
      add(R"(<path class="{}" d="M{} {:.1f}H{}"/>)", tick == 0 ? "zero" : "grid", left, y, right);
      add(R"(<text x="{}" y="{:.1f}" class="tick end">{}</text>)", left - 6, y + 4, text_of(tick, scale));
    }
  }
  void x_label(const Frame& frame, double at, const std::string& text) {
    add(R"(<text x="{:.1f}" y="{}" class="tick middle">{}</text>)", frame.at_x(at), height - 6, text);
  }
  std::string done() { return std::move(out_) + "</svg>"; }

 private:
  std::string out_;
};

void widen(std::optional<Interval>& range, double value) {
  if (!std::isfinite(value)) return;
  range = range ? Interval{std::min(range->low, value), std::max(range->high, value)} : Interval{value, value};
}

/// All values, and the bands of the later three quarters: early ones would hide everything.
std::optional<Interval> values_of(const TimeChart& chart) {
  std::optional<Interval> range;
  if (chart.from_zero) widen(range, 0);
  bool has_values = false;
  for (const ChartLine& line : chart.lines) {
    std::vector<const Interval*> bands;
    for (const auto& band : line.band)
      if (band && std::isfinite(band->low) && std::isfinite(band->high)) bands.push_back(&*band);
    for (size_t i = bands.size() / 4; i < bands.size(); ++i) {
      widen(range, bands[i]->low);
      widen(range, bands[i]->high);
    }
    for (size_t i = 0; i < line.y.size(); ++i) {
      if (!line.y[i]) continue;
      has_values = true;
      // Where there are bands, values without a later one would be as wild as theirs.
      if (bands.empty() || i >= line.y.size() / 4) widen(range, *line.y[i]);
    }
  }
  if (!has_values) return std::nullopt;
  if (!range) return Interval{0, 1};
  const double reach = range->high - range->low;
  const double room = reach > 0 ? reach * 0.06 : range->high != 0 ? std::abs(range->high) * 0.1 : 0.01;
  return Interval{chart.from_zero && range->low == 0 ? 0 : range->low - room, range->high + room};
}

/// Between round numbers of a clock.
double time_step(double seconds) {
  constexpr std::array steps{1.0,      2.0,      5.0,       10.0,      15.0,      30.0,       60.0,     120.0,
                             300.0,    600.0,    900.0,     1800.0,    3600.0,    7200.0,     10'800.0, 21'600.0,
                             43'200.0, 86'400.0, 172'800.0, 432'000.0, 864'000.0, 2'592'000.0};
  for (const double step : steps)
    if (seconds / step <= ticks_wanted + 1) return step;
  return std::ceil(seconds / ticks_wanted);
}

/// [first, end) of what follows one another without a gap.
template <class HasValue>
std::vector<std::pair<size_t, size_t>> runs_of(size_t size, const HasValue& has_value) {
  std::vector<std::pair<size_t, size_t>> runs;
  for (size_t i = 0; i < size; ++i) {
    if (!has_value(i)) continue;
    if (runs.empty() || runs.back().second < i) runs.emplace_back(i, i);
    runs.back().second = i + 1;
  }
  return runs;
}

/// Of a single value a bar.
void add_band(Picture& picture, const Frame& frame, const TimeChart& chart, const ChartLine& line) {
  constexpr double bar_half = 4;
  for (const auto& [first, end] : runs_of(line.band.size(), [&](size_t i) { return line.band[i].has_value(); })) {
    std::string upper;
    std::string lower;
    const auto add = [&](size_t i, double beside) {
      const double x = frame.at_x(chart.x[i]) + beside;
      upper += fmt::format("L{:.1f} {:.1f}", x, frame.at_y(std::min(line.band[i]->high, frame.y.high)));
      lower = fmt::format("L{:.1f} {:.1f}", x, frame.at_y(std::max(line.band[i]->low, frame.y.low))) + lower;
    };
    if (end == first + 1) {
      add(first, -bar_half);
      add(first, bar_half);
    } else {
      for (size_t i = first; i < end; ++i) add(i, 0);
    }
    picture.add(R"(<path class="band fill{}" d="M{}L{}Z"/>)", line.colour % colours, upper.substr(1), lower.substr(1));
  }
}

/// A value between two gaps is a dot: a path of no length with round ends.
void add_line(Picture& picture, const Frame& frame, const std::vector<double>& x, const ChartLine& line) {
  std::string path;
  std::string dots;
  const auto has_value = [&](size_t i) { return line.y[i] && std::isfinite(*line.y[i]); };
  for (const auto& [first, end] : runs_of(line.y.size(), has_value)) {
    if (end == first + 1) dots += fmt::format("M{:.1f} {:.1f}h0", frame.at_x(x[first]), frame.at_y(*line.y[first]));
    for (size_t i = first; i < end && end > first + 1; ++i)
      path += fmt::format("{}{:.1f} {:.1f}", i == first ? "M" : "L", frame.at_x(x[i]), frame.at_y(*line.y[i]));
  }
  if (!path.empty())
    picture.add(R"(<path class="line stroke{}{}" d="{}"/>)", line.colour % colours,
                line.colour >= colours ? " dashed" : "", path);
  if (!dots.empty()) picture.add(R"(<path class="dot stroke{}" d="{}"/>)", line.colour % colours, dots);
}

Interval range_of(const Beta& rate) {
  const double mean = rate.a / (rate.a + rate.b);
  const double deviation = std::sqrt(mean * (1 - mean) / (rate.a + rate.b + 1));
  return {std::max(0.0, mean - 5 * deviation), std::min(1.0, mean + 5 * deviation)};
}

/// At points over `range`, of area 1.
std::vector<std::optional<double>> density_of(const Beta& rate, const std::vector<double>& x) {
  std::vector<double> logs;
  for (const double at : x) {
    const double inside = std::clamp(at, 1e-12, 1 - 1e-12);
    logs.push_back((rate.a - 1) * std::log(inside) + (rate.b - 1) * std::log1p(-inside));
  }
  const double highest = *std::ranges::max_element(logs);
  double area = 0;
  std::vector<std::optional<double>> density;
  for (const double one : logs) {
    density.emplace_back(std::exp(one - highest));
    area += *density.back();
  }
  area *= (x.back() - x.front()) / static_cast<double>(x.size() - 1);
  for (auto& one : density) *one /= area;
  return density;
}

}  // namespace

std::vector<double> ticks_between(double low, double high, int count) {
  if (!(high > low) || count < 1) return {};
  const double rough = (high - low) / count;
  const double power = std::pow(10, std::floor(std::log10(rough)));
  const double part = rough / power;
  const double step = power * (part <= 1 ? 1 : part <= 2 ? 2 : part <= 5 ? 5 : 10);
  std::vector<double> ticks;
  for (double index = std::ceil(low / step); index * step <= high; ++index)
    ticks.push_back(index * step + 0.0);  // Never -0.
  return ticks;
}

std::string svg_of(const TimeChart& chart) {
  const auto values = values_of(chart);
  if (!values || chart.x.empty()) return {};
  const Frame frame{{0, std::max(chart.x.back(), 1e-3)}, *values};
  Picture picture(chart.title);
  picture.grid(frame, ticks_between(values->low, values->high, ticks_wanted), chart.scale);
  const double step = time_step(frame.x.high);
  for (double at = 0; at <= frame.x.high; at += step)
    picture.x_label(frame, at, at == 0 ? "start" : text_of_seconds(at));
  for (const ChartLine& line : chart.lines) add_band(picture, frame, chart, line);
  for (const ChartLine& line : chart.lines) add_line(picture, frame, chart.x, line);
  return picture.done();
}

std::string svg_of(const DensityChart& chart) {
  if (chart.rates.empty()) return {};
  Interval range = range_of(chart.rates.front().second);
  for (const auto& [colour, rate] : chart.rates) {
    const Interval one = range_of(rate);
    range = {std::min(range.low, one.low), std::max(range.high, one.high)};
  }
  std::vector<double> x;
  for (size_t i = 0; i < density_points; ++i)
    x.push_back(range.low + (range.high - range.low) * static_cast<double>(i) / (density_points - 1));
  std::vector<ChartLine> lines;
  double highest = 0;
  for (const auto& [colour, rate] : chart.rates) {
    lines.push_back({colour, density_of(rate, x), {}});
    for (const auto& one : lines.back().y) highest = std::max(highest, *one);
  }
  const Frame frame{range, {0, highest * 1.05}};
  Picture picture(chart.title);
  picture.add(R"(<path class="zero" d="M{} {}H{}"/>)", left, bottom, right);
  for (const double tick : ticks_between(range.low, range.high, ticks_wanted + 1))
    picture.x_label(frame, tick, text_of(tick, Scale::share));
  for (const ChartLine& line : lines) {
    std::string area = fmt::format("M{:.1f} {}", frame.at_x(range.low), bottom);
    for (size_t i = 0; i < x.size(); ++i)
      area += fmt::format("L{:.1f} {:.1f}", frame.at_x(x[i]), frame.at_y(*line.y[i]));
    picture.add(R"(<path class="band fill{}" d="{}L{:.1f} {}Z"/>)", line.colour % colours, area, frame.at_x(range.high),
                bottom);
    add_line(picture, frame, x, line);
  }
  return picture.done();
}

std::string svg_of(const IntervalBar& bar) {
  constexpr double middle = 90;
  constexpr double reach = 84;
  const auto at = [&](double value) { return middle + std::clamp(value / bar.extent, -1.0, 1.0) * reach; };
  const double low = at(bar.interval.low);
  const double high = at(bar.interval.high);
  std::string out =
      fmt::format(R"(<svg class="bar {}" viewBox="0 0 180 20" aria-hidden="true"><path class="zero" d="M{} 1V19"/>)",
                  bar.tone == Tone::good  ? "good"
                  : bar.tone == Tone::bad ? "bad"
                                          : "open",
                  middle);
  if (bar.limit) out += fmt::format(R"(<path class="limit" d="M{:.1f} 1V19"/>)", at(*bar.limit));
  out += fmt::format(R"(<path class="reach" d="M{:.1f} 10H{:.1f}"/>)", low, high);
  if (bar.interval.low < -bar.extent)
    out += fmt::format(R"(<path class="reach" d="M{0:.1f} 5L{1:.1f} 10L{0:.1f} 15"/>)", low + 5, low);
  if (bar.interval.high > bar.extent)
    out += fmt::format(R"(<path class="reach" d="M{0:.1f} 5L{1:.1f} 10L{0:.1f} 15"/>)", high - 5, high);
  out += fmt::format(R"(<circle cx="{:.1f}" cy="10" r="4"/></svg>)", at(bar.value));
  return out;
}

}  // namespace troupe::experiment
