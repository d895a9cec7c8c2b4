#pragma once
// Charts as SVG, for a page that has report_style: colours are its classes, so that they follow light and dark. Pure.

#include <optional>
#include <string>
#include <vector>

#include "actors/experiment/report/html.hpp"
#include "actors/experiment/statistics/distributions.hpp"
#include "actors/experiment/statistics/result.hpp"

namespace troupe::experiment {

struct ChartLine {
  uint32_t colour = 0;                          ///< A variant's index.
  std::vector<std::optional<double>> y;         ///< One for each x; none leaves a gap.
  std::vector<std::optional<Interval>> band{};  ///< Likewise, or empty. An open side reaches the chart's edge.
};

struct TimeChart {
  std::string title;  ///< For who cannot see it.
  Scale scale = Scale::number;
  bool from_zero = false;  ///< 0 is in it.
  std::vector<double> x;   ///< Seconds since the start, ascending.
  std::vector<ChartLine> lines;
};

/// Empty where there is no value at all. Early bands, which are very wide, are cut off at the edge.
std::string svg_of(const TimeChart& chart);

/// Densities of rates, each of area 1. Empty without any.
struct DensityChart {
  std::string title;
  std::vector<std::pair<uint32_t, Beta>> rates;  ///< Colour and posterior.
};
std::string svg_of(const DensityChart& chart);

enum class Tone : uint8_t { open, good, bad };

/// An interval as a bar on a line from -extent to extent with 0 in its middle; what lies beyond is cut off, with an
/// arrow.
struct IntervalBar {
  Interval interval;
  double value = 0;
  double extent = 1;  ///< > 0
  Tone tone = Tone::open;
  std::optional<double> limit;  ///< What it must not cross.
};
std::string svg_of(const IntervalBar& bar);

/// Where ticks stand: at most `count` + 1 round numbers within [low, high].
std::vector<double> ticks_between(double low, double high, int count);

}  // namespace troupe::experiment
