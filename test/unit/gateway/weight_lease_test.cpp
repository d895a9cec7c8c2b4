#include "actors/gateway/weight_lease.hpp"

#include <boost/test/unit_test.hpp>

using namespace troupe;
using namespace troupe::gateway;
using namespace std::chrono_literals;

namespace {

const Time t0{};

}  // namespace

BOOST_AUTO_TEST_SUITE(weight_lease)

BOOST_AUTO_TEST_CASE(nothing_holds_before_the_head_has_said_so) {
  WeightLease lease{30s};

  BOOST_TEST(!lease.holds(t0));
  BOOST_TEST(!lease.ends().has_value());
}

BOOST_AUTO_TEST_CASE(it_counts_from_the_question_and_runs_out) {
  WeightLease lease{30s};
  lease.renew(t0 + 5s);

  BOOST_TEST(lease.holds(t0 + 34999ms));
  BOOST_TEST(!lease.holds(t0 + 35s));
  BOOST_TEST((*lease.ends() == t0 + 35s));
}

BOOST_AUTO_TEST_CASE(an_answer_that_overtook_an_earlier_one_is_worth_as_much) {
  WeightLease lease{30s};
  lease.renew(t0 + 5s);
  lease.renew(t0);

  BOOST_TEST((*lease.ends() == t0 + 35s));
}

BOOST_AUTO_TEST_CASE(it_comes_back_with_the_head) {
  WeightLease lease{30s};
  lease.renew(t0);
  BOOST_TEST(!lease.holds(t0 + 1min));

  lease.renew(t0 + 1min);

  BOOST_TEST(lease.holds(t0 + 1min));
}

BOOST_AUTO_TEST_SUITE_END()
