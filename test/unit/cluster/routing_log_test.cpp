#include "cluster/head/routing_log.hpp"

#include <boost/test/unit_test.hpp>

using namespace troupe;
using namespace troupe::cluster;
using namespace std::chrono_literals;
using protocol::RoutingDelta;
using protocol::RoutingSnapshot;

namespace {

const Time t0{};
constexpr NodeId gateway{1};

/// Models of these names, each with a route of this weight.
RoutingSnapshot routes(std::initializer_list<const char*> models, double weight = 1) {
  RoutingSnapshot snapshot;
  for (const char* name : models) {
    protocol::RoutedModel model;
    model.name = name;
    model.routes.emplace_back().weight = weight;
    snapshot.models.push_back(model);
  }
  return snapshot;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(routing_log)

BOOST_AUTO_TEST_CASE(a_gateway_that_has_nothing_gets_the_whole_and_later_what_changed) {
  RoutingLog log(Epoch{7});
  log.update(routes({"a", "b"}));
  const auto whole = log.next_for(gateway, 0, t0);
  BOOST_REQUIRE(whole.has_value());
  const auto& first = std::get<RoutingSnapshot>(*whole);
  BOOST_TEST(first.revision == 1u);
  BOOST_TEST(first.epoch.value == 7u);

  RoutingSnapshot next = routes({"a", "c"});
  next.models[0] = first.models[0];
  log.update(next);
  const auto changes = log.next_for(gateway, 1, t0);

  BOOST_REQUIRE(changes.has_value());
  const auto& delta = std::get<RoutingDelta>(*changes);
  BOOST_TEST(delta.models.size() == 1u);
  BOOST_TEST(delta.models[0].name == "c");
  BOOST_TEST((delta.removed_models == std::vector<std::string>{"b"}));
  BOOST_TEST((protocol::apply(first, delta)->models == next.models));
}

BOOST_AUTO_TEST_CASE(gateways_are_told_of_each_other_when_they_change) {
  RoutingLog log(Epoch{7});
  RoutingSnapshot one = routes({"a"});
  one.gateways = {{NodeId{1}, 5}};
  log.update(one);
  RoutingSnapshot two = one;
  two.gateways.push_back({NodeId{2}, 6});
  log.update(two);
  RoutingSnapshot other_model = two;
  other_model.models = routes({"b"}).models;
  log.update(other_model);
  const auto base = std::get<RoutingSnapshot>(*log.next_for(gateway, 0, t0));

  BOOST_TEST(log.revision() == 3u);
  one.epoch = Epoch{7};
  one.revision = 1;
  const auto delta = std::get<RoutingDelta>(*log.next_for(NodeId{9}, 1, t0));
  BOOST_TEST((protocol::apply(one, delta)->gateways == two.gateways));
  two.epoch = Epoch{7};
  two.revision = 2;
  const auto unchanged = std::get<RoutingDelta>(*log.next_for(NodeId{8}, 2, t0));
  BOOST_TEST(!unchanged.gateways.has_value());
  BOOST_TEST((protocol::apply(two, unchanged)->gateways == two.gateways));
  BOOST_TEST((base.gateways == two.gateways));
}

BOOST_AUTO_TEST_CASE(the_same_routes_again_are_no_new_revision) {
  RoutingLog log(Epoch{7});
  log.update(routes({"a"}));
  log.update(routes({"a"}));

  BOOST_TEST(log.revision() == 1u);
}

BOOST_AUTO_TEST_CASE(who_has_the_newest_gets_nothing) {
  RoutingLog log(Epoch{7});
  BOOST_TEST(!log.next_for(gateway, 0, t0).has_value());
  log.update(routes({"a"}));

  BOOST_TEST(!log.next_for(gateway, 1, t0).has_value());
}

BOOST_AUTO_TEST_CASE(what_was_sent_is_sent_again_only_when_it_seems_lost) {
  RoutingLog log(Epoch{7});
  log.update(routes({"a"}));
  BOOST_TEST(log.next_for(gateway, 0, t0).has_value());

  BOOST_TEST(!log.next_for(gateway, 0, t0 + RoutingLog::resend_after - 1ms).has_value());
  BOOST_TEST(log.next_for(gateway, 0, t0 + RoutingLog::resend_after).has_value());
  BOOST_TEST(log.next_for(NodeId{2}, 0, t0).has_value());
}

BOOST_AUTO_TEST_CASE(who_is_too_far_behind_gets_the_whole) {
  RoutingLog log(Epoch{7});
  for (int i = 0; i < 20; ++i) log.update(routes({"a"}, i + 1));

  BOOST_TEST(std::holds_alternative<RoutingDelta>(*log.next_for(NodeId{2}, 20 - (RoutingLog::kept - 1), t0)));
  BOOST_TEST(std::holds_alternative<RoutingSnapshot>(*log.next_for(NodeId{3}, 20 - RoutingLog::kept, t0)));
}

BOOST_AUTO_TEST_CASE(changes_to_other_routes_than_those_here_are_refused) {
  RoutingSnapshot here = routes({"a"});
  here.epoch = Epoch{7};
  here.revision = 3;
  RoutingDelta delta;
  delta.epoch = Epoch{7};
  delta.base = 4;
  delta.revision = 5;

  BOOST_TEST((protocol::apply(here, delta).error().code == Errc::failed_precondition));
  delta.base = 3;
  delta.epoch = Epoch{8};
  BOOST_TEST((protocol::apply(here, delta).error().code == Errc::failed_precondition));
}

BOOST_AUTO_TEST_SUITE_END()
