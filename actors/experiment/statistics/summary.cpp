#include "actors/experiment/statistics/summary.hpp"

#include <cmath>

namespace troupe::experiment {

Status check_finite(double value, std::string_view name) {
  if (!std::isfinite(value)) return fail(Errc::invalid_argument, "{} is {}: it must be a finite number", name, value);
  return {};
}

Status check_open_unit(double value, std::string_view name) {
  if (value > 0 && value < 1) return {};
  return fail(Errc::invalid_argument, "{} is {}: it must lie between 0 and 1, both excluded", name, value);
}

Status check_count(double count, std::string_view name) {
  if (count >= 0 && count <= count_max && count == std::floor(count)) return {};
  return fail(Errc::invalid_argument, "{} is {}: it must be a whole number from 0 to 2^53", name, count);
}

Status check(const Proportion& arm, std::string_view name) {
  TROUPE_CHECK(check_count(arm.trials, fmt::format("trials of the {}", name)));
  TROUPE_CHECK(check_count(arm.successes, fmt::format("successes of the {}", name)));
  if (arm.trials == 0) return fail(Errc::invalid_argument, "the {} has no trials: it must have at least one", name);
  if (arm.successes <= arm.trials) return {};
  return fail(Errc::invalid_argument, "the {} has {} successes in {} trials: more than can be", name, arm.successes,
              arm.trials);
}

Status check(const Moments& arm, std::string_view name) {
  TROUPE_CHECK(check_count(arm.n, fmt::format("n of the {}", name)));
  TROUPE_CHECK(check_finite(arm.mean, fmt::format("mean of the {}", name)));
  TROUPE_CHECK(check_finite(arm.m2, fmt::format("m2 of the {}", name)));
  if (arm.n == 0) return fail(Errc::invalid_argument, "the {} has no units: it must have at least one", name);
  if (arm.m2 >= 0) return {};
  return fail(Errc::invalid_argument, "m2 of the {} is {}: a sum of squares is not negative", name, arm.m2);
}

Status check(const RatioMoments& arm, std::string_view name) {
  TROUPE_CHECK(check_count(arm.n, fmt::format("n of the {}", name)));
  if (arm.n == 0) return fail(Errc::invalid_argument, "the {} has no units: it must have at least one", name);
  for (const double sum : {arm.sum_x, arm.sum_y, arm.sum_xx, arm.sum_yy, arm.sum_xy}) {
    TROUPE_CHECK(check_finite(sum, fmt::format("a sum of the {}", name)));
  }
  if (arm.sum_xx >= 0 && arm.sum_yy >= 0) return {};
  return fail(Errc::invalid_argument, "a sum of squares of the {} is negative: it can't be", name);
}

Status check(const TestOptions& options) {
  return check_open_unit(options.confidence, "confidence");
}

}  // namespace troupe::experiment
