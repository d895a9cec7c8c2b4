#pragma once
// How many units an experiment needs, how likely it is to see an effect, and which effect it can see: before it starts.

#include "actors/experiment/statistics/summary.hpp"

namespace troupe::experiment {

struct PowerOptions {
  /// `greater` and `less` are of the second arm from the first, as in tests.
  Alternative alternative = Alternative::two_sided;
  double alpha = 0.05;  ///< (0, 1), of the test.
  double ratio = 1;     ///< > 0: units of the second arm for each of the first.
};

/// How power is computed. Two-sided powers count both tails.
/// z: the pooled z test of two proportions, with the unpooled variance where they differ (Fleiss, Levin and Paik 2003,
/// eq. 4.14). arcsine: by Cohen's h (Cohen 1988, section 6.4).
enum class ProportionPower { z, arcsine };

/// Units of both arms, not rounded: the next whole numbers are enough.
struct SampleSize {
  double first = 0;
  double second = 0;
};

// `n` is the first arm's units, >= 2, and n * ratio >= 1; `power` is in (0, 1). Sizes and effects are solved for until
// power is right to 1e-12. Sizes over 1e15, and effects that no size or no proportion has the power for, are refused.

Result<double> power_of_proportions(double first, double second, double n, ProportionPower method,
                                    const PowerOptions& options = {});
Result<SampleSize> sample_size_for_proportions(double first, double second, double power, ProportionPower method,
                                               const PowerOptions& options = {});
/// The second arm's proportion nearest to the first's that is seen with `power`: above it, but below it for `less`.
Result<double> detectable_proportion(double first, double n, double power, ProportionPower method,
                                     const PowerOptions& options = {});

/// Of Student's t test, by the noncentral t distribution. `effect`: (mean2 - mean1) / standard deviation (Cohen's d).
Result<double> power_of_means(double effect, double n, const PowerOptions& options = {});
Result<SampleSize> sample_size_for_means(double effect, double power, const PowerOptions& options = {});
/// The smallest effect that is seen with `power`; negative for `less`. At most 100.
Result<double> detectable_effect(double n, double power, const PowerOptions& options = {});

/// Whole days until `size` is reached where `units_per_day` new units come and the share `exposed` of them, (0, 1], is
/// in the experiment.
Result<double> days_until(const SampleSize& size, double units_per_day, double exposed = 1);

}  // namespace troupe::experiment
