#include "actors/gateway/router.hpp"

#include <boost/test/unit_test.hpp>

#include "test/unit/gateway/fixtures.hpp"

using namespace troupe;
using namespace troupe::gateway;
using troupe::gateway::testing::route;
using troupe::gateway::testing::snapshot;

namespace {

std::string version_for(const RoutingTable& table, std::string_view version, std::string_view unit) {
  const auto chosen = choose_route(table, "clerk", version, unit);
  return chosen ? (*chosen)->version : to_string(chosen.error());
}

}  // namespace

BOOST_AUTO_TEST_SUITE(router)

BOOST_AUTO_TEST_CASE(a_misspelt_model_is_not_found_and_the_right_name_is_offered) {
  const RoutingTable table(snapshot({route("1", 1, 1)}));

  const auto chosen = choose_route(table, "clark", "", "anna");

  BOOST_TEST_REQUIRE(!chosen);
  BOOST_TEST((chosen.error().code == Errc::not_found));
  BOOST_TEST(chosen.error().message == "there is no model clark (did you mean clerk?)");
  BOOST_TEST(chosen.error().field == "model");
}

BOOST_AUTO_TEST_CASE(an_unknown_version_is_not_found_and_the_known_ones_are_listed) {
  const RoutingTable table(snapshot({route("1", 1, 1), route("2", 0, 1)}));

  BOOST_TEST(version_for(table, "9", "anna") == "not_found: model clerk has no version 9; it has 1, 2");
}

BOOST_AUTO_TEST_CASE(a_label_stands_for_the_version_that_it_points_to) {
  auto routes = snapshot({route("1", 1, 1), route("2", 0, 1)});
  routes.models[0].labels = {{"canary", "2"}, {"next", "3"}};
  const RoutingTable table(routes);

  BOOST_TEST(version_for(table, "canary", "anna") == "2");
  BOOST_TEST(version_for(table, "next", "anna") ==
             "not_found: clerk@next is version 3, which no deployment serves; there is 1, 2");
  BOOST_TEST(version_for(table, "stable", "anna") == "not_found: model clerk has no version stable; it has 1, 2");
  BOOST_TEST(has_replica(routes.models[0], "canary"));
  BOOST_TEST(!has_replica(routes.models[0], "next"));
}

BOOST_AUTO_TEST_CASE(weights_share_the_units_out) {
  const RoutingTable table(snapshot({route("1", 3, 1), route("2", 1, 1)}));

  int second = 0;
  for (int i = 0; i < 4000; ++i) second += version_for(table, "", fmt::format("unit-{}", i)) == "2";

  BOOST_TEST(second > 850);
  BOOST_TEST(second < 1150);
}

BOOST_AUTO_TEST_CASE(a_unit_keeps_its_version) {
  const RoutingTable table(snapshot({route("1", 1, 1), route("2", 1, 1)}));

  for (int i = 0; i < 20; ++i) {
    const std::string unit = fmt::format("unit-{}", i);
    BOOST_TEST(version_for(table, "", unit) == version_for(table, "", unit));
  }
}

BOOST_AUTO_TEST_CASE(a_route_of_weight_zero_takes_only_pinned_traffic) {
  const RoutingTable table(snapshot({route("1", 1, 1), route("2", 0, 1)}));

  for (int i = 0; i < 200; ++i) BOOST_TEST(version_for(table, "", fmt::format("unit-{}", i)) == "1");
  BOOST_TEST(version_for(table, "2", "anna") == "2");
}

BOOST_AUTO_TEST_CASE(where_the_picked_version_has_no_replica_another_weighted_one_answers) {
  const RoutingTable table(snapshot({route("1", 1, 1), route("2", 9, 0), route("3", 0, 5)}));

  for (int i = 0; i < 200; ++i) BOOST_TEST(version_for(table, "", fmt::format("unit-{}", i)) == "1");
}

BOOST_AUTO_TEST_CASE(without_any_ready_replica_the_model_is_unavailable_for_a_while) {
  const RoutingTable table(snapshot({route("1", 1, 0), route("2", 0, 3)}));

  const auto chosen = choose_route(table, "clerk", "", "anna");

  BOOST_TEST_REQUIRE(!chosen);
  BOOST_TEST((chosen.error().code == Errc::unavailable));
  BOOST_TEST(chosen.error().message == "no replica of clerk is ready");
  BOOST_TEST(chosen.error().retry_after.count() == 1000);
}

