#include "actors/experiment/statistics/sample_ratio.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "actors/experiment/statistics/distributions.hpp"
#include "actors/experiment/statistics/log_math.hpp"

namespace troupe::experiment {

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

Status check(std::span<const RevisionCounts> revisions) {
  if (revisions.empty()) return fail(Errc::invalid_argument, "there are no revisions");
  const size_t arms = revisions.front().weights.size();
  uint64_t units = 0;
  for (size_t r = 0; r < revisions.size(); ++r) {
    const auto& revision = revisions[r];
    if (arms < 2 || revision.weights.size() != arms || revision.units.size() != arms) {
      return fail(
          Errc::invalid_argument,
          "revision {} has {} weights and {} counts; all revisions need one of each for the same 2 or more arms", r,
          revision.weights.size(), revision.units.size());
    }
    double sum = 0;
    for (const double weight : revision.weights) {
      if (!(weight >= 0 && weight <= 1)) {
        return fail_field("weights", "revision {} has a weight of {}; weights lie within 0 and 1", r, weight);
      }
      sum += weight;
    }
    if (!(std::abs(sum - 1) <= 1e-6)) {
      return fail_field("weights", "revision {}'s weights sum to {}; they must sum to 1", r, sum);
    }
    for (const uint64_t count : revision.units) units += count;
  }
  if (units == 0) return fail_field("units", "no arm has any units");
  return {};
}

double total_units(const RevisionCounts& revision) {
  return static_cast<double>(std::accumulate(revision.units.begin(), revision.units.end(), uint64_t{0}));
}

SampleRatioResult furthest_arm(std::span<const RevisionCounts> revisions) {
  SampleRatioResult result;
  double furthest = -1;
  for (size_t arm = 0; arm < revisions.front().weights.size(); ++arm) {
    double units = 0, expected = 0, variance = 0;
    for (const auto& revision : revisions) {
      const double weight = revision.weights[arm], total = total_units(revision);
      units += static_cast<double>(revision.units[arm]);
      expected += total * weight;
      variance += total * weight * (1 - weight);
    }
    const double off = units == expected ? 0 : std::abs(units - expected) / std::sqrt(variance);
    // Two arms may be infinitely far off, one having weight 0: the one with too many units is to blame.
    if (off < furthest || (off == furthest && units <= expected)) continue;
    furthest = off;
    result.arm = arm;
    result.units = units;
    result.units_expected = expected;
  }
  return result;
}

/// One arm against all later ones, then the next: a Dirichlet is a chain of betas.
double log_evidence_of(const RevisionCounts& revision, double concentration) {
  double weight_left = 0, units_left = total_units(revision), log_e = 0;
  for (const double weight : revision.weights) weight_left += weight;
  const double scale = concentration / weight_left;
  for (size_t arm = 0; arm < revision.weights.size(); ++arm) {
    const double weight = revision.weights[arm], units = static_cast<double>(revision.units[arm]);
    if (weight == 0 && units > 0) return infinity;
    double weight_after = 0;
    for (size_t later = arm + 1; later < revision.weights.size(); ++later) weight_after += revision.weights[later];
    units_left -= units;
    if (weight > 0 && weight_after > 0) {
      log_e += log_beta_mixture_ratio(weight * scale, weight_after * scale, units, units_left,
                                      weight / (weight + weight_after));
    }
  }
  return log_e;
}

}  // namespace

Result<SampleRatioResult> sample_ratio_sequential(std::span<const RevisionCounts> revisions,
                                                  SampleRatioOptions options) {
  TROUPE_CHECK(check(revisions));
  if (!(options.concentration > 0 && options.concentration <= 1e9)) {
    return fail_field("concentration", "the concentration is {}; it must be above 0 and at most 1e9",
                      options.concentration);
  }
  auto result = furthest_arm(revisions);
  for (const auto& revision : revisions) result.statistic += log_evidence_of(revision, options.concentration);
  result.p_value = std::min(1.0, std::exp(-result.statistic));
  return result;
}

Result<SampleRatioResult> sample_ratio_fixed(std::span<const RevisionCounts> revisions) {
  TROUPE_CHECK(check(revisions));
  auto result = furthest_arm(revisions);
  double df = 0;
  for (size_t r = 0; r < revisions.size(); ++r) {
    const auto& revision = revisions[r];
    const double total = total_units(revision);
    if (total == 0) continue;
    df -= 1;
    for (size_t arm = 0; arm < revision.weights.size(); ++arm) {
      const double expected = total * revision.weights[arm], units = static_cast<double>(revision.units[arm]);
      if (revision.weights[arm] == 0 && units == 0) continue;
      if (!(expected >= 5)) {
        return fail(Errc::invalid_argument, "arm {} of revision {} expects {} units; the chi-square test needs 5", arm,
                    r, expected);
      }
      df += 1;
      result.statistic += (units - expected) * (units - expected) / expected;
    }
  }
  if (df < 1) return fail(Errc::invalid_argument, "no revision has units and two arms with a weight");
  TROUPE_TRY(result.p_value, survival(ChiSquared{df}, result.statistic));
  return result;
}

}  // namespace troupe::experiment
