#include <boost/test/unit_test.hpp>
#include <limits>

#include "actors/experiment/definition/compile.hpp"

using namespace troupe;
using namespace troupe::experiment;

namespace {

Definition sums() {
  Definition made;
  made.name = "sums";
  made.model = "clerk";
  made.variants = {{"control", "1", 0.5}, {"treatment", "2", 0.5}};
  MetricDefinition correct{"correct"};
  correct.role = MetricRole::goal;
  MetricDefinition latency{"p95", MetricKind::quantile, "latency_ms"};
  latency.quantile = 0.95;
  latency.role = MetricRole::guardrail;
  latency.direction = Direction::decrease;
  latency.margin = 0.2;
  made.metrics = {correct, latency};
  return made;
}

template <class Change>
std::string refusal(Change change) {
  Definition definition = sums();
  change(definition);
  const Status checked = check(definition);
  return checked ? "accepted" : checked.error().message;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(definitions)

BOOST_AUTO_TEST_CASE(cost_needs_the_price_of_every_variant) {
  const auto costly = [](Definition& d) {
    MetricDefinition cost{"spent", MetricKind::ratio, "cost"};
    cost.per = "solved";
    d.metrics.push_back(cost);
  };
  const std::string why =
      "metric spent: `cost` is what attempts cost by variants' prices, and variant treatment has none; give it `price: "
      "{request: 0.0002, prompt_token: 1.5e-6, completion_token: 6e-6}`, or `price: {}` where it costs nothing";

  BOOST_TEST(refusal([&](Definition& d) {
               costly(d);
               d.variants[0].price = PriceDefinition{.request = 0.01};
             }) == why);
  BOOST_TEST(refusal([&](Definition& d) {
               costly(d);
               d.variants[0].price = PriceDefinition{.request = 0.01};
               d.variants[1].price = PriceDefinition{};
             }) == "accepted");
  BOOST_TEST(refusal([](Definition& d) { d.metrics[0].of = "post"; }) == "accepted");
  BOOST_TEST(refusal([](Definition& d) { d.metrics[0].of = "costs"; }).find("did you mean cost?") != std::string::npos);
  for (const double wrong : {-1.0, 1e-13, 1001.0, std::numeric_limits<double>::quiet_NaN()})
    BOOST_TEST(refusal([&](Definition& d) {
                 d.variants[1].price = PriceDefinition{.completion_token = wrong};
               }).starts_with("variant treatment: a price must be 0, or from 1e-12 to 1000, found"));
}

BOOST_AUTO_TEST_CASE(parts_that_do_not_fit_are_refused_by_name) {
  BOOST_TEST(refusal([](Definition&) {}) == "accepted");
  BOOST_TEST(refusal([](Definition& d) { d.variants.pop_back(); }) ==
             "variants: an experiment has 2 to 16, the control first; found 1");
  BOOST_TEST(refusal([](Definition& d) { d.variants[1].weight = 0.4; }) ==
             "variants: weights must sum to 1 (± 1e-06), found 0.9");
  BOOST_TEST(refusal([](Definition& d) { d.variants[1].name = "control"; }) ==
             "variants: there are two of the name control");
  BOOST_TEST(refusal([](Definition& d) { d.overrides["tester"] = "treatmnt"; }) ==
             "overrides: tester is given treatmnt, and there is no such variant (did you mean treatment?)");
  BOOST_TEST(refusal([](Definition& d) { d.metrics[0].role = MetricRole::watched; }) ==
             "metrics: none has `role: goal`, so nothing could be decided");
  BOOST_TEST(refusal([](Definition& d) { d.metrics[0].margin = 0.1; }) ==
             "metric correct: `margin` belongs to `role: guardrail`");
  BOOST_TEST(refusal([](Definition& d) { d.metrics[1].quantile = 0.99995; }).find("0.0001 to 0.9999") !=
             std::string::npos);
  BOOST_TEST(refusal([](Definition& d) { d.metrics[1].quantile = 95; }) ==
             "metric p95: `quantile` must lie from 0.0001 to 0.9999, such as 0.95");
  BOOST_TEST(refusal([](Definition& d) { d.metrics[0].covariate = true; }) ==
             "metric correct: `covariate` needs `before`: how far back it looks");
  BOOST_TEST(
      refusal([](Definition& d) {
        d.targets = {{"regoin", {"eu"}}};
      }) ==
      "targets: requests have no feature regoin; there are group, region, key, header.NAME, parameters.NAME (did "
      "you mean region?)");
  BOOST_TEST(refusal([](Definition& d) { d.targets = {{"region"}}; }) ==
             "targets: region needs a condition: in, not_in, at_least, below or present");
  BOOST_TEST(refusal([](Definition& d) { d.rule.action = Action::promote; }) == "accepted");
  BOOST_TEST(refusal([](Definition& d) { d.metrics[0].kind = MetricKind::survival; }) == "accepted");
  BOOST_TEST(
      refusal([](Definition& d) { d.metrics[1].of = "latency_mss"; }) ==
      "metric p95: `of` is latency_mss, which attempts do not say (did you mean latency_ms?); an outcome of your "
      "own needs a name that is less like one of theirs");
  BOOST_TEST(refusal([](Definition& d) { d.metrics[1].of = "seconds_to_pay"; }) == "accepted");
  BOOST_TEST(refusal([](Definition& d) { d.share = 0; }) == "share must be above 0 and at most 1, found 0");
}

BOOST_AUTO_TEST_CASE(segments_tell_apart_by_features_that_requests_have) {
  const auto segments = [](std::vector<protocol::Segmentation> asked) {
    return refusal([&](Definition& d) { d.segments = std::move(asked); });
  };
  const auto many = [](size_t count) {
    std::vector<std::string> values;
    for (size_t i = 0; i < count; ++i) values.push_back(std::to_string(i));
    return values;
  };
  BOOST_TEST(segments({{"header.x-plan", {"free", "pro"}}, {"region", {"eu"}}}) == "accepted");
  BOOST_TEST(segments({{"parameters.temperature", many(255)}}) == "accepted");
  BOOST_TEST(segments({{"regoin", {"eu"}}}) ==
             "segments: requests have no feature regoin; there are group, region, key, header.NAME, parameters.NAME "
             "(did you mean region?)");
  BOOST_TEST(segments({{"region", {}}}) ==
             "segments: region needs `values`, such as [free, pro]; all others are one more part");
  BOOST_TEST(segments({{"region", {"eu", "us", "eu"}}}) == "segments: region has the value eu twice");
  BOOST_TEST(segments({{"region", {""}}}) == "segments: a value of region has 1 to 64 bytes, found 0");
  BOOST_TEST(segments({{"region", {"eu"}}, {"region", {"us"}}}) ==
             "segments: region is there twice; one list has all its values");
  BOOST_TEST(segments({{"region", many(15)}, {"group", many(16)}}) ==
             "segments: with group there are 272 combinations of parts, and 256 at most; take fewer values");
  BOOST_TEST(
      segments({{"region", {"a"}}, {"group", {"a"}}, {"key", {"a"}}, {"header.a", {"a"}}, {"header.b", {"a"}}}) ==
      "segments: at most 4 features tell units apart, found 5");
}

BOOST_AUTO_TEST_CASE(methods_refuse_what_they_cannot_judge) {
  BOOST_TEST(refusal([](Definition& d) { d.rule.method = Method::fixed; }) ==
             "rule: method fixed needs `planned_units`, of each variant and at least `minimum_units` (1000); "
             "`troupe experiment power` says how many");
  BOOST_TEST(refusal([](Definition& d) { d.rule.planned_units = 5000; }) ==
             "rule: `planned_units` belongs to the methods fixed and group_sequential");
  const auto bayesian = [](auto change) {
    return refusal([&](Definition& d) {
      d.rule.method = Method::bayesian;
      change(d);
    });
  };
  BOOST_TEST(bayesian([](Definition&) {}) == "accepted");
  BOOST_TEST(bayesian([](Definition& d) { d.metrics[1].role = MetricRole::goal, d.metrics[1].margin = 0; }) ==
             "metric p95: method bayesian has no quantiles as goals; as guardrails they are compared by a sequence");
  BOOST_TEST(bayesian([](Definition& d) { d.metrics[0].kind = MetricKind::survival; }) ==
             "metric correct: method bayesian has no survival");
}

BOOST_AUTO_TEST_CASE(a_linear_bandit_needs_segments_and_not_too_many) {
  const auto linear = [](std::vector<std::string> plans, Duration every, size_t metrics = 1) {
    return refusal([&](Definition& d) {
      d.metrics.resize(metrics);
      d.bandit = BanditDefinition{BanditPolicy::linear, every};
      if (!plans.empty()) d.segments = {{"header.x-plan", std::move(plans)}};
    });
  };
  const auto plans = [](size_t count) {
    std::vector<std::string> names;
    for (size_t i = 0; i < count; ++i) names.push_back(std::to_string(i));
    return names;
  };
  BOOST_TEST(linear(plans(63), std::chrono::hours{24}) == "accepted");
  BOOST_TEST(linear(plans(1), std::chrono::hours{24}, 2).starts_with("bandit: linear takes no quantiles such as p95,"));
  BOOST_TEST(linear({}, std::chrono::hours{24}).starts_with("bandit: linear sets the weights of each segment, and"));
  BOOST_TEST(linear(plans(64), std::chrono::hours{24}) ==
             "bandit: linear sets the weights of at most 64 segments, found 65");
  BOOST_TEST(linear(plans(19), std::chrono::hours{7}) ==
             "bandit: `every` is too short: an experiment of that `maximum_duration` can have 100 revisions of each "
             "segment");
}

BOOST_AUTO_TEST_CASE(bandits_and_dates_are_checked) {
  const auto bandit = [](auto change) {
    return refusal([&](Definition& d) {
      d.bandit = BanditDefinition{};
      d.bandit->every = std::chrono::hours{1};
      change(d);
    });
  };
  BOOST_TEST(bandit([](Definition&) {}) == "accepted");
  BOOST_TEST(bandit([](Definition& d) { d.rule.method = Method::fixed, d.rule.planned_units = 5000; }) ==
             "bandit: tests with a planned sample want constant weights; take `method: always_valid`");
  BOOST_TEST(bandit([](Definition& d) { d.bandit->floor = 0.6; }) ==
             "bandit: `floor` must be above 0 and at most 0.5 of 2 variants, found 0.6");
  BOOST_TEST(bandit([](Definition& d) {
               d.metrics[0].kind = MetricKind::sum, d.bandit->policy = BanditPolicy::ucb1;
             }) == "bandit: ucb1 wants rewards from 0 to 1: the first goal must be a conversion");
  BOOST_TEST(bandit([](Definition& d) { d.bandit->every = std::chrono::minutes{1}; }) ==
             "bandit: `every` is too short: an experiment of that `maximum_duration` can have 2000 revisions");

  BOOST_TEST(refusal([](Definition& d) { d.starts = "tomorrow"; }) ==
             "starts: 'tomorrow' is no time; write one as 2026-11-21T04:05:06Z, or as 2026-11-21");
  BOOST_TEST(refusal([](Definition& d) { d.starts = "2026-12-02", d.ends = "2026-12-01"; }) ==
             "ends (2026-12-01) must be after starts (2026-12-02)");
  BOOST_TEST(refusal([](Definition& d) { d.starts = "2026-12-01", d.ends = "2026-12-02"; }) == "accepted");
}

BOOST_AUTO_TEST_CASE(rules_name_each_measure_once_and_buckets_follow_the_duration) {
  Definition definition = sums();
  MetricDefinition mean{"mean", MetricKind::ratio, "latency_ms"};
  MetricDefinition failing{"failing", MetricKind::ratio, "errors", "requests"};
  definition.metrics.push_back(mean);
  definition.metrics.push_back(failing);

  const Rules rules = rules_of(definition, 3, WallTime{std::chrono::seconds{1'800'000'000}});

  std::vector<std::string> measures;
  for (const Measure& measure : rules.measures) measures.push_back(measure.name);
  BOOST_TEST(measures == (std::vector<std::string>{"correct", "latency_ms", "errors", "requests"}),
             boost::test_tools::per_element());
  BOOST_TEST(!rules.measures[0].of_attempts);
  BOOST_TEST((rules.measures[1].of_attempts == AttemptMeasure::latency_ms && rules.measures[1].has_buckets));
  BOOST_TEST((rules.metrics[2].per_counts && rules.metrics[2].per == 1));
  BOOST_TEST((!rules.metrics[3].per_counts && rules.metrics[3].per == 3));
  BOOST_TEST_REQUIRE(rules.metrics.size() == traffic_metric(definition) + 1);
  const MetricRule& traffic = rules.metrics[traffic_metric(definition)];
  BOOST_TEST((!traffic.per_counts && traffic.measure == 2 && traffic.per == 3));
  BOOST_TEST(rules.bucket_us == int64_t{30} * 86'400 * 1'000'000 / 500);
  definition.rule.maximum_duration = std::chrono::minutes{1};
  BOOST_TEST(rules_of(definition, 3, {}).bucket_us == 1'000'000);
}

BOOST_AUTO_TEST_CASE(targets_become_conditions_that_all_must_hold) {
  Definition definition = sums();
  definition.targets = {{"region", {"eu", "us"}}, {"parameters.temperature", {}, {}, 0.5, 1.0}};

  const auto conditions = conditions_of(definition);

  BOOST_TEST_REQUIRE(conditions.size() == 3u);
  BOOST_TEST((conditions[0].kind == protocol::ConditionKind::any_of && conditions[0].values.size() == 2));
  BOOST_TEST((conditions[1].kind == protocol::ConditionKind::at_least && conditions[1].number == 0.5));
  BOOST_TEST((conditions[2].kind == protocol::ConditionKind::below && conditions[2].number == 1.0));
}

BOOST_AUTO_TEST_SUITE_END()
