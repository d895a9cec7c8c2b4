#pragma once
// What tests are made from: sufficient statistics, as aggregates keep them, and what is asked of a test.

#include "actors/experiment/statistics/result.hpp"
#include "runtime/base/result.hpp"

namespace troupe::experiment {

/// The largest count: every whole number up to it is a double.
inline constexpr double count_max = 9007199254740992.0;  // 2^53

struct Proportion {
  double successes = 0;  ///< Whole, 0 to trials.
  double trials = 0;     ///< Whole, 1 to 2^53.
};

/// Of a unit-level value y.
struct Moments {
  double n = 0;     ///< Units: whole, 1 to 2^53.
  double mean = 0;  ///< sum y / n
  double m2 = 0;    ///< sum (y - mean)^2, >= 0
};

/// Of a ratio sum y / sum x whose parts are both sums over n units, e.g. latency over requests of a user.
struct RatioMoments {
  double n = 0;  ///< Units: whole, 1 to 2^53.
  double sum_x = 0;
  double sum_y = 0;
  double sum_xx = 0;  ///< sum x^2
  double sum_yy = 0;  ///< sum y^2
  double sum_xy = 0;  ///< sum x y
};

struct TestOptions {
  Alternative alternative = Alternative::two_sided;
  /// (0, 1), of the interval. An interval of a one-sided test is one-sided: unbounded away from its alternative.
  double confidence = 0.95;
};

/// What a test says that all of several numbers are alike: there is no one estimate.
struct OmnibusResult {
  std::string_view method;
  double statistic = 0;
  double df = 0;                         ///< Degrees of freedom; of the numerator, where there are two.
  std::optional<double> df_denominator;  ///< Of an F statistic.
  double p_value = 1;
};

/// Refusals name the arm, e.g. "first arm", and say what would be right.
Status check_count(double count, std::string_view name);
Status check(const Proportion& arm, std::string_view name);
Status check(const Moments& arm, std::string_view name);
Status check(const RatioMoments& arm, std::string_view name);
Status check(const TestOptions& options);
/// `value` in (0, 1), e.g. a confidence or an alpha.
Status check_open_unit(double value, std::string_view name);
Status check_finite(double value, std::string_view name);

}  // namespace troupe::experiment
