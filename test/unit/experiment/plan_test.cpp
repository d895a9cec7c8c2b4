#include "actors/experiment/assignment/plan.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <fstream>
#include <nlohmann/json.hpp>

using namespace troupe;
using namespace troupe::experiment;

namespace {

constexpr WallTime noon{std::chrono::hours{480'000}};

protocol::RoutedExperiment half_and_half(std::string name) {
  protocol::RoutedExperiment made;
  made.salt = name;
  made.name = std::move(name);
  made.variants = {{"control", "1"}, {"treatment", "2"}};
  made.allocations = {{1, {{0, 0}, {slot_count / 2, 1}}}};
  made.layer = "main";
  made.layer_end = slot_count;
  made.starts_unix_us = unix_microseconds(noon);
  made.ends_unix_us = unix_microseconds(noon + std::chrono::hours{1});
  return made;
}

FeatureValue no_features(std::string_view) {
  return {};
}

/// As the admin API shows experiments.
protocol::RoutedExperiment from_document(const nlohmann::json& document) {
  auto made = half_and_half(document.at("name"));
  made.variants.clear();
  for (const auto& variant : document.at("variants")) made.variants.push_back({variant.at("name"), "1"});
  const auto arm_of = [&made](const std::string& name) {
    const auto found = std::ranges::find(made.variants, name, &protocol::Variant::name);
    return static_cast<uint32_t>(found - made.variants.begin());
  };
  const auto& assignment = document.at("assignment");
  made.salt = assignment.at("salt");
  made.layer = assignment.at("layer");
  made.layer_first = assignment.at("layer_first");
  made.layer_end = assignment.at("layer_end");
  made.allocations.clear();
  const auto add = [&](const nlohmann::json& slots) {
    protocol::RoutedAllocation allocation{1, {}};
    for (const auto& range : slots) allocation.slots.push_back({range.at("first"), arm_of(range.at("variant"))});
    made.allocations.push_back(std::move(allocation));
  };
  if (assignment.contains("slots")) add(assignment.at("slots"));
  for (const auto& slots : assignment.value("slots_by_segment", nlohmann::json::array())) add(slots);
  for (const auto& one : assignment.value("segments", nlohmann::json::array()))
    made.segmentations.push_back({one.at("feature"), one.at("values")});
  for (const auto& [unit, variant] : assignment.at("overrides").items())
    made.overrides.push_back({unit, arm_of(variant)});
  return made;
}

/// Must not outlive `features`.
Features features_of(const nlohmann::json& features) {
  return [&features](std::string_view name) -> FeatureValue {
    const auto found = features.find(std::string(name));
    if (found == features.end()) return {};
    if (found->is_number()) return found->get<double>();
    return std::string_view(found->get_ref<const std::string&>());
  };
}

std::string user(int i) {
  return "user-" + std::to_string(i);
}

/// "experiment/variant", or "none".
std::string given(const Plan& plan, const RequestUnits& units, WallTime now = noon,
                  const Features& features = no_features) {
  const auto assignment = plan.assign(units, features, now);
  if (!assignment) return "none";
  const protocol::RoutedExperiment& experiment = plan.experiments()[assignment->experiment];
  return experiment.name + "/" + experiment.variants[assignment->arm].name + (assignment->is_override ? "!" : "");
}

}  // namespace

BOOST_AUTO_TEST_SUITE(plans)

BOOST_AUTO_TEST_CASE(a_unit_keeps_its_variant_and_half_of_them_have_each) {
  const Plan plan = Plan::of({half_and_half("prompt")}).value();

  int treated = 0;
  for (int i = 0; i < 10'000; ++i) {
    const std::string name = user(i);
    const std::string first = given(plan, {.user = name});
    BOOST_REQUIRE(given(plan, {.user = name}) == first);
    treated += first == "prompt/treatment";
  }
  BOOST_TEST(treated > 4'800);
  BOOST_TEST(treated < 5'200);
}

BOOST_AUTO_TEST_CASE(it_runs_from_its_start_to_its_end) {
  const Plan plan = Plan::of({half_and_half("prompt")}).value();

  BOOST_TEST(given(plan, {.user = "anna"}, noon - std::chrono::microseconds{1}) == "none");
  BOOST_TEST(given(plan, {.user = "anna"}, noon) != "none");
  BOOST_TEST(given(plan, {.user = "anna"}, noon + std::chrono::hours{1}) == "none");
}

BOOST_AUTO_TEST_CASE(segments_may_have_allocations_of_their_own) {
  auto by_plan = half_and_half("prompt");
  by_plan.segmentations = {{"header.x-plan", {"pro"}}};
  by_plan.allocations = {{7, {{0, 1}}}, {8, {{0, 0}}}};
  const Plan plan = Plan::of({by_plan}).value();

  const auto pro = plan.assign(
      {.user = "anna"}, [](std::string_view) { return FeatureValue("pro"); }, noon);
  const auto other = plan.assign({.user = "anna"}, no_features, noon);

  BOOST_TEST((pro->arm == 1 && pro->revision == 7 && pro->segment == 1));
  BOOST_TEST((other->arm == 0 && other->revision == 8 && other->segment == 2));
}

BOOST_AUTO_TEST_CASE(an_allocation_of_all_segments_leaves_units_where_they_are) {
  auto by_plan = half_and_half("prompt");
  by_plan.segmentations = {{"header.x-plan", {"pro"}}};
  const Plan plan = Plan::of({by_plan}).value();

  const auto pro = plan.assign(
      {.user = "anna"}, [](std::string_view) { return FeatureValue("pro"); }, noon);
  const auto other = plan.assign({.user = "anna"}, no_features, noon);

  BOOST_TEST((pro->arm == other->arm && pro->revision == 1 && other->revision == 1));
  BOOST_TEST((pro->segment == 1 && other->segment == 2));
}

BOOST_AUTO_TEST_CASE(a_request_without_the_unit_is_not_in_it) {
  auto by_session = half_and_half("prompt");
  by_session.unit = protocol::UnitKind::session;
  const Plan plan = Plan::of({by_session}).value();

  BOOST_TEST(given(plan, {.user = "anna", .request = "r1"}) == "none");
  BOOST_TEST(given(plan, {.session = "s1"}) != "none");
}

BOOST_AUTO_TEST_CASE(experiments_of_a_layer_never_share_a_unit_and_what_is_held_out_is_in_none) {
  auto first = half_and_half("first");
  first.layer_end = slot_count / 2;
  auto second = half_and_half("second");
  second.layer_first = slot_count / 2;
  second.layer_end = slot_count * 9 / 10;
  const Plan both = Plan::of({first, second}).value();
  const Plan alone = Plan::of({second}).value();

  int in_first = 0;
  int held_out = 0;
  for (int i = 0; i < 10'000; ++i) {
    const std::string name = user(i);
    const std::string drawn = given(both, {.user = name});
    if (drawn.starts_with("first/")) BOOST_REQUIRE(given(alone, {.user = name}) == "none");
    if (drawn.starts_with("second/")) BOOST_REQUIRE(given(alone, {.user = name}) == drawn);
    in_first += drawn.starts_with("first/");
    held_out += drawn == "none";
  }
  BOOST_TEST(in_first > 4'800);
  BOOST_TEST(in_first < 5'200);
  BOOST_TEST(held_out > 880);
  BOOST_TEST(held_out < 1'120);
}

BOOST_AUTO_TEST_CASE(who_is_not_targeted_falls_through_to_the_next_experiment) {
  auto for_europe = half_and_half("europe");
  for_europe.targets = {{"region", protocol::ConditionKind::any_of, {"eu"}}};
  const Plan plan = Plan::of({for_europe, half_and_half("rest")}).value();
  const Features in_europe = [](std::string_view name) -> FeatureValue {
    return name == "region" ? FeatureValue("eu") : FeatureValue{};
  };

  BOOST_TEST(given(plan, {.user = "anna"}, noon, in_europe).starts_with("europe/"));
  BOOST_TEST(given(plan, {.user = "anna"}).starts_with("rest/"));
}

BOOST_AUTO_TEST_CASE(an_override_gives_a_variant_whatever_else_holds_and_says_so) {
  auto tested = half_and_half("prompt");
  tested.overrides = {{"tester", 1}};
  tested.targets = {{"region", protocol::ConditionKind::present}};
  const Plan plan = Plan::of({tested}).value();

  BOOST_TEST(given(plan, {.user = "tester"}) == "prompt/treatment!");
  BOOST_TEST(given(plan, {.user = "anna"}) == "none");
}

BOOST_AUTO_TEST_CASE(python_gives_the_same_variants) {
  std::ifstream file(TROUPE_TEST_DATA "/experiment/slots.json");
  const auto experiments = nlohmann::json::parse(file).at("experiments");

  BOOST_TEST(experiments.size() >= 4u);
  for (const auto& one : experiments) {
    const Plan plan = Plan::of({from_document(one)}).value();
    for (const auto& [unit, variant] : one.at("given").items()) {
      const auto assignment = plan.assign({.user = unit}, no_features, noon);
      const std::string name = assignment ? plan.experiments()[0].variants[assignment->arm].name : "none";
      BOOST_TEST(name == (variant.is_null() ? "none" : variant.get<std::string>()), one.at("name") << " " << unit);
    }
    for (const auto& with : one.value("given_by_features", nlohmann::json::array()))
      for (const auto& [unit, variant] : with.at("given").items()) {
        const auto assignment = plan.assign({.user = unit}, features_of(with.at("features")), noon);
        const std::string name = assignment ? plan.experiments()[0].variants[assignment->arm].name : "none";
        BOOST_TEST(name == (variant.is_null() ? "none" : variant.get<std::string>()), with.at("features")
                                                                                          << " " << unit);
      }
  }
}

BOOST_AUTO_TEST_CASE(an_experiment_that_makes_no_sense_is_refused_by_name) {
  auto without_slots = half_and_half("prompt");
  without_slots.allocations[0].slots.clear();
  auto wrong_override = half_and_half("prompt");
  wrong_override.overrides = {{"tester", 2}};

  BOOST_TEST(Plan::of({without_slots}).error().message.starts_with("experiment prompt: "));
  auto of_no_segments = half_and_half("prompt");
  of_no_segments.allocations.push_back(of_no_segments.allocations[0]);
  BOOST_TEST(Plan::of({of_no_segments}).error().message == "experiment prompt: 2 allocations of 1 segments");
  BOOST_TEST(Plan::of({wrong_override}).error().message ==
             "experiment prompt: the override of tester names no variant");
}

BOOST_AUTO_TEST_SUITE_END()
