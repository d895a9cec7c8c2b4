#include "actors/experiment/statistics/quantile_sequence.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "actors/experiment/statistics/distributions.hpp"
#include "actors/experiment/statistics/log_math.hpp"
#include "actors/experiment/statistics/quadrature.hpp"
#include "actors/experiment/statistics/summary.hpp"

namespace troupe::experiment {

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

Status check(std::span<const Bucket> buckets, const QuantileSequenceOptions& options) {
  TROUPE_CHECK(check_open_unit(options.alpha, "alpha"));
  if (!(options.quantile >= 0.0001 && options.quantile <= 0.9999)) {
    return fail_field("quantile", "the quantile is {}; it must lie within 0.0001 and 0.9999", options.quantile);
  }
  if (!(options.values_planned >= 1 && options.values_planned <= 1e12)) {
    return fail_field("values_planned", "values_planned is {}; it must lie within 1 and 1e12", options.values_planned);
  }
  uint64_t total = 0;
  for (size_t i = 0; i < buckets.size(); ++i) {
    const auto& bucket = buckets[i];
    if (!std::isfinite(bucket.low) || !std::isfinite(bucket.high) || bucket.high < bucket.low ||
        (i > 0 && bucket.low < buckets[i - 1].high)) {
      return fail_field("buckets", "bucket {} is [{}, {}]; buckets must be finite, ascend and not overlap", i,
                        bucket.low, bucket.high);
    }
    total += bucket.count;
  }
  if (total == 0) return fail_field("buckets", "an arm has no values: it has no quantiles");
  return {};
}

/// log of the integral of q^(a - 1) (1 - q)^(b - 1) / (p^(a - 1) (1 - p)^(b - 1)) from p to 1, where that is all tail:
/// the integrand falls from p at a rate that only grows.
double log_far_tail(double a, double b, double p) {
  const double rate = (b - 1) / (1 - p) - (a - 1) / p;
  double sum = 0;
  for (const auto& node : panel_nodes(0, 45, 5)) {
    const double step = node.x / rate;
    if (step >= 1 - p) break;
    sum += node.weight * std::exp((a - 1) * std::log1p(step / p) + (b - 1) * std::log1p(-step / (1 - p)));
  }
  return std::log(sum / rate);
}

/// Evidence against a quantile, by how many values lie on either side of it.
class RankEvidence {
 public:
  RankEvidence(double total, const QuantileSequenceOptions& options) : total_(total), p_(options.quantile) {
    double x = 1 - 2 * std::log(options.alpha);
    for (int i = 0; i < 200; ++i) x = std::log1p(x) - 2 * std::log(options.alpha);
    const double r = options.values_planned / x;
    a_ = r * p_;
    b_ = r * (1 - p_);
    log_below_ = std::log(*cdf(Beta{a_, b_}, p_));
    log_above_ = std::log(*survival(Beta{a_, b_}, p_));
  }

  /// That fewer values are <= the point than a quantile would have: falls with `at_most`.
  double too_low(double at_most) const {
    const double a = a_ + at_most, b = b_ + total_ - at_most;
    return mixture(at_most, *cdf(Beta{a, b}, p_), [&] { return log_far_tail(b, a, 1 - p_); }) - log_below_;
  }
  /// That more values are < the point than a quantile would have: rises with `less`.
  double too_high(double less) const {
    const double a = a_ + less, b = b_ + total_ - less;
    return mixture(less, *survival(Beta{a, b}, p_), [&] { return log_far_tail(a, b, p_); }) - log_above_;
  }

 private:
  /// log of the likelihood ratio mixed over one side's chances; `share` of the whole mixture is on that side.
  template <class FarTail>
  double mixture(double count, double share, const FarTail& far_tail) const {
    // Below, the whole would be a huge number times a tiny one.
    if (share > 1e-250) {
      return log_beta_mixture_ratio(a_, b_, count, total_ - count, p_) + std::log(share);
    }
    return far_tail() + (a_ - 1) * std::log(p_) + (b_ - 1) * std::log1p(-p_) - log_beta(a_, b_);
  }

  double total_, p_;
  double a_ = 0, b_ = 0;
  double log_below_ = 0, log_above_ = 0;
};

/// An arm's buckets that hold something, with the number of values up to and with each.
class RankedArm {
 public:
  RankedArm(std::span<const Bucket> buckets, const QuantileSequenceOptions& options) : evidence_(0, options) {
    uint64_t total = 0;
    for (const auto& bucket : buckets) {
      if (bucket.count == 0) continue;
      total += bucket.count;
      buckets_.push_back(bucket);
      up_to_.push_back(static_cast<double>(total));
    }
    evidence_ = RankEvidence(static_cast<double>(total), options);
    low_.resize(size() + 1, unknown);
    high_.resize(size() + 1, unknown);
  }

  // A place is 0: below all buckets; i: from bucket i - 1's low end to the next one's, for too_low; from the previous
  // one's high end to bucket i's, for too_high; size() for too_high: above all.
  size_t size() const { return buckets_.size(); }
  double too_low(size_t place) const {
    return remembered(low_[place], [&] { return evidence_.too_low(count(place)); });
  }
  double too_high(size_t place) const {
    return remembered(high_[place], [&] { return evidence_.too_high(count(place)); });
  }
  /// The least point that has too_low(place), and the greatest that has too_high(place).
  double least(size_t place) const { return place == 0 ? -infinity : buckets_[place - 1].low; }
  double greatest(size_t place) const { return place == size() ? infinity : buckets_[place].high; }

