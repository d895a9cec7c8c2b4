#include "actors/experiment/statistics/strata.hpp"

#include <algorithm>
#include <cmath>

namespace troupe::experiment {

namespace {

double weight_of(const Estimate& stratum, StratumWeights weights) {
  const auto a = static_cast<double>(stratum.units_a), b = static_cast<double>(stratum.units_b);
  switch (weights) {
    case StratumWeights::units:
      return a + b;
    case StratumWeights::overlap:
      return a * b / (a + b);
    case StratumWeights::inverse_variance:
      break;
  }
  return 1 / (stratum.standard_error * stratum.standard_error);
}

}  // namespace

Result<Estimate> combine_strata(std::span<const Estimate> strata, StratumWeights weights) {
  if (strata.empty()) return fail(Errc::invalid_argument, "there are no strata to combine");
  Estimate combined;
  double total = 0, variance = 0;
  for (size_t i = 0; i < strata.size(); ++i) {
    const auto& stratum = strata[i];
    if (stratum.units_a == 0 || stratum.units_b == 0) {
      return fail(Errc::invalid_argument, "stratum {} has {} and {} units; it needs some of each arm", i,
                  stratum.units_a, stratum.units_b);
    }
    if (!std::isfinite(stratum.value) || !(stratum.standard_error > 0 && std::isfinite(stratum.standard_error))) {
      return fail(Errc::invalid_argument,
                  "stratum {} is {} with standard error {}; it must be finite, with a standard error above 0", i,
                  stratum.value, stratum.standard_error);
    }
    const double weight = weight_of(stratum, weights);
    total += weight;
    combined.value += weight * stratum.value;
    variance += weight * weight * stratum.standard_error * stratum.standard_error;
    combined.units_a += stratum.units_a;
    combined.units_b += stratum.units_b;
  }
  combined.value /= total;
  combined.standard_error = std::sqrt(variance) / total;
  return combined;
}

Result<std::vector<SegmentResult>> segment_sequences(std::span<const Segment> segments, double prior_sd, double alpha) {
  std::vector<Hypothesis> family;
  for (const auto& segment : segments) {
    TROUPE_TRY(const double log_e, log_mean_evidence(segment.estimate, prior_sd, Alternative::two_sided));
    family.push_back({.log_e = log_e});
  }
  TROUPE_TRY(const auto verdicts, family_verdicts(family, alpha));
  std::vector<SegmentResult> results;
  for (size_t i = 0; i < segments.size(); ++i) {
    TestResult test;
    test.method = "asymptotic confidence sequence";
    test.statistic = family[i].log_e;
    test.p_value = std::min(1.0, std::exp(-family[i].log_e));
    test.estimate = segments[i].estimate.value;
    TROUPE_TRY(test.interval, mean_sequence(segments[i].estimate, prior_sd, verdicts[i].alpha, Alternative::two_sided));
    results.push_back({segments[i].name, test, verdicts[i]});
  }
  return results;
}

}  // namespace troupe::experiment
