#include "actors/experiment/statistics/group_sequential.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "actors/experiment/statistics/distributions.hpp"
#include "actors/experiment/statistics/quadrature.hpp"
#include "actors/experiment/statistics/summary.hpp"

namespace troupe::experiment {

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double z_max = 10;  ///< The normal density beyond is below 1e-22.
constexpr double log_probability_min = -700;

double upper_tail(double z) {
  return 0.5 * std::erfc(z / std::numbers::sqrt2);
}

double density(double z) {
  return std::exp(-0.5 * z * z) / std::sqrt(2 * std::numbers::pi);
}

double spent_by(double fraction, double alpha, const GroupSequentialOptions& options) {
  switch (options.spending) {
    case Spending::obrien_fleming:
      return 2 * upper_tail(*quantile_upper(Normal{}, alpha / 2) / std::sqrt(fraction));
    case Spending::pocock:
      return alpha * std::log1p((std::numbers::e - 1) * fraction);
    case Spending::hwang_shih_decani:
      break;
  }
  if (options.gamma == 0) return alpha * fraction;
  return alpha * std::expm1(-options.gamma * fraction) / std::expm1(-options.gamma);
}

/// The density of the standardised score at a look, over what no look has rejected; nodes carry density * weight.
struct Stage {
  double fraction = 0;
  std::vector<QuadratureNode> mass;

  /// P(not rejected before, score at `next` above z).
  double crossing(double next, double z) const {
    const double scale = std::sqrt(next - fraction);
    double sum = 0;
    for (const auto& node : mass) {
      sum += node.weight * upper_tail((z * std::sqrt(next) - node.x * std::sqrt(fraction)) / scale);
    }
    return sum;
  }

  double density_at(double next, double z) const {
    const double scale = std::sqrt(next - fraction), stretch = std::sqrt(next) / scale;
    double sum = 0;
    for (const auto& node : mass) {
      const double step = (z * std::sqrt(next) - node.x * std::sqrt(fraction)) / scale;
      if (std::abs(step) < z_max) sum += node.weight * density(step);
    }
    return sum * stretch;
  }
};

/// The z that `stage` crosses at `next` with this probability.
double boundary_z(const Stage& stage, double next, double probability) {
  if (!(std::log(probability) > log_probability_min)) return infinity;
  double low = -z_max, high = 40;
  for (int i = 0; i < 60; ++i) {
    const double middle = 0.5 * (low + high);
    (stage.crossing(next, middle) > probability ? low : high) = middle;
  }
  return 0.5 * (low + high);
}

Status check(std::span<const double> fractions, const GroupSequentialOptions& options) {
  TROUPE_CHECK(check_open_unit(options.alpha, "alpha"));
  if (!(std::abs(options.gamma) <= 40)) {
    return fail_field("gamma", "gamma is {}; it must lie within -40 and 40", options.gamma);
  }
  if (fractions.empty() || fractions.size() > 200) {
    return fail_field("fractions", "there are {} looks; a design has 1 to 200", fractions.size());
  }
  double before = 0;
  for (const double fraction : fractions) {
    if (!(fraction > 0 && fraction <= 1 && fraction >= before * 1.001)) {
      return fail_field("fractions",
                        "an information fraction is {} after {}; they must rise within (0, 1], each by at least 0.1 %",
                        fraction, before);
    }
    before = fraction;
  }
  return {};
}

}  // namespace

Result<std::vector<Boundary>> group_sequential_boundaries(std::span<const double> fractions,
                                                          GroupSequentialOptions options) {
  TROUPE_CHECK(check(fractions, options));
  const bool two_sided = options.alternative == Alternative::two_sided;
  const double sides = two_sided ? 2 : 1;
  const double alpha = options.alpha / sides;

  std::vector<Boundary> boundaries;
  // Before any look all mass is at a score of 0.
  Stage stage{0, {{0, 1}}};
  double spent = 0;
  for (size_t look = 0; look < fractions.size(); ++look) {
    const double fraction = fractions[look];
    const double spent_now = spent_by(fraction, alpha, options);
    const double z = boundary_z(stage, fraction, spent_now - spent);
    spent = spent_now;
    boundaries.push_back({fraction, z, sides * upper_tail(z), sides * spent});
    if (look + 1 == fractions.size()) break;

    // Panels as fine as the narrower of the normal steps that lead here and on.
    const double step = std::min(fraction - stage.fraction, fractions[look + 1] - fraction);
    const double panel = 3 * std::sqrt(std::min(1.0, step / fraction));
    const double high = std::min(z, z_max), low = two_sided ? -high : -z_max;
    auto nodes = panel_nodes(low, high, panel);
    for (auto& node : nodes) node.weight *= stage.density_at(fraction, node.x);
    stage = {fraction, std::move(nodes)};
  }
  return boundaries;
}

Result<Interval> repeated_interval(double value, double standard_error, const Boundary& boundary,
                                   Alternative alternative) {
  if (!std::isfinite(value)) return fail_field("value", "the estimate is {}; it must be finite", value);
  if (!(standard_error > 0 && std::isfinite(standard_error))) {
    return fail_field("standard_error", "the standard error is {}; it must be above 0 and finite", standard_error);
  }
  if (std::isnan(boundary.z)) return fail_field("boundary", "the boundary is not a number");
  const double reach = boundary.z * standard_error;
  return Interval{alternative == Alternative::less ? -infinity : value - reach,
                  alternative == Alternative::greater ? infinity : value + reach};
}

}  // namespace troupe::experiment
