#include "actors/experiment/analysis/bandit_weights.hpp"

#include <boost/test/unit_test.hpp>

#include "test/unit/experiment/live_run.hpp"

using namespace troupe;
using namespace troupe::experiment;

namespace {

LiveRun run_of(BanditPolicy policy, Direction direction = Direction::increase) {
  Definition definition = asked();
  definition.metrics[0].direction = direction;
  definition.bandit = BanditDefinition{policy, std::chrono::minutes{1}, 0.1};
  return LiveRun(definition);
}

std::vector<double> weights_after(LiveRun& run, int seconds) {
  run.pass(seconds, 100, {0.4}, {0.6});
  const auto changes = bandit_weights(run.record, run.aggregates, noon + std::chrono::seconds{run.now_s}).value();
  return changes.empty() ? std::vector<double>{} : changes.at(0).weights;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(bandits_set_weights)

BOOST_AUTO_TEST_CASE(weights_follow_what_is_earned_and_every_variant_keeps_its_floor) {
  for (const BanditPolicy policy : {BanditPolicy::thompson, BanditPolicy::ucb1, BanditPolicy::epsilon_greedy}) {
    LiveRun run = run_of(policy);

    const auto weights = weights_after(run, 60);

    BOOST_TEST_REQUIRE(weights.size() == 2u);
    BOOST_TEST(weights[0] >= 0.1);
    BOOST_TEST(weights[1] > 0.8);
    BOOST_TEST(weights[0] + weights[1] == 1, boost::test_tools::tolerance(1e-12));
  }
}

BOOST_AUTO_TEST_CASE(of_what_should_decrease_less_earns_more) {
  LiveRun run = run_of(BanditPolicy::thompson, Direction::decrease);

  BOOST_TEST(weights_after(run, 60)[0] > 0.8);
}

BOOST_AUTO_TEST_CASE(weights_stay_until_their_time_and_where_they_would_hardly_change) {
  LiveRun run = run_of(BanditPolicy::thompson);
  BOOST_TEST(weights_after(run, 59).empty());

  const auto weights = weights_after(run, 1);
  BOOST_TEST_REQUIRE(!weights.empty());
  ExperimentBook book;
  book.set(run.record);
  run.record = book.reweighted("sums", weights, noon + std::chrono::seconds{60}).value();

  BOOST_TEST(weights_after(run, 60).empty(), "it has all but the floor already");
}

BOOST_AUTO_TEST_SUITE_END()
