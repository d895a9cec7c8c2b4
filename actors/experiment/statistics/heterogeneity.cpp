#include "actors/experiment/statistics/heterogeneity.hpp"

#include "actors/experiment/statistics/distributions.hpp"
#include "actors/experiment/statistics/strata.hpp"

namespace troupe::experiment {

Result<OmnibusResult> cochran_q(std::span<const Estimate> parts) {
  if (parts.size() < 2)
    return fail(Errc::invalid_argument, "effects of {} parts cannot differ; it takes two at least", parts.size());
  TROUPE_TRY(const Estimate common, combine_strata(parts, StratumWeights::inverse_variance));
  OmnibusResult said;
  said.method = "Cochran's Q";
  said.df = static_cast<double>(parts.size() - 1);
  for (const Estimate& part : parts) {
    const double distance = (part.value - common.value) / part.standard_error;
    said.statistic += distance * distance;
  }
  TROUPE_TRY(said.p_value, survival(ChiSquared{said.df}, said.statistic));
  return said;
}

}  // namespace troupe::experiment
