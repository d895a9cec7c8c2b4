#include "actors/gateway/admission.hpp"

#include <boost/test/unit_test.hpp>

using namespace troupe;
using namespace troupe::gateway;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(admission)

BOOST_AUTO_TEST_CASE(the_bound_of_the_gateway_holds_over_all_models) {
  Admission admission({.requests_max = 2, .requests_per_model_max = 2, .retry_after = 250ms});
  BOOST_TEST_REQUIRE(admission.admit("a", 0).has_value());
  BOOST_TEST_REQUIRE(admission.admit("b", 0).has_value());

  const auto refused = admission.admit("c", 0);

  BOOST_TEST_REQUIRE(!refused);
  BOOST_TEST((refused.error().code == Errc::overloaded));
  BOOST_TEST(refused.error().message == "this gateway has 2 requests inside, as many as it takes");
  BOOST_TEST(refused.error().retry_after.count() == 250);
}

BOOST_AUTO_TEST_CASE(one_model_at_its_bound_leaves_room_for_others) {
  Admission admission({.requests_max = 10, .requests_per_model_max = 1});
  BOOST_TEST_REQUIRE(admission.admit("a", 0).has_value());

  BOOST_TEST(admission.admit("a", 0).error().message == "model a has 1 requests inside, as many as it takes");
  BOOST_TEST(admission.admit("b", 0).has_value());
}

BOOST_AUTO_TEST_CASE(large_requests_are_bounded_by_their_bytes_but_one_alone_may_be_larger) {
  Admission admission({.bytes_max = 100});
  BOOST_TEST_REQUIRE(admission.admit("a", 150).has_value());

  const auto refused = admission.admit("b", 1);
  admission.release("a", 150);

  BOOST_TEST_REQUIRE(!refused);
  BOOST_TEST((refused.error().code == Errc::overloaded));
  BOOST_TEST(admission.admit("b", 60).has_value());
  BOOST_TEST(admission.admit("b", 40).has_value());
  BOOST_TEST(!admission.admit("b", 1));
}

BOOST_AUTO_TEST_CASE(a_released_place_can_be_taken_again) {
  Admission admission({.requests_max = 1, .requests_per_model_max = 1});
  BOOST_TEST_REQUIRE(admission.admit("a", 0).has_value());

  admission.release("a", 0);

  BOOST_TEST(admission.inside() == 0u);
  BOOST_TEST(admission.admit("b", 0).has_value());
}

BOOST_AUTO_TEST_CASE(requests_without_a_deadline_get_the_default_and_long_ones_the_maximum) {
  const Admission admission({.deadline_default = 60s, .deadline_max = 600s});
  const Time now{1000s};

  BOOST_TEST((admission.deadline(std::nullopt, now) == now + 60s));
  BOOST_TEST((admission.deadline(now + 5s, now) == now + 5s));
  BOOST_TEST((admission.deadline(now + 5000s, now) == now + 600s));
}

BOOST_AUTO_TEST_CASE(a_deadline_that_has_passed_is_refused_at_the_door) {
  const Admission admission({});
  const Time now{1000s};

  const auto deadline = admission.deadline(now, now);

  BOOST_TEST_REQUIRE(!deadline);
  BOOST_TEST((deadline.error().code == Errc::deadline_exceeded));
}

BOOST_AUTO_TEST_SUITE_END()
