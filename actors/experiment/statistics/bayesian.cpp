#include "actors/experiment/statistics/bayesian.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "actors/experiment/statistics/quadrature.hpp"

namespace troupe::experiment {

namespace {

// Mass beyond these normal scores is below 1e-32: negligible even times a t quantile with 2 degrees of freedom.
constexpr double score_max = 12;
// Other arms' distribution functions change within these of their own scores.
constexpr double break_max = 8;

// Parameters were checked when the posterior was made, so these can't be refused.
struct Law {
  const Posterior& posterior;

  double below(double x) const {
    return std::visit([&](const auto& d) { return *cdf_of(d, x); }, posterior);
  }
  double above(double x) const {
    return std::visit([&](const auto& d) { return *survival_of(d, x); }, posterior);
  }
  /// The value whose normal score is z.
  double at_score(double z) const {
    const double tail = 0.5 * std::erfc(std::abs(z) / std::numbers::sqrt2);
    return std::visit([&](const auto& d) { return z < 0 ? quantile_of(d, tail, false) : quantile_of(d, tail, true); },
                      posterior);
  }
  double score(double x) const {
    const double low = below(x);
    if (low < 0.5) return low > 0 ? *quantile(Normal{}, low) : -score_max;
    const double high = above(x);
    return high > 0 ? *quantile_upper(Normal{}, high) : score_max;
  }
  double mean() const {
    if (const auto* d = std::get_if<Beta>(&posterior)) return d->a / (d->a + d->b);
    if (const auto* d = std::get_if<Gamma>(&posterior)) return d->shape * d->scale;
    return std::get<LocatedT>(posterior).location;
  }
  Interval credible(double credibility) const {
    const double tail = 0.5 * (1 - credibility);
    return std::visit(
        [&](const auto& d) {
          return Interval{quantile_of(d, tail, false), quantile_of(d, tail, true)};
        },
        posterior);
  }

 private:
  template <class D>
  static Result<double> cdf_of(const D& d, double x) {
    return cdf(d, x);
  }
  static Result<double> cdf_of(const LocatedT& d, double x) { return cdf(StudentT{d.df}, (x - d.location) / d.scale); }
  template <class D>
  static Result<double> survival_of(const D& d, double x) {
    return survival(d, x);
  }
  static Result<double> survival_of(const LocatedT& d, double x) {
    return survival(StudentT{d.df}, (x - d.location) / d.scale);
  }
  template <class D>
  static double quantile_of(const D& d, double p, bool upper) {
    return upper ? *quantile_upper(d, p) : *quantile(d, p);
  }
  static double quantile_of(const LocatedT& d, double p, bool upper) {
    return d.location + d.scale * quantile_of(StudentT{d.df}, p, upper);
  }
};

double normal_density(double z) {
  return std::exp(-0.5 * z * z) / std::sqrt(2 * std::numbers::pi);
}

/// Panels in the score of `own`, broken wherever one of `points` lies.
std::vector<QuadratureNode> score_nodes(const Law& own, std::span<const double> points) {
  std::vector<double> breaks;
  for (double z = -score_max; z <= score_max; ++z) breaks.push_back(z);
  for (const double x : points) {
    const double z = own.score(x);
    if (std::abs(z) < score_max) breaks.push_back(z);
  }
  std::sort(breaks.begin(), breaks.end());
  return panel_nodes(breaks);
}

/// Where a distribution function stops being smooth: the ends of its support.
std::vector<double> support_ends(const Law& law) {
  if (std::holds_alternative<Beta>(law.posterior)) return {0, 1};
  if (std::holds_alternative<Gamma>(law.posterior)) return {0};
  return {};
}

std::vector<double> break_points(const Law& law) {
  auto points = support_ends(law);
  for (double z = -break_max; z <= break_max; ++z) points.push_back(law.at_score(z));
  return points;
}

/// The difference theta_b - theta_a: an integral over the narrower one's density of the other's distribution function.
class DifferenceLaw {
 public:
  DifferenceLaw(const Law& a, const Law& b)
      : over_a_(a.at_score(1) - a.at_score(-1) < b.at_score(1) - b.at_score(-1)),
        own_(over_a_ ? a : b),
        other_(over_a_ ? b : a),
        breaks_(break_points(other_)),
        ends_(support_ends(other_)),
        smooth_(nodes_of({})) {}

