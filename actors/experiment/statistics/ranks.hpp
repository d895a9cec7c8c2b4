#pragma once
// Which arm's values tend to be larger, without a word on how they are distributed.

#include <span>

#include "actors/experiment/statistics/summary.hpp"

namespace troupe::experiment {

/// automatic: exact where no two values are equal and an arm has at most 8 units, or else asymptotic.
enum class RankMethod { automatic, asymptotic, exact };

struct RankOptions {
  TestOptions test;
  RankMethod method = RankMethod::automatic;
  bool continuity = true;  ///< Moves the asymptotic statistic half a unit towards its mean.
};

/// The product of both arms' units that an exact p value is computed for.
inline constexpr double mann_whitney_exact_max = 10'000;

/// Mann and Whitney's test (1947). statistic: U of the second arm, the pairs in which its value is the larger one,
/// equal ones half. Asymptotic: normal with the variance corrected for ties, n1 n2 / 12 (n + 1 - sum (t^3 - t) / (n (n
/// - 1))) (Lehmann, "Nonparametrics", 1975, section 1.4). estimate: U / (n1 n2), the chance that the second arm's value
/// is the larger one, with the interval of DeLong, DeLong and Clarke-Pearson (1988), within [0, 1]; [0, 1] where the
/// arms do not overlap, as that has no variance then. Refuses an arm of fewer than two units, values that are all
/// equal, and exact where values are equal. O(n log n).
Result<TestResult> mann_whitney(std::span<const double> first, std::span<const double> second,
                                const RankOptions& options = {});

}  // namespace troupe::experiment
