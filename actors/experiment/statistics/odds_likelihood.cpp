#include "actors/experiment/statistics/odds_likelihood.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "actors/experiment/statistics/log_math.hpp"

namespace troupe::experiment {

namespace {

constexpr double spacing = 2 * OddsLikelihood::theta_max / (OddsLikelihood::nodes - 1);
// So that exp(theta_max * values) is finite.
constexpr double small_values_max = 128;

double theta_of(size_t node) {
  return -OddsLikelihood::theta_max + spacing * static_cast<double>(node);
}

const std::array<double, OddsLikelihood::nodes>& node_odds() {
  static const auto odds = [] {
    std::array<double, OddsLikelihood::nodes> all{};
    for (size_t i = 0; i < all.size(); ++i) all[i] = std::exp(theta_of(i));
    return all;
  }();
  return odds;
}

/// A batch's margins: how many trials are in the second arm, how many successes and failures there are.
struct Margins {
  double first, second, successes;
  double total() const { return first + second; }
  double low() const { return std::max(0.0, successes - first); }
  double high() const { return std::min(second, successes); }

  /// log P0(k), as a ratio of three binomials that share the chance second / total.
  double log_central(double k) const {
    const double p = second / total();
    return log_binomial(k, successes, p) + log_binomial(second - k, total() - successes, p) -
           log_binomial(second, total(), p);
  }

  /// Where the terms P0(k) exp(theta k) are greatest: k (first - successes + k) = odds (successes - k) (second - k), of
  /// which the root within [low, high] is taken in the form that does not cancel (Liao and Rosen 2001).
  double mode(double odds) const {
    const double a = odds - 1;
    const double b = odds * (successes + second) + (first - successes);
    const double c = odds * successes * second;
    const double root = std::sqrt(std::max(0.0, b * b - 4 * a * c));
    return b > 0 ? 2 * c / (b + root) : (b - root) / (2 * a);
  }