  /// P(theta_b - theta_a <= difference).
  double below(double difference) const {
    const double shift = over_a_ ? difference : -difference;
    // In steps of its own deviation the narrower one sees the other change slowly, but for the ends of its support.
    const bool has_end = std::any_of(ends_.begin(), ends_.end(),
                                     [&](double end) { return std::abs(own_.score(end - shift)) < score_max; });
    if (!has_end) return integral(smooth_, shift);
    std::vector<double> points;
    for (const double x : breaks_) points.push_back(x - shift);
    return integral(nodes_of(points), shift);
  }

 private:
  struct Node {
    double x, mass;
  };
  std::vector<Node> nodes_of(std::span<const double> points) const {
    std::vector<Node> nodes;
    for (const auto& node : score_nodes(own_, points)) {
      nodes.push_back({own_.at_score(node.x), node.weight * normal_density(node.x)});
    }
    return nodes;
  }
  double integral(const std::vector<Node>& nodes, double shift) const {
    double sum = 0;
    for (const auto& node : nodes) {
      sum += node.mass * (over_a_ ? other_.below(node.x + shift) : other_.above(node.x + shift));
    }
    return std::clamp(sum, 0.0, 1.0);
  }

  bool over_a_;
  Law own_, other_;
  std::vector<double> breaks_, ends_;
  std::vector<Node> smooth_;
};

/// The root of a rising function, by false position with bisection where that stalls (Illinois).
template <class Function>
double rising_root(double low, double high, double tolerance, const Function& f) {
  double f_low = f(low), f_high = f(high);
  int side = 0;
  for (int i = 0; i < 100 && high - low > tolerance; ++i) {
    const double middle = f_high > f_low ? (low * f_high - high * f_low) / (f_high - f_low) : 0.5 * (low + high);
    const double value = f(middle);
    if (std::abs(value) < 1e-12) return middle;
    if (value < 0) {
      low = middle;
      f_low = value;
      if (side == -1) f_high /= 2;
      side = -1;
    } else {
      high = middle;
      f_high = value;
      if (side == 1) f_low /= 2;
      side = 1;
    }
  }
  return 0.5 * (low + high);
}

Status check_posterior(const Posterior& posterior) {
  if (const auto* t = std::get_if<LocatedT>(&posterior)) {
    if (std::isfinite(t->location) && t->scale > 0 && std::isfinite(t->scale) && t->df > 2) return {};
    return fail(Errc::invalid_argument,
                "a posterior t has location {}, scale {} and {} degrees of freedom; it needs a "
                "finite location, a scale above 0 and more than 2 degrees",
                t->location, t->scale, t->df);
  }
  const auto checked = std::visit(
      [](const auto& d) -> Result<double> {
        if constexpr (std::is_same_v<std::decay_t<decltype(d)>, LocatedT>) {
          return 0.0;
        } else {
          return cdf(d, 0.5);
        }
      },
      posterior);
  if (!checked) return fail(checked.error());
  return {};
}

}  // namespace

Result<Posterior> rate_posterior(const Proportion& arm, Beta prior) {
  TROUPE_CHECK(check(arm, "arm"));
  if (!(prior.a > 0 && std::isfinite(prior.a) && prior.b > 0 && std::isfinite(prior.b))) {
    return fail_field("prior", "the prior is Beta({}, {}); both must be above 0 and finite", prior.a, prior.b);
  }
  return Beta{prior.a + arm.successes, prior.b + arm.trials - arm.successes};
}

Result<Posterior> mean_posterior(const Moments& arm, NormalGammaPrior prior) {
  TROUPE_CHECK(check(arm, "arm"));
  if (!(std::isfinite(prior.mean) && prior.strength >= 0 && std::isfinite(prior.strength) && prior.shape >= -0.5 &&
        std::isfinite(prior.shape) && prior.rate >= 0 && std::isfinite(prior.rate))) {
    return fail_field(
        "prior",
        "the prior has mean {}, strength {}, shape {} and rate {}; they must be finite, strength and rate at "
        "least 0, shape at least -0.5",
        prior.mean, prior.strength, prior.shape, prior.rate);
  }
  const double strength = prior.strength + arm.n, shape = prior.shape + 0.5 * arm.n;
  const double off = arm.mean - prior.mean;
  const double rate = prior.rate + 0.5 * arm.m2 + 0.5 * prior.strength * arm.n / strength * off * off;
  if (!(shape > 1)) {
    return fail(Errc::invalid_argument,
                "an arm of {} units leaves its variance unknown; it needs at least 4, or a prior", arm.n);
  }
  if (!(rate > 0)) return fail(Errc::invalid_argument, "an arm's values do not vary, and the prior says nothing of it");
  return LocatedT{prior.mean + arm.n / strength * off, std::sqrt(rate / (shape * strength)), 2 * shape};
}

Result<Posterior> event_rate_posterior(double events, double exposure, GammaPrior prior) {
  TROUPE_CHECK(check_count(events, "events"));
  if (!(exposure > 0 && std::isfinite(exposure))) {
    return fail_field("exposure", "the exposure is {}; it must be above 0 and finite", exposure);
  }
  if (!(prior.shape > 0 && std::isfinite(prior.shape) && prior.rate >= 0 && std::isfinite(prior.rate))) {
    return fail_field("prior", "the prior is Gamma(shape {}, rate {}); shape must be above 0, rate at least 0",
                      prior.shape, prior.rate);
  }
  return Gamma{prior.shape + events, 1 / (prior.rate + exposure)};
}

Result<std::vector<ArmBelief>> compare_arms(std::span<const Posterior> arms, BayesianOptions options) {
  TROUPE_CHECK(check_open_unit(options.credibility, "the credibility"));
  if (arms.size() < 2 || arms.size() > 16) {
    return fail_field("arms", "there are {} arms; 2 to 16 can be compared", arms.size());
  }
  for (const auto& arm : arms) TROUPE_CHECK(check_posterior(arm));
  std::vector<Law> laws;
  std::vector<std::vector<double>> points;
  double best_mean = 0;
  for (const auto& arm : arms) {
    laws.push_back({arm});
    points.push_back(break_points(laws.back()));
    const double mean = laws.back().mean();
    if (laws.size() == 1 || (options.higher_is_better ? mean > best_mean : mean < best_mean)) best_mean = mean;
  }

  std::vector<ArmBelief> beliefs(arms.size());
  double best_value = 0;  // Expected value of the best arm, less best_mean.
  for (size_t i = 0; i < laws.size(); ++i) {
    std::vector<double> others;
    for (size_t j = 0; j < laws.size(); ++j) {
      if (j != i) others.insert(others.end(), points[j].begin(), points[j].end());
    }
    for (const auto& node : score_nodes(laws[i], others)) {
      const double x = laws[i].at_score(node.x);
      double mass = node.weight * normal_density(node.x);
      for (size_t j = 0; j < laws.size(); ++j) {
        if (j != i) mass *= options.higher_is_better ? laws[j].below(x) : laws[j].above(x);
      }
      beliefs[i].probability_best += mass;
      if (mass > 0) best_value += mass * (x - best_mean);
    }
  }
  for (size_t i = 0; i < laws.size(); ++i) {
    auto& belief = beliefs[i];
    belief.mean = laws[i].mean();
    belief.credible = laws[i].credible(options.credibility);
    belief.probability_best = std::clamp(belief.probability_best, 0.0, 1.0);
    const double short_of = best_value - (belief.mean - best_mean);
    belief.expected_loss = std::max(0.0, options.higher_is_better ? short_of : -short_of);
  }
  return beliefs;
}

Result<DifferenceBelief> compare_two(const Posterior& a, const Posterior& b, double rope, double credibility) {
  TROUPE_CHECK(check_open_unit(credibility, "the credibility"));
  TROUPE_CHECK(check_posterior(a));
  TROUPE_CHECK(check_posterior(b));
  if (!(rope >= 0 && std::isfinite(rope))) {
    return fail_field("rope", "the range of practical equivalence is {}; it must be at least 0 and finite", rope);
  }
  const Law first{a}, second{b};
  const DifferenceLaw law(first, second);
  const auto below = [&](double difference) { return law.below(difference); };

  DifferenceBelief belief;
  belief.mean = second.mean() - first.mean();
  belief.probability_greater = 1 - below(0);
  belief.probability_rope = rope > 0 ? std::max(0.0, below(rope) - below(-rope)) : 0;
  // The arms' own intervals at half the tail each bound that of the difference (Bonferroni).
  const double tail = 0.5 * (1 - credibility);
  const auto wide_a = first.credible(1 - tail), wide_b = second.credible(1 - tail);
  const double low = wide_b.low - wide_a.high, high = wide_b.high - wide_a.low;
  const double tolerance = 1e-12 * (high - low);
  belief.credible.low = rising_root(low, high, tolerance, [&](double d) { return below(d) - tail; });
  belief.credible.high = rising_root(low, high, tolerance, [&](double d) { return below(d) - (1 - tail); });
  return belief;
}

}  // namespace troupe::experiment
