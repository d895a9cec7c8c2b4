#include "actors/experiment/statistics/quantiles.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "actors/experiment/statistics/distributions.hpp"
#include "actors/experiment/statistics/inference.hpp"

namespace troupe::experiment {

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

/// Ranks from 1 on; what lies outside 1 to n is beyond the values.
struct Ranks {
  double low = 0;
  double high = 0;
};

Status check_question(double q, double confidence) {
  TROUPE_CHECK(check_open_unit(q, "q"));
  return check_open_unit(confidence, "confidence");
}

/// The order statistics of n independent values between which the quantile lies with at least the confidence.
Result<Ranks> binomial_ranks(double n, double q, double confidence) {
  const double tail = (1 - confidence) / 2;
  TROUPE_TRY(const double low, quantile(Binomial{n, q}, tail));
  TROUPE_TRY(const double high, quantile_upper(Binomial{n, q}, tail));
  return Ranks{low, high + 1};
}

/// The ranks z standard errors of the share around the quantile, outwards.
Ranks outer_ranks(double n, double q, double share_error, double z) {
  return {std::floor(n * (q - z * share_error)), std::ceil(n * (q + z * share_error))};
}

double at_rank(const std::vector<double>& sorted, double rank) {
  if (rank < 1) return -infinity;
  if (rank > static_cast<double>(sorted.size())) return infinity;
  return sorted[static_cast<size_t>(rank) - 1];
}

double half_width(double low, double high, double z) {
  return (high - low) / (2 * z);
}

double linear_quantile(const std::vector<double>& sorted, double q) {
  const double position = q * static_cast<double>(sorted.size() - 1);
  const size_t below = static_cast<size_t>(position);
  const size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (position - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

/// The standard error of the share of values <= `value` where values come by unit. `values` sorted by unit.
double clustered_share_error(std::span<const UnitValue> values, double value, double share, double units) {
  double squares = 0;
  for (size_t begin = 0, end = 0; begin < values.size(); begin = end) {
    double residual = 0;
    for (; end < values.size() && values[end].unit == values[begin].unit; ++end) {
      residual += (values[end].value <= value ? 1 : 0) - share;
    }
    squares += residual * residual;
  }
  return std::sqrt(squares * units / (units - 1)) / static_cast<double>(values.size());
}

double count_units(std::span<const UnitValue> sorted) {
  double units = 1;
  for (size_t i = 1; i < sorted.size(); ++i) units += sorted[i].unit != sorted[i - 1].unit;
  return units;
}

/// A histogram with its running counts.
class Histogram {
 public:
  Histogram(std::span<const double> edges, std::span<const double> counts) : edges_(edges), counts_(counts) {
    below_.push_back(0);
    for (const double count : counts) below_.push_back(below_.back() + count);
  }

  double total() const { return below_.back(); }

  /// The bucket of the value with this rank, 0 < rank <= total.
  size_t bucket(double rank) const {
    return static_cast<size_t>(std::lower_bound(below_.begin() + 1, below_.end(), rank) - below_.begin()) - 1;
  }

  /// Linear within the bucket; unbounded outside of the ranks.
  double value_at(double rank) const {
    if (rank <= 0) return -infinity;
    if (rank > total()) return infinity;
    const size_t i = bucket(rank);
    return edges_[i] + (rank - below_[i]) / counts_[i] * width(rank);
  }

  double lower_edge(double rank) const { return rank < 1 ? -infinity : edges_[bucket(rank)]; }
  double upper_edge(double rank) const { return rank > total() ? infinity : edges_[bucket(rank) + 1]; }

  /// Of the rank's bucket; 0 outside of the ranks, where nothing is said.
  double width(double rank) const {
    if (rank <= 0 || rank > total()) return 0;
    return edges_[bucket(rank) + 1] - edges_[bucket(rank)];
  }

 private:
  std::span<const double> edges_;
  std::span<const double> counts_;
  std::vector<double> below_;
};

Status check_histogram(std::span<const double> edges, std::span<const double> counts) {
  if (counts.empty() || edges.size() != counts.size() + 1) {
    return fail(Errc::invalid_argument, "{} edges for {} buckets: there must be one more", edges.size(), counts.size());
  }
  double total = 0;
  for (const double count : counts) {
    TROUPE_CHECK(check_count(count, "a bucket's count"));
    total += count;
  }
  TROUPE_CHECK(check_count(total, "the sum of the buckets' counts"));
  if (total == 0) return fail(Errc::invalid_argument, "the histogram is empty: a quantile needs a value");
  for (size_t i = 0; i < edges.size(); ++i) {
    TROUPE_CHECK(check_finite(edges[i], "an edge"));
    if (i > 0 && !(edges[i] > edges[i - 1])) {
      return fail(Errc::invalid_argument, "edge {} follows edge {}: edges must ascend", edges[i], edges[i - 1]);
    }
  }
  return {};
}

}  // namespace

Result<QuantileEstimate> quantile_of_values(std::span<const double> values, double q, double confidence) {
  TROUPE_CHECK(check_question(q, confidence));
  if (values.empty()) return fail(Errc::invalid_argument, "there are no values: a quantile needs one");
  for (const double value : values) TROUPE_CHECK(check_finite(value, "a value"));
  std::vector<double> sorted(values.begin(), values.end());
  std::sort(sorted.begin(), sorted.end());
  const double n = static_cast<double>(sorted.size());
  TROUPE_TRY(const double z, critical_value({.confidence = confidence}));
  TROUPE_TRY(const Ranks ranks, binomial_ranks(n, q, confidence));
  const Ranks outer = outer_ranks(n, q, std::sqrt(q * (1 - q) / n), z);
  return QuantileEstimate{
      .value = linear_quantile(sorted, q),
      .standard_error = half_width(at_rank(sorted, outer.low), at_rank(sorted, outer.high), z),
      .interval = {at_rank(sorted, ranks.low), at_rank(sorted, ranks.high)},
  };
}

Result<QuantileEstimate> quantile_of_clusters(std::span<const UnitValue> values, double q, double confidence) {
  TROUPE_CHECK(check_question(q, confidence));
  for (const UnitValue& each : values) TROUPE_CHECK(check_finite(each.value, "a value"));
  std::vector<UnitValue> by_unit(values.begin(), values.end());
  std::sort(by_unit.begin(), by_unit.end(), [](const UnitValue& a, const UnitValue& b) { return a.unit < b.unit; });
  const double units = by_unit.empty() ? 0 : count_units(by_unit);
  if (units < 2) return fail(Errc::invalid_argument, "there are values of {} units: a variance needs two", units);
  std::vector<double> sorted;
  for (const UnitValue& each : by_unit) sorted.push_back(each.value);
  std::sort(sorted.begin(), sorted.end());
  QuantileEstimate estimate{.value = linear_quantile(sorted, q)};
  const double n = static_cast<double>(sorted.size());
  const auto not_above = std::upper_bound(sorted.begin(), sorted.end(), estimate.value) - sorted.begin();
  const double error = clustered_share_error(by_unit, estimate.value, static_cast<double>(not_above) / n, units);
  TROUPE_TRY(const double z, critical_value({.confidence = confidence}));
  const Ranks outer = outer_ranks(n, q, error, z);
  estimate.interval = {at_rank(sorted, outer.low), at_rank(sorted, outer.high)};
  estimate.standard_error = half_width(estimate.interval.low, estimate.interval.high, z);
  return estimate;
}

Result<QuantileEstimate> quantile_of_histogram(std::span<const double> edges, std::span<const double> counts, double q,
                                               double confidence) {
  TROUPE_CHECK(check_question(q, confidence));
  TROUPE_CHECK(check_histogram(edges, counts));
  const Histogram histogram(edges, counts);
  const double n = histogram.total();
  TROUPE_TRY(const double z, critical_value({.confidence = confidence}));
  TROUPE_TRY(const Ranks ranks, binomial_ranks(n, q, confidence));
  const double reach = z * std::sqrt(q * (1 - q) / n);
  return QuantileEstimate{
      .value = histogram.value_at(n * q),
      .standard_error = half_width(histogram.value_at(n * (q - reach)), histogram.value_at(n * (q + reach)), z),
      .interval = {histogram.lower_edge(ranks.low), histogram.upper_edge(ranks.high)},
      .bucket_error = std::max({histogram.width(n * q), histogram.width(ranks.low), histogram.width(ranks.high)}),
  };
}

Result<TestResult> quantile_difference(const QuantileEstimate& first, const QuantileEstimate& second,
                                       const TestOptions& options) {
  if (std::isinf(first.standard_error) || std::isinf(second.standard_error)) {
    return fail(Errc::invalid_argument, "an arm has too few values for the standard error of this quantile");
  }
  return wald_test("difference of quantiles", second.value - first.value,
                   std::hypot(first.standard_error, second.standard_error), {}, options);
}

}  // namespace troupe::experiment
