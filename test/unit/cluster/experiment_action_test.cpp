#include "cluster/head/experiment_action.hpp"

#include <boost/test/unit_test.hpp>

using namespace troupe;
using namespace troupe::cluster;
using experiment::Action;
using experiment::State;
using experiment::Verdict;

namespace {

struct Cluster {
  Cluster() {
    definition.model = "clerk";
    definition.variants = {{"control", "1", 0.5}, {"second", "2", 0.3}, {"third", "3", 0.2}};
  }
  void deploy(const std::string& version, double weight) {
    DeploymentRecord record;
    record.name = "clerk-" + version + "-" + std::to_string(deployments.size());
    record.model = "clerk";
    record.version = version;
    record.weight = weight;
    record.created_unix_us = static_cast<int64_t>(deployments.size());
    deployments.push_back(record);
  }
  /// "clerk-1-0 0, clerk-2-1 1"
  std::string after(Action action, const Verdict& verdict) {
    definition.rule.action = action;
    std::string text;
    for (const DeploymentRecord& record : after_verdict(definition, verdict, deployments))
      text += fmt::format("{}{} {}", text.empty() ? "" : ", ", record.name, record.weight);
    return text;
  }

  experiment::Definition definition;
  std::vector<DeploymentRecord> deployments;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(experiment_actions)

BOOST_AUTO_TEST_CASE(the_winner_takes_the_traffic_of_all_variants_and_of_nobody_else) {
  Cluster cluster;
  cluster.deploy("1", 1);
  cluster.deploy("2", 0);
  cluster.deploy("3", 0);
  cluster.deploy("7", 0.5);

  BOOST_TEST(cluster.after(Action::promote, {State::decided, 1, {}, ""}) == "clerk-1-0 0, clerk-2-1 1");
  BOOST_TEST(cluster.after(Action::notify, {State::decided, 1, {}, ""}) == "");
  BOOST_TEST(cluster.after(Action::promote, {State::inconclusive, {}, {}, ""}) == "");
  BOOST_TEST(cluster.after(Action::promote, {State::decided, 0, {1, 2}, ""}) == "", "it has it already");
}

BOOST_AUTO_TEST_CASE(several_deployments_of_the_winner_keep_their_proportions) {
  Cluster cluster;
  cluster.deploy("1", 2);
  cluster.deploy("2", 1.5);
  cluster.deploy("2", 0.5);

  BOOST_TEST(cluster.after(Action::promote, {State::decided, 1, {}, ""}) == "clerk-1-0 0, clerk-2-1 3, clerk-2-2 1");
}

BOOST_AUTO_TEST_CASE(losers_are_rolled_back_to_the_control_and_a_winner_is_not_promoted) {
  Cluster cluster;
  cluster.deploy("1", 1);
  cluster.deploy("2", 0.25);
  cluster.deploy("3", 0.5);

  BOOST_TEST(cluster.after(Action::roll_back, {State::decided, 0, {1, 2}, ""}) ==
             "clerk-1-0 1.75, clerk-2-1 0, clerk-3-2 0");
  BOOST_TEST(cluster.after(Action::roll_back, {State::decided, 1, {2}, ""}) == "clerk-1-0 1.5, clerk-3-2 0");
  BOOST_TEST(cluster.after(Action::roll_back, {State::decided, 1, {}, ""}) == "");
}

BOOST_AUTO_TEST_CASE(nothing_is_taken_from_anybody_where_nobody_could_serve_it) {
  Cluster cluster;
  cluster.deploy("1", 1);

  BOOST_TEST(cluster.after(Action::promote, {State::decided, 1, {}, ""}) == "");
}

BOOST_AUTO_TEST_SUITE_END()
