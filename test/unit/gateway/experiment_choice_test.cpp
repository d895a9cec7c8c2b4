#include "actors/gateway/experiment_choice.hpp"

#include <boost/test/unit_test.hpp>

#include "actors/gateway/attempt_note.hpp"
#include "test/unit/gateway/fixtures.hpp"

using namespace troupe;
using namespace troupe::gateway;
using troupe::gateway::testing::route;
using troupe::gateway::testing::snapshot;

namespace {

constexpr WallTime noon{std::chrono::hours{480'000}};

protocol::RoutedExperiment half_and_half() {
  protocol::RoutedExperiment made;
  made.name = made.salt = "sums";
  made.number = 7;
  made.variants = {{"control", "1"}, {"treatment", "2"}};
  made.allocations = {{3, {{0, 0}, {experiment::slot_count / 2, 1}}}};
  made.layer = "default";
  made.layer_end = experiment::slot_count;
  made.ends_unix_us = unix_microseconds(noon + std::chrono::hours{1});
  return made;
}

protocol::RoutingSnapshot with(protocol::RoutedExperiment experiment) {
  auto routes = snapshot({route("1", 1, 1), route("2", 0, 1)});
  routes.models[0].experiments = {std::move(experiment)};
  return routes;
}

protocol::ServeRequest request(std::string user) {
  protocol::ServeRequest made;
  made.request_id = "r";
  made.model = "clerk";
  made.unit = std::move(user);
  made.work = protocol::Generate{};
  return made;
}

std::string version_for(const RoutingTable& table, const protocol::ServeRequest& asked) {
  const auto choice = choose_variant(table, asked, noon);
  return choice ? choice->version() : "none";
}

class Recorder final : public experiment::EventRecorder {
 public:
  void record(const protocol::Event& event) override { events.push_back(event); }
  void expose(protocol::Event exposure) override { events.push_back(std::move(exposure)); }
  void record_outcomes(const std::vector<protocol::Event>& outcomes, std::function<void(Status)> done) override {
    events.insert(events.end(), outcomes.begin(), outcomes.end());
    done({});
  }
  std::vector<protocol::Event> events;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(experiment_choice)

BOOST_AUTO_TEST_CASE(a_user_keeps_the_variant_and_half_of_them_have_each) {
  const RoutingTable table(with(half_and_half()));

  int treated = 0;
  for (int i = 0; i < 2000; ++i) {
    const auto asked = request("user-" + std::to_string(i));
    const std::string version = version_for(table, asked);
    BOOST_REQUIRE(version_for(table, asked) == version);
    treated += version == "2";
  }
  BOOST_TEST(treated > 900);
  BOOST_TEST(treated < 1100);
}

BOOST_AUTO_TEST_CASE(requests_that_name_a_version_or_nobody_are_in_no_experiment) {
  const RoutingTable table(with(half_and_half()));
  auto pinned = request("anna");
  pinned.version = "1";

  BOOST_TEST(version_for(table, pinned) == "none");
  BOOST_TEST(version_for(table, request("")) == "none");
  BOOST_TEST(version_for(RoutingTable(snapshot({route("1", 1, 1)})), request("anna")) == "none");
}

BOOST_AUTO_TEST_CASE(experiments_ask_for_the_headers_and_keys_that_they_need) {
  auto targeted = half_and_half();
  targeted.targets = {{"header.x-plan", protocol::ConditionKind::any_of, {"pro"}},
                      {"parameters.temperature", protocol::ConditionKind::below, {}, 0.5},
                      {"key", protocol::ConditionKind::present}};
  const RoutingTable table(with(targeted));
  auto asked = request("anna");
  std::get<protocol::Generate>(asked.work).sampling.temperature = 0.2;
  asked.features["header.x-plan"] = "pro";

  BOOST_TEST(table.wanted_headers() == std::vector<std::string>{"x-plan"}, boost::test_tools::per_element());
  BOOST_TEST(table.wants_keys());
  BOOST_TEST(version_for(table, asked) == "none");
  asked.key = "k1";
  BOOST_TEST(version_for(table, asked) != "none");
  asked.features["header.x-plan"] = "free";
  BOOST_TEST(version_for(table, asked) == "none");
}

BOOST_AUTO_TEST_CASE(what_tells_segments_apart_is_asked_of_requests_too) {
  auto told_apart = half_and_half();
  told_apart.segmentations = {{"header.x-plan", {"pro"}}, {"key", {"k1"}}};
  const RoutingTable table(with(told_apart));
  auto asked = request("anna");
  asked.features["header.x-plan"] = "pro";

  BOOST_TEST(table.wanted_headers() == std::vector<std::string>{"x-plan"}, boost::test_tools::per_element());
  BOOST_TEST(table.wants_keys());
  BOOST_TEST(choose_variant(table, asked, noon)->segment == 2u, "pro, and another key");
}

BOOST_AUTO_TEST_CASE(experiments_that_make_no_sense_are_left_out_and_told) {
  auto broken = half_and_half();
  broken.allocations.clear();
  const RoutingTable table(with(broken));

  BOOST_TEST(table.plan_of("clerk") == nullptr);
  BOOST_TEST(table.plan_errors().size() == 1u);
  BOOST_TEST(version_for(table, request("anna")) == "none");
}

BOOST_AUTO_TEST_CASE(a_request_says_that_its_unit_is_exposed_and_what_became_of_each_attempt) {
  const RoutingTable table(with(half_and_half()));
  const auto asked = request("anna");
  const auto choice = choose_variant(table, asked, noon);
  BOOST_TEST_REQUIRE(choice.has_value());
  Recorder recorder;
  const SystemClock clock;
  AttemptNote note(recorder, *choice, clock);

  note.begin();
  note.ended(Errc::lost);
  note.first_part();
  note.ended(std::nullopt, {12, 30}, true);

  BOOST_TEST_REQUIRE(recorder.events.size() == 3u);
  for (const protocol::Event& event : recorder.events) BOOST_TEST(event.unit == "anna");
  const protocol::ArmOf place{7, 3, choice->arm};
  BOOST_TEST((std::get<protocol::Exposure>(recorder.events[0].what).place == place));
  const auto& lost = std::get<protocol::Attempt>(recorder.events[1].what);
  BOOST_TEST((lost.place == place && lost.cause == static_cast<uint32_t>(Errc::lost) && lost.first_part_us == 0));
  const auto& served = std::get<protocol::Attempt>(recorder.events[2].what);
  BOOST_TEST((served.cause == 0 && served.cached && served.prompt_tokens == 12 && served.completion_tokens == 30));
  BOOST_TEST(served.first_part_us >= 1);
}

BOOST_AUTO_TEST_SUITE_END()
