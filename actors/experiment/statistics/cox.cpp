#include "actors/experiment/statistics/cox.hpp"

#include <cmath>

#include "actors/experiment/statistics/event_table.hpp"
#include "actors/experiment/statistics/inference.hpp"

namespace troupe::experiment {

namespace {

struct Derivatives {
  double slope = 0;
  double information = 0;
};

/// Of the partial likelihood by the log of the ratio. Each event adds its arm less the share that the second arm has of
/// the hazard at risk; by Efron, events at one time leave one after the other, in no order.
Derivatives derivatives(const std::vector<EventTime>& table, double log_ratio, Ties ties) {
  const double ratio = std::exp(log_ratio);
  Derivatives sum;
  for (const EventTime& at : table) {
    const double events = at.events[0] + at.events[1];
    sum.slope += at.events[1];
    for (double gone = 0; gone < events; ++gone) {
      const double left = ties == Ties::efron ? gone / events : 0;
      const double one = at.at_risk[0] - left * at.events[0];
      const double two = ratio * (at.at_risk[1] - left * at.events[1]);
      const double share = two / (one + two);
      sum.slope -= share;
      sum.information += share * (one / (one + two));
    }
  }
  return sum;
}

}  // namespace

Result<TestResult> cox_hazard_ratio(std::span<const SurvivalUnit> first, std::span<const SurvivalUnit> second,
                                    Ties ties, const TestOptions& options) {
  TROUPE_CHECK(check(options));
  TROUPE_TRY(const auto table, event_table(std::vector{first, second}));
  double log_ratio = 0;
  for (int i = 0; i < 200; ++i) {
    const Derivatives at = derivatives(table, log_ratio, ties);
    // Far out there is no maximum: the likelihood grows for ever.
    if (at.information == 0 || std::abs(log_ratio) > 30) break;
    const double step = std::clamp(at.slope / at.information, -1.0, 1.0);
    log_ratio += step;
    if (std::abs(step) > 1e-13 * std::max(1.0, std::abs(log_ratio))) continue;
    const double information = derivatives(table, log_ratio, ties).information;
    return wald_test_of_log(ties == Ties::efron ? "Cox hazard ratio, Efron" : "Cox hazard ratio, Breslow", log_ratio,
                            1 / std::sqrt(information), options);
  }
  return fail(Errc::invalid_argument,
              "the hazard ratio has no bound: events in both arms, while both are at risk, are needed");
}

}  // namespace troupe::experiment
