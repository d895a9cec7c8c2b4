#pragma once
// Means of two arms, second against first. Large counts need no normal values: the means are normal enough.

#include "actors/experiment/statistics/summary.hpp"

namespace troupe::experiment {

// Of s_i^2 = m2_i / (n_i - 1). All refuse an arm of fewer than two units, and two arms in which nothing varies.

/// Student's t test of mean2 - mean1 with one variance for both arms, (m2_1 + m2_2) / (n1 + n2 - 2) (Student 1908).
Result<TestResult> student_t(const Moments& first, const Moments& second, const TestOptions& options = {});

/// Welch's t test, a variance for each arm: (mean2 - mean1) / sqrt(s1^2 / n1 + s2^2 / n2), df by Satterthwaite (Welch
/// 1947). The one to use where nothing is known of the variances.
Result<TestResult> welch_t(const Moments& first, const Moments& second, const TestOptions& options = {});

/// delta: normal with the delta method's variance (inference.hpp). fieller: the ratios that a z test of mean2 - ratio
/// mean1 does not refuse (Fieller 1954), right where mean1 is not many standard errors from 0; if mean1 can't be told
/// from 0 the interval is the whole line. For large counts: both take normal critical values.
enum class LiftInterval { delta, fieller };

/// mean2 / mean1 - 1. Refuses mean1 = 0.
Result<TestResult> relative_lift_of_means(const Moments& first, const Moments& second, LiftInterval method,
                                          const TestOptions& options = {});

/// (mean2 - mean1) / pooled standard deviation (Cohen 1988); corrected by 1 - 3 / (4 (n1 + n2) - 9) for the bias of
/// small counts (Hedges 1981).
Result<double> cohens_d(const Moments& first, const Moments& second, bool hedges_correction = false);

}  // namespace troupe::experiment
