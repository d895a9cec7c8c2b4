#include "cluster/cli/rollout.hpp"

#include <boost/test/unit_test.hpp>

namespace troupe::cli {

using nlohmann::json;
using State = Rollout::State;

BOOST_AUTO_TEST_SUITE(rollout)

json deployments(int ready, json running, std::string reason = "", bool routed = true) {
  return {{{"name", "clerk"},
           {"replicas", 2},
           {"ready", ready},
           {"routed", routed},
           {"reason", reason},
           {"running", std::move(running)}}};
}

BOOST_AUTO_TEST_CASE(it_is_ready_when_all_replicas_are) {
  const auto rollout = rollout_of(deployments(2, {{{"state", "ready"}}, {{"state", "ready"}}}), "clerk");

  BOOST_TEST((rollout.state == State::ready));
  BOOST_TEST(rollout.summary == "2 of 2 replicas ready");
}

BOOST_AUTO_TEST_CASE(it_waits_for_old_replicas_to_leave) {
  const auto rollout =
      rollout_of(deployments(2, {{{"state", "ready"}}, {{"state", "ready"}}, {{"state", "draining"}}}), "clerk");

  BOOST_TEST((rollout.state == State::waiting));
}

BOOST_AUTO_TEST_CASE(it_waits_for_replicas_of_older_settings_to_be_replaced) {
  const auto rollout =
      rollout_of(deployments(2, {{{"state", "ready"}}, {{"state", "ready"}, {"outdated", true}}}), "clerk");

  BOOST_TEST((rollout.state == State::waiting));
  BOOST_TEST(rollout.summary == "2 of 2 replicas ready; 1 to be replaced");
}

BOOST_AUTO_TEST_CASE(it_waits_until_the_gateways_know) {
  const auto rollout = rollout_of(deployments(2, {{{"state", "ready"}}, {{"state", "ready"}}}, "", false), "clerk");

  BOOST_TEST((rollout.state == State::waiting));
  BOOST_TEST(rollout.summary == "2 of 2 replicas ready; gateways are being told");
}

BOOST_AUTO_TEST_CASE(a_replica_without_a_place_is_waited_for_with_the_reason) {
  const auto rollout = rollout_of(deployments(1, {{{"state", "ready"}}}, "1 of 2 replicas has no place"), "clerk");

  BOOST_TEST((rollout.state == State::waiting));
  BOOST_TEST(rollout.summary == "1 of 2 replicas ready; 1 of 2 replicas has no place");
}

BOOST_AUTO_TEST_CASE(a_replica_that_gave_up_is_a_failure_with_its_reason) {
  const auto rollout =
      rollout_of(deployments(1, {{{"state", "failed"}, {"node", "w1"}, {"reason", "no config.json"}}}), "clerk");

  BOOST_TEST((rollout.state == State::failed));
  BOOST_TEST(rollout.summary == "1 of 2 replicas ready; 1 failed; on w1: no config.json");
}

BOOST_AUTO_TEST_CASE(an_unknown_deployment_is_waited_for) {
  BOOST_TEST((rollout_of(json::array(), "clerk").state == State::waiting));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace troupe::cli
