#pragma once
// Differences of means and of anything else that has an estimate and a standard error, watched as often as one likes.

#include <cstdint>
#include <optional>

#include "actors/experiment/statistics/estimate.hpp"
#include "actors/experiment/statistics/result.hpp"
#include "runtime/base/result.hpp"

namespace troupe::experiment {

struct MeanSequenceOptions {
  double alpha = 0.05;  ///< (0, 1)
  uint64_t units_planned =
      10'000;  ///< > 0: of both arms; where the sequence is narrowest against a fixed test's interval.
  uint64_t units_min =
      200;  ///< >= 2 and of each arm: nothing is said before (burn-in), since the guarantee is asymptotic.
  Alternative alternative = Alternative::two_sided;
};

/// The prior's standard deviation that makes the sequence narrowest where the estimate's standard error is
/// `standard_error`: sqrt(x) standard_error with x = log(1 + x) - 2 log(alpha) (Waudby-Smith et al. 2021, eq. 10;
/// exact).
Result<double> tuned_prior_sd(double standard_error, double alpha);

/// log of the normal mixture e-value against a difference of 0: with z = value / standard_error and
/// x = (prior_sd / standard_error)^2, z^2 x / (2 (1 + x)) - log(1 + x) / 2. One-sided: the half-normal mixture, that
/// plus log(2 Phi(z sqrt(x / (1 + x)))), or of -z.
Result<double> log_mean_evidence(const Estimate& estimate, double prior_sd, Alternative alternative);

/// The values that log_mean_evidence() would not reject at alpha:
/// value +- standard_error sqrt((1 + 1 / x) log((1 + x) / alpha^2)), or the one-sided analogue.
Result<Interval> mean_sequence(const Estimate& estimate, double prior_sd, double alpha, Alternative alternative);

/// Asymptotic confidence sequence of Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas ("Time-uniform central limit
/// theory and asymptotic confidence sequences"): the normal mixture boundary in intrinsic time 1 / standard_error^2.
/// The prior is tuned once, at the first look past burn-in, to the standard error that units_planned would give; it
/// depends on variances alone. Not exact: test/simulation/experiment_validity.cpp measures what it does. Not
/// thread-safe.
class MeanWatch {
 public:
  static Result<MeanWatch> make(MeanSequenceOptions options);

  /// The estimate as of now, over all that has come (not what is new).
  Status look(const Estimate& estimate);

  /// Statistic: log of the e-value at the last look. p_value: 1 / its greatest value at any look. Refuses before any
  /// look past burn-in.
  Result<TestResult> now() const;
  /// log of the e-value at the last look, 0 before: what family.hpp combines.
  double log_evidence() const { return log_e_; }

 private:
  explicit MeanWatch(MeanSequenceOptions options) : options_(options) {}

  MeanSequenceOptions options_;
  std::optional<Estimate> last_;  ///< Past burn-in.
  double prior_sd_ = 0;
  double log_e_ = 0;
  double log_e_max_ = 0;
};

}  // namespace troupe::experiment
