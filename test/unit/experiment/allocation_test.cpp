#include "actors/experiment/assignment/allocation.hpp"

#include <boost/test/unit_test.hpp>
#include <limits>
#include <numeric>

#include "runtime/base/random.hpp"

using namespace troupe;
using namespace troupe::experiment;

namespace {

Allocation allocation(std::vector<double> weights) {
  return Allocation::from_weights(weights).value();
}

std::string refusal(std::vector<double> weights) {
  const auto made = Allocation::from_weights(weights);
  return made ? "accepted" : made.error().message;
}

/// How many slots must change hands so that the arms have what they have in `after`.
uint32_t least_moves(const Allocation& before, const Allocation& after) {
  const auto from = before.slots_by_arm();
  const auto to = after.slots_by_arm();
  uint32_t moves = 0;
  for (size_t arm = 0; arm < from.size(); ++arm) moves += from[arm] - std::min(from[arm], to[arm]);
  return moves;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(allocations)

BOOST_AUTO_TEST_CASE(arms_have_slots_in_proportion_to_their_weights) {
  BOOST_TEST(allocation({0.5, 0.5}).slots_by_arm() == (std::vector<uint32_t>{32768, 32768}),
             boost::test_tools::per_element());
  BOOST_TEST(allocation({1. / 3, 1. / 3, 1. / 3}).slots_by_arm() == (std::vector<uint32_t>{21846, 21845, 21845}),
             boost::test_tools::per_element());
  BOOST_TEST(allocation({0, 1}).slots_by_arm() == (std::vector<uint32_t>{0, 65536}), boost::test_tools::per_element());
  BOOST_TEST(allocation({0.99999, 0.00001}).slots_by_arm() == (std::vector<uint32_t>{65535, 1}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(each_slot_has_the_arm_of_its_range) {
  const Allocation thirds = allocation({0.25, 0.25, 0.5});

  BOOST_TEST(thirds.arm_of(0) == 0u);
  BOOST_TEST(thirds.arm_of(16383) == 0u);
  BOOST_TEST(thirds.arm_of(16384) == 1u);
  BOOST_TEST(thirds.arm_of(32767) == 1u);
  BOOST_TEST(thirds.arm_of(32768) == 2u);
  BOOST_TEST(thirds.arm_of(65535) == 2u);
}

BOOST_AUTO_TEST_CASE(weights_that_make_no_sense_are_refused_in_words) {
  BOOST_TEST(refusal({}) == "there must be 1 to 64 weights, found 0");
  BOOST_TEST(refusal({0.5, 0.6}) == "weights must sum to 1 (± 1e-06), found 1.1");
  BOOST_TEST(refusal({0.5, 0.499998}).starts_with("weights must sum to 1"));
  BOOST_TEST(refusal({0.5, 0.4999995}) == "accepted");
  BOOST_TEST(refusal({1.5, -0.5}) == "a weight must be a number from 0 to 1, found -0.5");
  BOOST_TEST(refusal({std::numeric_limits<double>::quiet_NaN(), 1}).starts_with("a weight must be a number"));
  BOOST_TEST(refusal({0.999999, 0.000001}).starts_with("a weight of 1e-06 gives nobody"));
}

BOOST_AUTO_TEST_CASE(a_ramp_moves_units_only_into_the_arm_that_grows) {
  const Allocation five = allocation({0.95, 0.05});
  const Allocation quarter = five.reweighted(std::vector{0.75, 0.25}).value();
  const Allocation half = quarter.reweighted(std::vector{0.5, 0.5}).value();

  for (uint32_t slot = 0; slot < slot_count; ++slot) {
    if (five.arm_of(slot) == 1) BOOST_REQUIRE(quarter.arm_of(slot) == 1u);
    if (quarter.arm_of(slot) == 1) BOOST_REQUIRE(half.arm_of(slot) == 1u);
  }
  BOOST_TEST(moved_slots(five, quarter) == 13107u);
  BOOST_TEST(half.slots_by_arm() == (std::vector<uint32_t>{32768, 32768}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(however_often_weights_change_as_few_units_move_as_can) {
  SeededRandom random(7);
  Allocation present = allocation({0.25, 0.25, 0.25, 0.25});
  for (int round = 0; round < 300; ++round) {
    std::vector<double> weights;
    for (int arm = 0; arm < 4; ++arm) weights.push_back(static_cast<double>(random.below(1000)));
    if (weights[0] == 0) weights[0] = 1;
    const double sum = std::accumulate(weights.begin(), weights.end(), 0.0);
    for (double& weight : weights) weight /= sum;

    const Allocation next = present.reweighted(weights).value();

    BOOST_REQUIRE(next.slots_by_arm() == allocation(weights).slots_by_arm());
    BOOST_REQUIRE(moved_slots(present, next) == least_moves(present, next));
    BOOST_REQUIRE(Allocation::from_ranges(next.ranges(), 4).value() == next);
    present = next;
  }
}

BOOST_AUTO_TEST_CASE(an_arm_may_be_added_and_one_that_goes_has_weight_zero) {
  const Allocation two = allocation({0.5, 0.5});
  const Allocation three = two.reweighted(std::vector{0.5, 0.25, 0.25}).value();

  BOOST_TEST(moved_slots(two, three) == slot_count / 4);
  BOOST_TEST(three.reweighted(std::vector{0.5, 0.5}).error().message ==
             "there are 3 arms, and 2 weights: an arm that goes has weight 0");
  BOOST_TEST(three.reweighted(std::vector{0.5, 0.5, 0.0}).value().slots_by_arm()[2] == 0u);
}

BOOST_AUTO_TEST_CASE(ranges_from_outside_are_checked) {
  const auto refused = [](std::vector<SlotRange> ranges) { return !Allocation::from_ranges(std::move(ranges), 2); };

  BOOST_TEST(!refused({{0, 0}, {100, 1}, {200, 0}}));
  BOOST_TEST(refused({}));
  BOOST_TEST(refused({{1, 0}}));
  BOOST_TEST(refused({{0, 2}}));
  BOOST_TEST(refused({{0, 0}, {5, 0}}));
  BOOST_TEST(refused({{0, 0}, {5, 1}, {5, 0}}));
  BOOST_TEST(refused({{0, 0}, {slot_count, 1}}));
}

BOOST_AUTO_TEST_SUITE_END()
