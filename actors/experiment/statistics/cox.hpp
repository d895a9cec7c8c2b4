#pragma once
// The hazard ratio of two arms by Cox's model with the arm as its one covariate (Cox 1972).

#include <span>

#include "actors/experiment/statistics/survival.hpp"

namespace troupe::experiment {

/// What is made of several events at one time: efron (Efron 1977) is nearer the truth, breslow (Breslow 1974) is
/// simpler.
enum class Ties { efron, breslow };

/// estimate: the hazard of the second arm over that of the first; statistic: Wald's z of its log, with the observed
/// information; interval normal on the log. Partial likelihood by Newton's method, 1e-10 relative. Refuses arms whose
/// ratio has no bound: where events happened in one arm only, or only where one arm was left at risk.
Result<TestResult> cox_hazard_ratio(std::span<const SurvivalUnit> first, std::span<const SurvivalUnit> second,
                                    Ties ties = Ties::efron, const TestOptions& options = {});

}  // namespace troupe::experiment
