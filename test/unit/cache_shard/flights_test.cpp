#include "actors/cache_shard/flights.hpp"

#include <boost/test/unit_test.hpp>

using namespace troupe;
using namespace troupe::cache_shard;

namespace {

Lookup lookup(const std::string& key, uint64_t id) {
  Lookup result;
  result.key = key;
  result.dispatch.id = {id};
  return result;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(flights)

BOOST_AUTO_TEST_CASE(of_all_who_ask_the_same_one_flies) {
  Flights flights;

  BOOST_TEST(flights.join(lookup("k", 1)));
  BOOST_TEST(!flights.join(lookup("k", 2)));
  BOOST_TEST(!flights.join(lookup("k", 3)));
  BOOST_TEST(flights.join(lookup("other", 4)));

  BOOST_TEST(flights.land("k").size() == 2u);
  BOOST_TEST(flights.waiting() == 0u);
  BOOST_TEST(flights.join(lookup("k", 5)));
}

BOOST_AUTO_TEST_CASE(when_the_first_fails_the_next_flies) {
  Flights flights;
  flights.join(lookup("k", 1));
  flights.join(lookup("k", 2));

  const auto next = flights.next("k");

  BOOST_REQUIRE(next.has_value());
  BOOST_TEST(next->dispatch.id.value == 2u);
  BOOST_TEST(flights.flying({2}).has_value());
  BOOST_TEST(!flights.flying({1}).has_value());
  BOOST_TEST(!flights.next("k").has_value());
  BOOST_TEST(flights.join(lookup("k", 3)));
}

BOOST_AUTO_TEST_CASE(one_who_waits_may_leave) {
  Flights flights;
  flights.join(lookup("k", 1));
  flights.join(lookup("k", 2));

  BOOST_TEST(flights.withdraw({2}));
  BOOST_TEST(!flights.withdraw({1}));
  BOOST_TEST(flights.land("k").empty());
}

BOOST_AUTO_TEST_SUITE_END()
