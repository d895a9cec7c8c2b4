#include "actors/experiment/planning/unit_behaviour.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>

#include "actors/experiment/ledger/fixed_point.hpp"
#include "actors/experiment/planning/running_moments.hpp"

using namespace troupe;
using namespace troupe::experiment;

namespace {

constexpr int64_t noon_us = 1'800'000'000'000'000;
constexpr int units = 20'000;

Definition asked() {
  Definition made;
  made.name = "sums";
  made.variants = {{"control", "1", 0.5}, {"treatment", "2", 0.5}};
  made.metrics = {{"solved", MetricKind::ratio},
                  {"p95_latency", MetricKind::quantile, "latency_ms", "", 0.95},
                  {"errors", MetricKind::ratio, "", "requests"},
                  {"renewal", MetricKind::survival}};
  made.window = std::chrono::hours{1};
  return made;
}

/// What one unit sent.
struct Sent {
  std::vector<double> solved;
  std::vector<double> latencies;
  double errors = 0;
  std::vector<double> renewals;  ///< Seconds after its exposure.
};

std::vector<Sent> sent(const UnitBehaviour& behaviour, uint32_t arm) {
  const Definition definition = asked();
  UnitDraws draws(definition, behaviour);
  SeededRandom random(7);
  std::vector<Sent> all;
  for (int i = 0; i < units; ++i) {
    std::vector<protocol::Event> events;
    draws.draw("u" + std::to_string(i), {1, 1, arm}, noon_us, random, events);
    BOOST_REQUIRE(std::holds_alternative<protocol::Exposure>(events.at(0).what));
    Sent& unit = all.emplace_back();
    for (size_t at = 1; at < events.size(); ++at) {
      if (const auto* attempt = std::get_if<protocol::Attempt>(&events[at].what)) {
        unit.latencies.push_back(static_cast<double>(attempt->latency_us) / 1000);
        unit.errors += attempt->cause != 0;
        continue;
      }
      const auto& outcome = std::get<protocol::Outcome>(events[at].what);
      if (outcome.measure == "solved") unit.solved.push_back(from_fixed(outcome.value));
      if (outcome.measure == "renewal")
        unit.renewals.push_back(static_cast<double>(events[at].time_unix_us - noon_us) / 1e6);
    }
  }
  return all;
}

bool is_near(double found, double wanted, double share) {
  return std::abs(found - wanted) <= share * wanted;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(unit_behaviour)

BOOST_AUTO_TEST_CASE(a_unit_makes_as_many_requests_as_said_and_each_is_right_or_wrong_at_its_rate) {
  const UnitBehaviour behaviour{.metrics = {{"solved", {0.8, 0.9}, {}}, {"errors", {0.02, 0.05}, {}}}, .requests = 4};
  double requests = 0;
  double solved = 0;
  double errors = 0;
  for (const Sent& unit : sent(behaviour, 1)) {
    BOOST_REQUIRE(unit.latencies.size() >= 1u);
    BOOST_REQUIRE(unit.solved.size() == unit.latencies.size());
    requests += static_cast<double>(unit.latencies.size());
    for (const double one : unit.solved) solved += one;
    errors += unit.errors;
  }
  BOOST_TEST(is_near(requests / units, 4, 0.02));
  BOOST_TEST(is_near(solved / requests, 0.9, 0.01));
  BOOST_TEST(is_near(errors / requests, 0.05, 0.05));
}

BOOST_AUTO_TEST_CASE(requests_of_one_unit_correlate_as_said) {
  const UnitBehaviour behaviour{.metrics = {{"solved", {0.7, 0.7}, {}}, {"p95_latency", {100, 100}, {50, 50}}},
                                .requests = 6,
                                .correlation = 0.3};
  // Of the first two requests of each unit: the covariance over the variance.
  RunningMoments logs;
  RunningMoments rates;
  double log_products = 0;
  double rate_products = 0;
  double pairs = 0;
  for (const Sent& unit : sent(behaviour, 0)) {
    if (unit.solved.size() < 2) continue;
    ++pairs;
    for (size_t i = 0; i < 2; ++i) {
      rates.add(unit.solved[i]);
      logs.add(std::log(unit.latencies[i]));
    }
    rate_products += unit.solved[0] * unit.solved[1];
    log_products += std::log(unit.latencies[0]) * std::log(unit.latencies[1]);
  }
  const auto correlation = [&](const RunningMoments& values, double products) {
    const double mean = values.moments().mean;
    return (products / pairs - mean * mean) / (values.moments().m2 / values.moments().n);
  };
  BOOST_TEST(is_near(correlation(rates, rate_products), 0.3, 0.1));
  BOOST_TEST(is_near(correlation(logs, log_products), 0.3, 0.1));
}

BOOST_AUTO_TEST_CASE(values_of_requests_have_their_mean_deviation_and_quantile) {
  const UnitBehaviour behaviour{.metrics = {{"p95_latency", {100, 120}, {50, 50}}}, .requests = 2, .correlation = 0.3};
  RunningMoments latencies;
  double above = 0;
  // scipy.stats.lognorm(s, scale=exp(m)).ppf(0.95) with s^2 = log(1 + (50 / mean)^2), m = log(mean) - s^2 / 2
  const double p95_of_control = 194.53178380092206;
  const double p95_of_treatment = 213.91229234082098;
  for (const Sent& unit : sent(behaviour, 0)) {
    for (const double one : unit.latencies) {
      latencies.add(one);
      above += one > p95_of_control;
    }
  }
  const Moments moments = latencies.moments();
  BOOST_TEST(is_near(moments.mean, 100, 0.02));
  BOOST_TEST(is_near(std::sqrt(moments.m2 / moments.n), 50, 0.05));
  BOOST_TEST(is_near(above / moments.n, 0.05, 0.06));
  BOOST_TEST(true_effect(asked().metrics[1], behaviour.metrics[0], 1) == p95_of_treatment - p95_of_control,
             boost::test_tools::tolerance(1e-9));
}

BOOST_AUTO_TEST_CASE(what_happens_at_last_happens_within_the_window_or_not_at_all) {
  const UnitBehaviour behaviour{.metrics = {{"renewal", {3600, 1800}, {}}}};
  double happened = 0;
  for (const Sent& unit : sent(behaviour, 0)) {
    BOOST_REQUIRE(unit.renewals.size() <= 1u);
    for (const double seconds : unit.renewals) BOOST_REQUIRE((seconds >= 0 && seconds <= 3600));
    happened += static_cast<double>(unit.renewals.size());
  }
  BOOST_TEST(is_near(happened / units, 1 - std::exp(-1.0), 0.02));
  BOOST_TEST(true_effect(asked().metrics[3], behaviour.metrics[0], 1) == 1);
}

BOOST_AUTO_TEST_SUITE_END()
