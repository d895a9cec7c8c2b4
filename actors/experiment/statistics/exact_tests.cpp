#include "actors/experiment/statistics/exact_tests.hpp"

#include <cmath>

#include "actors/experiment/statistics/distributions.hpp"
#include "actors/experiment/statistics/inference.hpp"
#include "actors/experiment/statistics/proportions.hpp"

namespace troupe::experiment {

namespace {

/// Two probabilities this near are one: they differ by rounding only.
constexpr double tie = 1e-7;

/// The count from `far` towards `near` that is nearest to `near` and no likelier than `bound`; none if `far` is
/// likelier. Masses must not fall from `far` to `near`.
template <class Distribution>
Result<std::optional<double>> nearest_unlikely(const Distribution& d, double far, double near, double bound) {
  TROUPE_TRY(const double at_far, mass(d, far));
  if (at_far > bound) return std::nullopt;
  while (std::abs(far - near) > 1) {
    const double middle = std::floor((far + near) / 2);
    TROUPE_TRY(const double at, mass(d, middle));
    (at <= bound ? far : near) = middle;
  }
  return far;
}

struct Range {
  double low = 0;
  double mode = 0;
  double high = 0;
};

/// The probability of all counts no likelier than k, for a distribution with one mode.
template <class Distribution>
Result<double> two_sided_p(const Distribution& d, const Range& range, double k) {
  TROUPE_TRY(const double at_k, mass(d, k));
  TROUPE_TRY(const double at_mode, mass(d, range.mode));
  const double bound = at_k * (1 + tie);
  if (at_mode <= bound) return 1;
  const bool below = k < range.mode;
  TROUPE_TRY(const double near_tail, below ? cdf(d, k) : survival(d, k - 1));
  TROUPE_TRY(const auto opposite, nearest_unlikely(d, below ? range.high : range.low, range.mode, bound));
  if (!opposite) return near_tail;
  TROUPE_TRY(const double far_tail, below ? survival(d, *opposite - 1) : cdf(d, *opposite));
  return std::min(1.0, near_tail + far_tail);
}

template <class Distribution>
Result<double> exact_p(const Distribution& d, const Range& range, double k, Alternative alternative) {
  if (alternative == Alternative::less) return cdf(d, k);
  if (alternative == Alternative::greater) return survival(d, k - 1);
  return two_sided_p(d, range, k);
}

Result<TestResult> with_difference(std::string_view method, double statistic, const Proportion& first,
                                   const Proportion& second, const TestOptions& options) {
  TestResult result{.method = method, .statistic = statistic};
  result.estimate = second.successes / second.trials - first.successes / first.trials;
  TROUPE_TRY(result.interval, difference_interval(first, second, ProportionInterval::newcombe, options));
  return result;
}

/// The tables at least as extreme as the one seen, by rows: of x1 successes in the first arm, those of the second that
/// are.
class Region {
 public:
  Region(const Proportion& first, const Proportion& second, Alternative alternative)
      : n1_(static_cast<size_t>(first.trials)), n2_(static_cast<size_t>(second.trials)), rows_(n1_ + 1) {
    const double seen = z(first.successes, second.successes);
    const double margin = std::abs(seen) * 1e-12;
    for (size_t x1 = 0; x1 <= n1_; ++x1) {
      for (size_t x2 = 0; x2 <= n2_; ++x2) {
        const double at = z(static_cast<double>(x1), static_cast<double>(x2));
        const bool extreme = alternative == Alternative::less      ? at <= seen + margin
                             : alternative == Alternative::greater ? at >= seen - margin
                                                                   : std::abs(at) >= std::abs(seen) - margin;
        if (extreme) add(x1, x2);
      }
    }
    log_choose1_ = log_choose(n1_);
    log_choose2_ = log_choose(n2_);
  }

  /// The pooled z statistic of a table; 0 where both arms did the same.
  double z(double x1, double x2) const {
    const double n1 = static_cast<double>(n1_);
    const double n2 = static_cast<double>(n2_);
    const double crossed = x2 * n1 - x1 * n2;
    if (crossed == 0) return 0;
    const double successes = x1 + x2;
    const double n = n1 + n2;
    return crossed * std::sqrt(n / (n1 * n2 * successes * (n - successes)));
  }

  /// The region's probability where both arms succeed at `rate`, in (0, 1).
  double probability(double rate) const {
    const auto first = masses(log_choose1_, rate);
    const auto second = masses(log_choose2_, rate);
    // Sums from either end keep the digits of small tails.
    std::vector<double> below(n2_ + 2);
    std::vector<double> above(n2_ + 2);
    for (size_t k = 0; k <= n2_; ++k) below[k + 1] = below[k] + second[k];
    for (size_t k = n2_ + 1; k-- > 0;) above[k] = above[k + 1] + second[k];
    double sum = 0;
    for (size_t x1 = 0; x1 <= n1_; ++x1) {
      for (const Run& run : rows_[x1]) {
        const double inside = run.begin == 0       ? below[run.end]
                              : run.end == n2_ + 1 ? above[run.begin]
                                                   : below[run.end] - below[run.begin];
        sum += first[x1] * inside;
      }
    }
    return sum;
  }

 private:
  struct Run {
    size_t begin = 0;
    size_t end = 0;  ///< Past the last.
  };

  void add(size_t x1, size_t x2) {
    auto& runs = rows_[x1];
    if (!runs.empty() && runs.back().end == x2) {
      ++runs.back().end;
    } else {
      runs.push_back({x2, x2 + 1});
    }
  }

