#include "actors/experiment/statistics/health.hpp"

#include <algorithm>
#include <cmath>

#include "actors/experiment/statistics/mean_sequence.hpp"
#include "actors/experiment/statistics/strata.hpp"

namespace troupe::experiment {

namespace {

constexpr double units_min = 100;
constexpr double prior_in_deviations = 0.05;

Status check_share(double share, std::string_view name) {
  if (share >= 0 && share <= 1) return {};
  return fail_field(std::string(name), "{} is {}; it must lie within 0 and 1", name, share);
}

Status check_arms(const Moments& a, const Moments& b) {
  TROUPE_CHECK(check(a, "first arm"));
  TROUPE_CHECK(check(b, "second arm"));
  if (std::min(a.n, b.n) >= units_min) return {};
  return fail(Errc::invalid_argument, "the arms have {} and {} units; this check needs {} of each", a.n, b.n,
              units_min);
}

double variance_of(const Moments& arm) {
  return arm.m2 / (arm.n - 1);
}

Status check_counts(EventCounts counts, std::string_view of) {
  if (counts.expected == 0)
    return fail_field("expected", "{} expects no events: there is no share of them to lose", of);
  if (counts.received <= counts.expected) return {};
  return fail_field("received", "{} received {} events of {}; it can't be more than all", of, counts.received,
                    counts.expected);
}

double lost_share(EventCounts counts) {
  return static_cast<double>(counts.expected - counts.received) / static_cast<double>(counts.expected);
}

}  // namespace

std::string_view name_of(HealthCheck check) {
  switch (check) {
    case HealthCheck::sample_ratio:
      return "sample_ratio";
    case HealthCheck::multiple_exposure:
      return "multiple_exposure";
    case HealthCheck::pre_exposure_bias:
      return "pre_exposure_bias";
    case HealthCheck::event_loss:
      return "event_loss";
    case HealthCheck::variance_collapse:
      return "variance_collapse";
  }
  return "unknown";
}

Result<Finding> check_sample_ratio(std::span<const RevisionCounts> revisions, double alpha,
                                   SampleRatioOptions options) {
  TROUPE_CHECK(check_open_unit(alpha, "alpha"));
  TROUPE_TRY(const auto result, sample_ratio_sequential(revisions, options));
  Finding finding{HealthCheck::sample_ratio, result.p_value >= alpha, result.p_value, alpha, {}};
  finding.sentence =
      finding.healthy
          ? fmt::format("Arms have the units that their weights say (p = {:.3g}).", result.p_value)
          : fmt::format(
                "Arm {} has {:.0f} units where its weights say {:.0f} (p = {:.2g}): units are lost, or assigned "
                "otherwise than they should be.",
                result.arm, result.units, result.units_expected, result.p_value);
  return finding;
}

Result<Finding> check_multiple_exposure(uint64_t units, uint64_t units_in_several, double share_max) {
  TROUPE_CHECK(check_share(share_max, "share_max"));
  if (units == 0) return fail_field("units", "no unit was exposed");
  if (units_in_several > units) {
    return fail_field("units_in_several", "{} of {} units saw several arms; it can't be more than all",
                      units_in_several, units);
  }
  const double share = static_cast<double>(units_in_several) / static_cast<double>(units);
  Finding finding{HealthCheck::multiple_exposure, share <= share_max, share, share_max, {}};
  finding.sentence = fmt::format("{} of {} units saw more than one arm ({:.3g} %; {:.3g} % is tolerated).",
                                 units_in_several, units, 100 * share, 100 * share_max);
  return finding;
}

Result<Finding> check_pre_exposure_bias(const std::vector<BeforeStratum>& strata, double alpha) {
  TROUPE_CHECK(check_open_unit(alpha, "alpha"));
  Moments a, b;  // Over all strata: means standardised to the units of both, squares within strata.
  std::vector<Estimate> differences;
  for (const BeforeStratum& stratum : strata) {
    TROUPE_CHECK(check(stratum.a, "first arm"));
    TROUPE_CHECK(check(stratum.b, "second arm"));
    a.n += stratum.a.n;
    b.n += stratum.b.n;
    if (!(stratum.a.m2 + stratum.b.m2 > 0)) continue;
    a.m2 += stratum.a.m2;
    b.m2 += stratum.b.m2;
    TROUPE_TRY(differences.emplace_back(), difference_of_means(stratum.a, stratum.b));
  }
  for (const BeforeStratum& stratum : strata) {
    const double share = (stratum.a.n + stratum.b.n) / (a.n + b.n);
    a.mean += share * stratum.a.mean;
    b.mean += share * stratum.b.mean;
  }
  TROUPE_CHECK(check_arms(a, b));
  const double deviation = std::sqrt((a.m2 + b.m2) / (a.n + b.n - 2 * static_cast<double>(strata.size())));
  TROUPE_TRY(const Estimate difference, combine_strata(differences));
  TROUPE_TRY(const double log_e,
             log_mean_evidence(difference, prior_in_deviations * deviation, Alternative::two_sided));
  const double p = std::min(1.0, std::exp(-log_e));
  Finding finding{HealthCheck::pre_exposure_bias, p >= alpha, p, alpha, {}};
  finding.sentence =
      fmt::format("Before exposure the arms' means were {:.6g} and {:.6g} (p = {:.3g}){}.", a.mean, b.mean, p,
                  finding.healthy ? "" : ": they differed before the experiment could make them");
  return finding;
}

Result<Finding> check_event_loss(EventCounts a, EventCounts b, double share_max) {
  TROUPE_CHECK(check_share(share_max, "share_max"));
  TROUPE_CHECK(check_counts(a, "an arm"));
  TROUPE_CHECK(check_counts(b, "an arm"));
  const double share_a = lost_share(a), share_b = lost_share(b), worst = std::max(share_a, share_b);
  Finding finding{HealthCheck::event_loss, worst <= share_max, worst, share_max, {}};
  finding.sentence =
      fmt::format("{} and {} events of the arms are lost ({:.3g} % and {:.3g} %; {:.3g} % is tolerated).",
                  a.expected - a.received, b.expected - b.received, 100 * share_a, 100 * share_b, 100 * share_max);
  return finding;
}

Result<Finding> check_event_loss(EventCounts all, double share_max) {
  TROUPE_CHECK(check_share(share_max, "share_max"));
  TROUPE_CHECK(check_counts(all, "the experiment"));
  const double share = lost_share(all);
  Finding finding{HealthCheck::event_loss, share <= share_max, share, share_max, {}};
  finding.sentence = fmt::format("{} of {} events are lost ({:.3g} %; {:.3g} % is tolerated).",
                                 all.expected - all.received, all.expected, 100 * share, 100 * share_max);
  return finding;
}

Result<Finding> check_variance_collapse(const Moments& a, const Moments& b, double ratio_min) {
  TROUPE_CHECK(check_share(ratio_min, "ratio_min"));
  TROUPE_CHECK(check_arms(a, b));
  const double variance_a = variance_of(a), variance_b = variance_of(b);
  const double greater = std::max(variance_a, variance_b);
  const double ratio = greater > 0 ? std::min(variance_a, variance_b) / greater : 0;
  Finding finding{HealthCheck::variance_collapse, greater > 0 && ratio >= ratio_min, ratio, ratio_min, {}};
  finding.sentence = fmt::format("The arms' variances are {:.6g} and {:.6g}{}.", variance_a, variance_b,
                                 finding.healthy ? "" : ": one has stopped varying, or both have");
  return finding;
}

}  // namespace troupe::experiment