  /// The first place whose too_low is below `level`, size() where there is none.
  size_t first_not_too_low(double level) const {
    size_t low = 0, high = size();
    while (low < high) {
      const size_t middle = (low + high) / 2;
      if (too_low(middle) < level) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    return low;
  }
  /// The last place whose too_high is below `level`; 0 where there is none.
  size_t last_not_too_high(double level) const {
    size_t low = 0, high = size();
    while (low < high) {
      const size_t middle = (low + high + 1) / 2;
      if (too_high(middle) < level) {
        low = middle;
      } else {
        high = middle - 1;
      }
    }
    return low;
  }

  double sample_quantile(double p) const {
    const double rank = p * up_to_.back();
    const auto at = std::lower_bound(up_to_.begin(), up_to_.end(), rank) - up_to_.begin();
    const auto& bucket = buckets_[std::min(static_cast<size_t>(at), size() - 1)];
    return 0.5 * (bucket.low + bucket.high);
  }

 private:
  static constexpr double unknown = std::numeric_limits<double>::quiet_NaN();

  double count(size_t place) const { return place == 0 ? 0 : up_to_[place - 1]; }
  template <class Compute>
  static double remembered(double& slot, const Compute& compute) {
    if (std::isnan(slot)) slot = compute();
    return slot;
  }

  std::vector<Bucket> buckets_;
  std::vector<double> up_to_;
  RankEvidence evidence_;
  // What was asked before: an interval is sought at many levels.
  mutable std::vector<double> low_, high_;
};

/// The greatest y - x with evidence against (x as lower's quantile, being too low) and (y as upper's, being too high)
/// below `level` together. As x rises its evidence falls, and y may rise: two places move one way.
double greatest_difference(const RankedArm& lower, const RankedArm& upper, double level) {
  double best = -infinity;
  size_t x = lower.first_not_too_low(level - upper.too_high(0));
  size_t y = 0;
  const double top = upper.greatest(upper.last_not_too_high(level - lower.too_low(lower.size())));
  for (; x <= lower.size() && top - lower.least(x) > best; ++x) {
    const double left = level - lower.too_low(x);
    if (y == 0) y = upper.last_not_too_high(left);
    while (y < upper.size() && upper.too_high(y + 1) < left) ++y;
    if (upper.too_high(y) < left) best = std::max(best, upper.greatest(y) - lower.least(x));
  }
  return best;
}

}  // namespace

Result<std::vector<Bucket>> buckets_of(std::vector<double> values) {
  for (const double value : values) {
    if (!std::isfinite(value)) return fail_field("values", "a value is {}; all must be finite", value);
  }
  std::sort(values.begin(), values.end());
  std::vector<Bucket> buckets;
  for (const double value : values) {
    if (buckets.empty() || buckets.back().low != value) buckets.push_back({value, value, 0});
    ++buckets.back().count;
  }
  return buckets;
}

Result<std::vector<Bucket>> buckets_of(std::span<const double> edges, std::span<const double> counts) {
  if (edges.size() != counts.size() + 1) {
    return fail_field("edges", "{} counts have {} edges; they need one more than counts", counts.size(), edges.size());
  }
  std::vector<Bucket> buckets;
  for (size_t i = 0; i < counts.size(); ++i) {
    TROUPE_CHECK(check_count(counts[i], "a bucket's count"));
    buckets.push_back({edges[i], edges[i + 1], static_cast<uint64_t>(counts[i])});
  }
  return buckets;
}

Result<Interval> quantile_sequence(std::span<const Bucket> buckets, QuantileSequenceOptions options) {
  TROUPE_CHECK(check(buckets, options));
  const RankedArm arm(buckets, options);
  const double level = std::log(2 / options.alpha);
  return Interval{arm.least(arm.first_not_too_low(level)), arm.greatest(arm.last_not_too_high(level))};
}

Result<TestResult> quantile_difference_sequence(std::span<const Bucket> a, std::span<const Bucket> b,
                                                QuantileSequenceOptions options) {
  TROUPE_CHECK(check(a, options));
  TROUPE_CHECK(check(b, options));
  const RankedArm first(a, options), second(b, options);
  const auto interval_at = [&](double log_inverse_alpha) {
    const double level = std::numbers::ln2 + log_inverse_alpha;
    return Interval{-greatest_difference(second, first, level), greatest_difference(first, second, level)};
  };

  TestResult result;
  result.method = "quantile confidence sequence";
  result.estimate = second.sample_quantile(options.quantile) - first.sample_quantile(options.quantile);
  result.interval = interval_at(-std::log(options.alpha));
  // The least alpha that rejects 0: doubled until it does not, at most to exp(-700), then bisected.
  const auto rejects = [&](double level) {
    const auto interval = interval_at(level);
    return interval.low > 0 || interval.high < 0;
  };
  double rejected = 0, kept = -std::log(options.alpha);
  while (kept < 700 && rejects(kept)) {
    rejected = kept;
    kept *= 2;
  }
  if (rejected == 0 && !rejects(0)) kept = 0;
  for (int i = 0; i < 40 && kept > rejected; ++i) {
    const double middle = 0.5 * (rejected + kept);
    (rejects(middle) ? rejected : kept) = middle;
  }
  result.statistic = rejected;
  result.p_value = std::exp(-rejected);
  return result;
}

}  // namespace troupe::experiment