  static std::vector<double> log_choose(size_t n) {
    std::vector<double> logs(n + 1);
    for (size_t k = 1; k <= n; ++k) {
      logs[k] = logs[k - 1] + std::log(static_cast<double>(n - k + 1) / static_cast<double>(k));
    }
    return logs;
  }

  static std::vector<double> masses(const std::vector<double>& log_choose, double rate) {
    const double log_success = std::log(rate);
    const double log_failure = std::log1p(-rate);
    std::vector<double> masses(log_choose.size());
    for (size_t k = 0; k < masses.size(); ++k) {
      masses[k] = std::exp(log_choose[k] + static_cast<double>(k) * log_success +
                           static_cast<double>(masses.size() - 1 - k) * log_failure);
    }
    return masses;
  }

  size_t n1_;
  size_t n2_;
  std::vector<std::vector<Run>> rows_;
  std::vector<double> log_choose1_;
  std::vector<double> log_choose2_;
};

/// Rates are searched on the scale on which counts vary alike everywhere: rate = sin^2(angle).
double rate_at(double angle) {
  return std::sin(angle) * std::sin(angle);
}

double refine(const Region& region, double low, double high) {
  constexpr double golden = 0.6180339887498949;
  double a = high - golden * (high - low);
  double b = low + golden * (high - low);
  double at_a = region.probability(rate_at(a));
  double at_b = region.probability(rate_at(b));
  for (int i = 0; i < 40; ++i) {
    if (at_a < at_b) {
      low = a;
      a = b;
      at_a = at_b;
      b = low + golden * (high - low);
      at_b = region.probability(rate_at(b));
    } else {
      high = b;
      b = a;
      at_b = at_a;
      a = high - golden * (high - low);
      at_a = region.probability(rate_at(a));
    }
  }
  return std::max(at_a, at_b);
}

double largest_probability(const Region& region, double trials) {
  const size_t points = 256 + 2 * static_cast<size_t>(trials);
  const double step = 1.5707963267948966 / static_cast<double>(points);
  std::vector<double> grid(points + 1);
  for (size_t i = 0; i <= points; ++i) {
    const double angle = step * std::clamp(static_cast<double>(i), 1e-3, static_cast<double>(points) - 1e-3);
    grid[i] = region.probability(rate_at(angle));
  }
  double largest = *std::max_element(grid.begin(), grid.end());
  // A peak between points can be over the highest point only where its own points are nearly as high.
  const double promising = largest * 0.98;
  for (size_t i = 1; i < points; ++i) {
    if (grid[i] < promising || grid[i] < grid[i - 1] || grid[i] < grid[i + 1]) continue;
    largest = std::max(largest, refine(region, step * static_cast<double>(i - 1), step * static_cast<double>(i + 1)));
  }
  return std::min(1.0, largest);
}

Status check_both(const Proportion& first, const Proportion& second, const TestOptions& options) {
  TROUPE_CHECK(check(first, "first arm"));
  TROUPE_CHECK(check(second, "second arm"));
  return check(options);
}

}  // namespace

Result<TestResult> fisher_exact(const Proportion& first, const Proportion& second, const TestOptions& options) {
  TROUPE_CHECK(check_both(first, second, options));
  const Hypergeometric d{
      .population = first.trials + second.trials, .marked = first.successes + second.successes, .draws = second.trials};
  const Range range{.low = std::max(0.0, d.draws + d.marked - d.population),
                    .mode = std::floor((d.draws + 1) * (d.marked + 1) / (d.population + 2)),
                    .high = std::min(d.draws, d.marked)};
  TROUPE_TRY(TestResult result, with_difference("Fisher's exact", second.successes, first, second, options));
  TROUPE_TRY(result.p_value, exact_p(d, range, second.successes, options.alternative));
  return result;
}

Result<TestResult> barnard_exact(const Proportion& first, const Proportion& second, const TestOptions& options) {
  TROUPE_CHECK(check_both(first, second, options));
  const double trials = first.trials + second.trials;
  if (trials > barnard_trials_max) {
    return fail(Errc::invalid_argument, "Barnard's test takes at most {} trials, not {}: use the z test for so many",
                barnard_trials_max, trials);
  }
  const Region region(first, second, options.alternative);
  TROUPE_TRY(TestResult result,
             with_difference("Barnard's exact", region.z(first.successes, second.successes), first, second, options));
  result.p_value = largest_probability(region, trials);
  return result;
}

Result<TestResult> binomial_exact(const Proportion& arm, double probability, const TestOptions& options) {
  TROUPE_CHECK(check(arm, "arm"));
  TROUPE_CHECK(check(options));
  if (!(probability >= 0 && probability <= 1)) {
    return fail(Errc::invalid_argument, "probability is {}: it must lie from 0 to 1", probability);
  }
  const double k = arm.successes;
  const double n = arm.trials;
  TestResult result{.method = "exact binomial", .statistic = k, .estimate = k / n};
  const Range range{.low = 0, .mode = std::min(n, std::floor((n + 1) * probability)), .high = n};
  TROUPE_TRY(result.p_value, exact_p(Binomial{n, probability}, range, k, options.alternative));
  const double outside = 1 - options.confidence;
  const double tail = options.alternative == Alternative::two_sided ? outside / 2 : outside;
  result.interval = {0, 1};
  if (k > 0 && options.alternative != Alternative::less) {
    TROUPE_TRY(result.interval.low, quantile(Beta{k, n - k + 1}, tail));
  }
  if (k < n && options.alternative != Alternative::greater) {
    TROUPE_TRY(result.interval.high, quantile_upper(Beta{k + 1, n - k}, tail));
  }
  return result;
}

}  // namespace troupe::experiment