  double variance_near(double k) const {
    return 1 / (1 / k + 1 / (second - k) + 1 / (successes - k) + 1 / (first - successes + k));
  }
};

struct Sums {
  double zeroth = 0, first = 0, second = 0;
  void add(double weight, double offset) {
    zeroth += weight;
    first += weight * offset;
    second += weight * offset * offset;
  }
};

}  // namespace

void OddsLikelihood::add_to(Node& node, double value, double mean, double variance, double k) {
  node.value += value;
  node.slope += k - mean;
  node.curvature -= variance;
}

void OddsLikelihood::add_small(double low, double high, double k, RateCounts a, RateCounts b) {
  const Margins margins{static_cast<double>(a.trials), static_cast<double>(b.trials),
                        static_cast<double>(a.successes + b.successes)};
  // P0 from the ratio of neighbours, starting at its mode so that nothing overflows.
  const auto values = static_cast<size_t>(high - low) + 1;
  std::array<double, static_cast<size_t>(small_values_max) + 1> central;
  const auto mode = std::min(values - 1, static_cast<size_t>(std::max(0.0, margins.mode(1) - low)));
  const auto ratio = [&](size_t i) {  // P0(i + 1) / P0(i)
    const double at = low + static_cast<double>(i);
    return (margins.successes - at) * (margins.second - at) / ((at + 1) * (margins.first - margins.successes + at + 1));
  };
  central[mode] = 1;
  for (size_t i = mode; i + 1 < values; ++i) central[i + 1] = central[i] * ratio(i);
  for (size_t i = mode; i > 0; --i) central[i - 1] = central[i] / ratio(i - 1);
  double total = 0;
  for (size_t i = 0; i < values; ++i) total += central[i];

  std::array<double, nodes> power, zeroth{}, first{}, second{};
  power.fill(1 / total);
  for (size_t i = 0; i < values; ++i) {
    const auto offset = static_cast<double>(i);
    for (size_t j = 0; j < nodes; ++j) {
      const double weight = central[i] * power[j];
      zeroth[j] += weight;
      first[j] += weight * offset;
      second[j] += weight * offset * offset;
      power[j] *= node_odds()[j];
    }
  }
  for (size_t j = 0; j < nodes; ++j) {
    const double mean = first[j] / zeroth[j];
    const double variance = std::max(0.0, second[j] / zeroth[j] - mean * mean);
    add_to(nodes_[j], theta_of(j) * (k - low) - std::log(zeroth[j]), low + mean, variance, k);
  }
}

void OddsLikelihood::add_large(double k, RateCounts a, RateCounts b) {
  const Margins margins{static_cast<double>(a.trials), static_cast<double>(b.trials),
                        static_cast<double>(a.successes + b.successes)};
  const double low = margins.low(), high = margins.high();
  for (size_t j = 0; j < nodes; ++j) {
    const double theta = theta_of(j);
    const double mode = std::clamp(std::round(margins.mode(node_odds()[j])), low, high);
    const double inside = std::clamp(mode, low + 0.5, high - 0.5);
    const double stride = std::max(1.0, std::floor(std::sqrt(margins.variance_near(inside)) / 3));
    const double log_top = margins.log_central(mode);
    Sums sums;
    sums.add(1, 0);
    for (const double step : {-stride, stride}) {
      for (double at = mode + step; at >= low && at <= high; at += step) {
        const double weight = std::exp(margins.log_central(at) - log_top + theta * (at - mode));
        sums.add(weight, at - mode);
        if (weight < 1e-20) break;
      }
    }
    const double mean = sums.first / sums.zeroth;
    const double variance = std::max(0.0, sums.second / sums.zeroth - mean * mean);
    const double value = theta * (k - mode) - log_top - std::log(stride * sums.zeroth);
    add_to(nodes_[j], value, mode + mean, variance, k);
  }
}

void OddsLikelihood::add(RateCounts a, RateCounts b) {
  const uint64_t successes = a.successes + b.successes, trials = a.trials + b.trials;
  if (a.trials == 0 || b.trials == 0 || successes == 0 || successes == trials) return;
  informed_ = true;
  const Margins margins{static_cast<double>(a.trials), static_cast<double>(b.trials), static_cast<double>(successes)};
  const double low = margins.low(), high = margins.high(), k = static_cast<double>(b.successes);
  if (high - low < small_values_max) {
    add_small(low, high, k, a, b);
  } else {
    add_large(k, a, b);
  }
}

namespace {

/// The quintic through two nodes' values and two derivatives, at t in [0, 1]; derivative 0, 1 or 2 in t.
template <class Node>
double hermite(const Node& left, const Node& right, double t, int derivative) {
  const double v0 = left.value, s0 = left.slope * spacing, c0 = left.curvature * spacing * spacing;
  const double v1 = right.value, s1 = right.slope * spacing, c1 = right.curvature * spacing * spacing;
  const double rise = v1 - v0;
  const double a3 = 10 * rise - 6 * s0 - 4 * s1 - 1.5 * c0 + 0.5 * c1;
  const double a4 = -15 * rise + 8 * s0 + 7 * s1 + 1.5 * c0 - c1;
  const double a5 = 6 * rise - 3 * (s0 + s1) - 0.5 * c0 + 0.5 * c1;
  if (derivative == 0) return v0 + t * (s0 + t * (0.5 * c0 + t * (a3 + t * (a4 + t * a5))));
  if (derivative == 1) return s0 + t * (c0 + t * (3 * a3 + t * (4 * a4 + t * 5 * a5)));
  return c0 + t * (6 * a3 + t * (12 * a4 + t * 20 * a5));
}

std::pair<size_t, double> place(double theta) {
  const double at = (theta + OddsLikelihood::theta_max) / spacing;
  const auto left = std::min<size_t>(static_cast<size_t>(std::max(0.0, at)), OddsLikelihood::nodes - 2);
  return {left, at - static_cast<double>(left)};
}

}  // namespace

double OddsLikelihood::value(double theta) const {
  if (theta < -theta_max) return nodes_.front().value + nodes_.front().slope * (theta + theta_max);
  if (theta > theta_max) return nodes_.back().value + nodes_.back().slope * (theta - theta_max);
  const auto [left, t] = place(theta);
  return hermite(nodes_[left], nodes_[left + 1], t, 0);
}

double OddsLikelihood::slope(double theta) const {
  if (theta < -theta_max) return nodes_.front().slope;
  if (theta > theta_max) return nodes_.back().slope;
  const auto [left, t] = place(theta);
  return hermite(nodes_[left], nodes_[left + 1], t, 1) / spacing;
}

double OddsLikelihood::curvature(double theta) const {
  if (std::abs(theta) > theta_max) return 0;
  const auto [left, t] = place(theta);
  return hermite(nodes_[left], nodes_[left + 1], t, 2) / (spacing * spacing);
}

double OddsLikelihood::peak() const {
  if (nodes_.front().slope <= 0) return -theta_max;
  if (nodes_.back().slope >= 0) return theta_max;
  double low = -theta_max, high = theta_max;
  for (int i = 0; i < 60; ++i) {
    const double middle = 0.5 * (low + high);
    (slope(middle) > 0 ? low : high) = middle;
  }
  return 0.5 * (low + high);
}

}  // namespace troupe::experiment
