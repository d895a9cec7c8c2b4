#include "cluster/head/placement.hpp"

#include <boost/test/unit_test.hpp>

using namespace troupe;
using namespace troupe::cluster;

namespace {

constexpr uint64_t mib = 1 << 20;

Host host(uint64_t id, uint32_t cpu_millis, uint32_t gpus = 0) {
  return {NodeId{id}, "node-" + std::to_string(id), {cpu_millis, 1024 * mib, gpus}};
}

Placed placed(uint64_t id, const std::string& deployment, uint64_t node, bool ready, bool outdated = false) {
  return {.id = ReplicaId{id},
          .deployment = deployment,
          .node = NodeId{node},
          .takes = {500, 100 * mib, 0},
          .ready = ready,
          .outdated = outdated};
}

Wish wish(const std::string& deployment, uint32_t replicas) {
  return {deployment, replicas, {500, 100 * mib, 0}};
}

std::vector<uint64_t> nodes_of(const Plan& plan) {
  std::vector<uint64_t> nodes;
  for (const Plan::Start& start : plan.starts) nodes.push_back(start.node.value);
  return nodes;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(placement)

BOOST_AUTO_TEST_CASE(replicas_spread_over_nodes) {
  const Plan plan = plan_placement({wish("a", 4)}, {host(1, 2000), host(2, 2000)}, {});

  BOOST_TEST(nodes_of(plan) == (std::vector<uint64_t>{1, 2, 1, 2}), boost::test_tools::per_element());
  BOOST_TEST(plan.unplaced.empty());
}

BOOST_AUTO_TEST_CASE(what_has_no_place_is_told_why_in_numbers) {
  const Plan plan = plan_placement({wish("a", 3)}, {host(1, 700), host(2, 600)}, {});

  BOOST_TEST(plan.starts.size() == 2u);
  BOOST_TEST(plan.unplaced.at("a") ==
             "1 of 3 replicas has no place: it needs 0.5 CPUs, the most that is free on one node is 0.2");
}

BOOST_AUTO_TEST_CASE(a_missing_gpu_and_a_missing_node_are_named) {
  Wish needs_gpu = wish("a", 1);
  needs_gpu.each.gpus = 2;

  BOOST_TEST(plan_placement({needs_gpu}, {host(1, 2000, 1)}, {}).unplaced.at("a") ==
             "1 of 1 replicas has no place: it needs 2 GPUs, the most that is free on one node is 1");
  BOOST_TEST(plan_placement({wish("a", 2)}, {}, {}).unplaced.at("a") ==
             "2 of 2 replicas have no place: no worker node is in the cluster");
}

BOOST_AUTO_TEST_CASE(a_whole_deployment_is_left_alone) {
  const Plan plan = plan_placement({wish("a", 2)}, {host(1, 2000), host(2, 2000)},
                                   {placed(1, "a", 1, true), placed(2, "a", 1, true)});

  BOOST_TEST(plan.starts.empty());
  BOOST_TEST(plan.stops.empty());
}

BOOST_AUTO_TEST_CASE(excess_replicas_stop_those_that_are_not_ready_first) {
  const Plan plan =
      plan_placement({wish("a", 1)}, {host(1, 2000)}, {placed(1, "a", 1, false), placed(2, "a", 1, true)});

  BOOST_REQUIRE(plan.stops.size() == 1u);
  BOOST_TEST(plan.stops[0].value == 1u);
}

BOOST_AUTO_TEST_CASE(an_unwished_deployment_stops) {
  const Plan plan = plan_placement({}, {host(1, 2000)}, {placed(1, "gone", 1, true)});

  BOOST_TEST(plan.stops.size() == 1u);
}

BOOST_AUTO_TEST_CASE(new_settings_replace_replicas_only_as_new_ones_are_ready) {
  const std::vector<Host> hosts{host(1, 4000)};
  const std::vector<Placed> both_old{placed(1, "a", 1, true, true), placed(2, "a", 1, true, true)};

  const Plan begin = plan_placement({wish("a", 2)}, hosts, both_old);
  BOOST_TEST(begin.starts.size() == 2u);
  BOOST_TEST(begin.stops.empty());

  std::vector<Placed> half = both_old;
  half.push_back(placed(3, "a", 1, true));
  half.push_back(placed(4, "a", 1, false));
  BOOST_TEST(plan_placement({wish("a", 2)}, hosts, half).stops.size() == 1u);
}

BOOST_AUTO_TEST_CASE(where_old_and_new_do_not_fit_together_one_old_makes_room) {
  const std::vector<Placed> old{placed(1, "a", 1, true, true), placed(2, "a", 1, true, true)};

  const Plan plan = plan_placement({wish("a", 2)}, {host(1, 1000)}, old);

  BOOST_TEST(plan.starts.empty());
  BOOST_TEST(plan.stops.size() == 1u);
}

BOOST_AUTO_TEST_SUITE_END()
