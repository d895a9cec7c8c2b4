#include "actors/experiment/statistics/multiplicity.hpp"

#include <algorithm>
#include <numeric>

namespace troupe::experiment {

namespace {

std::vector<size_t> ascending(std::span<const double> p) {
  std::vector<size_t> order(p.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return p[a] < p[b]; });
  return order;
}

std::vector<double> bonferroni(std::span<const double> p) {
  std::vector<double> adjusted;
  for (const double each : p) adjusted.push_back(std::min(1.0, each * static_cast<double>(p.size())));
  return adjusted;
}

/// Step down: the smallest is compared first, and none may be adjusted to less than a smaller one.
std::vector<double> holm(std::span<const double> p) {
  std::vector<double> adjusted(p.size());
  double least = 0;
  size_t left = p.size();
  for (const size_t i : ascending(p)) {
    least = std::max(least, std::min(1.0, p[i] * static_cast<double>(left--)));
    adjusted[i] = least;
  }
  return adjusted;
}

/// Step up: the largest first, and none may be adjusted to more than a larger one.
std::vector<double> benjamini_hochberg(std::span<const double> p) {
  std::vector<double> adjusted(p.size());
  const auto order = ascending(p);
  double most = 1;
  for (size_t rank = p.size(); rank > 0; --rank) {
    const size_t i = order[rank - 1];
    most = std::min(most, p[i] * static_cast<double>(p.size()) / static_cast<double>(rank));
    adjusted[i] = most;
  }
  return adjusted;
}

}  // namespace

Result<std::vector<double>> adjusted_p_values(std::span<const double> p_values, Correction correction) {
  for (size_t i = 0; i < p_values.size(); ++i) {
    if (p_values[i] >= 0 && p_values[i] <= 1) continue;
    return fail(Errc::invalid_argument, "p value {} of {} is {}: it must lie from 0 to 1", i + 1, p_values.size(),
                p_values[i]);
  }
  switch (correction) {
    case Correction::bonferroni:
      return bonferroni(p_values);
    case Correction::holm:
      return holm(p_values);
    case Correction::benjamini_hochberg:
      return benjamini_hochberg(p_values);
  }
  return fail(Errc::invalid_argument, "correction {} is none of the three", static_cast<int>(correction));
}

}  // namespace troupe::experiment