BOOST_AUTO_TEST_CASE(where_no_version_is_ready_one_that_loads_takes_the_request_and_zero_weight_counts_for_nothing) {
  auto loading = route("1", 1, 0);
  loading.coming = 1;
  auto without_traffic = route("2", 0, 0);
  without_traffic.coming = 1;
  const RoutingTable table(snapshot({loading, without_traffic, route("3", 5, 0)}));

  for (int i = 0; i < 50; ++i) BOOST_TEST(version_for(table, "", fmt::format("unit-{}", i)) == "1");
  BOOST_TEST(version_for(table, "2", "anna") == "2");
}

BOOST_AUTO_TEST_CASE(a_pinned_version_without_replicas_is_unavailable_and_not_replaced) {
  const RoutingTable table(snapshot({route("1", 1, 1), route("2", 1, 0)}));

  BOOST_TEST(version_for(table, "2", "anna") == "unavailable: no replica of clerk@2 is ready");
}

BOOST_AUTO_TEST_CASE(a_model_whose_weights_are_all_zero_says_how_it_can_be_asked) {
  const RoutingTable table(snapshot({route("2", 0, 1)}));

  BOOST_TEST(version_for(table, "", "anna") ==
             "unavailable: no version of clerk takes traffic; one can be asked for by name, as in clerk@2");
}

BOOST_AUTO_TEST_CASE(without_a_lease_only_the_stable_version_gets_what_is_not_pinned) {
  auto routes = snapshot({route("1", 1, 1), route("2", 9, 1), route("3", 0, 1)});
  routes.models[0].stable = "clerk-1";
  const RoutingTable table(routes);

  for (int i = 0; i < 50; ++i)
    BOOST_TEST((*choose_route(table, "clerk", "", fmt::format("unit-{}", i), false))->version == "1");
  BOOST_TEST((*choose_route(table, "clerk", "2", "anna", false))->version == "2");
}

BOOST_AUTO_TEST_CASE(without_a_lease_nobody_stands_in_for_the_stable_version) {
  auto routes = snapshot({route("1", 1, 0), route("2", 1, 1)});
  routes.models[0].stable = "clerk-1";

  const RoutingTable table(routes);
  const auto chosen = choose_route(table, "clerk", "", "anna", false);
  BOOST_TEST_REQUIRE(!chosen);
  BOOST_TEST((chosen.error().code == Errc::unavailable));
  BOOST_TEST(chosen.error().message.starts_with("no replica of clerk's stable deployment clerk-1 is ready"));

  routes.models[0].routes[0].coming = 1;
  const RoutingTable loading(routes);
  BOOST_TEST((*choose_route(loading, "clerk", "", "anna", false))->version == "1");
}

BOOST_AUTO_TEST_CASE(names_are_split_at_the_version) {
  BOOST_TEST(parse_model_name("clerk")->model == "clerk");
  BOOST_TEST(parse_model_name("clerk")->version == "");
  BOOST_TEST(parse_model_name("clerk@2")->model == "clerk");
  BOOST_TEST(parse_model_name("clerk@2")->version == "2");
}

BOOST_AUTO_TEST_CASE(names_with_an_empty_part_or_two_versions_are_refused) {
  for (const char* name : {"", "@", "clerk@", "@2", "clerk@2@3"}) {
    const auto parsed = parse_model_name(name);
    BOOST_TEST_REQUIRE(!parsed, name);
    BOOST_TEST(parsed.error().message ==
               fmt::format("model must be a name or name@version, e.g. clerk or clerk@2, found \"{}\"", name));
  }
}

BOOST_AUTO_TEST_CASE(snapshots_are_ordered_by_epoch_and_then_revision) {
  protocol::RoutingSnapshot present;
  present.epoch = Epoch{2};
  present.revision = 5;
  auto candidate = present;

  BOOST_TEST(!is_newer(candidate, present));
  candidate.revision = 6;
  BOOST_TEST(is_newer(candidate, present));
  candidate.epoch = Epoch{1};
  BOOST_TEST(!is_newer(candidate, present));
  candidate = present;
  candidate.epoch = Epoch{3};
  candidate.revision = 1;
  BOOST_TEST(is_newer(candidate, present));
}

BOOST_AUTO_TEST_SUITE_END()
