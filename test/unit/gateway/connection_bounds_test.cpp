#include "runtime/http/connection_bounds.hpp"

#include <boost/test/unit_test.hpp>

using namespace troupe::http;
using Verdict = ConnectionBounds::Verdict;

BOOST_AUTO_TEST_SUITE(connection_bounds)

BOOST_AUTO_TEST_CASE(an_address_has_a_share_and_gets_it_back) {
  ConnectionBounds bounds(10, 2);

  BOOST_TEST((bounds.enter("a") == Verdict::serve));
  BOOST_TEST((bounds.enter("a") == Verdict::serve));
  BOOST_TEST((bounds.enter("a") == Verdict::address_full));
  BOOST_TEST((bounds.enter("b") == Verdict::serve));
  bounds.leave("a", Verdict::address_full);
  bounds.leave("a", Verdict::serve);
  BOOST_TEST((bounds.enter("a") == Verdict::serve));
}

BOOST_AUTO_TEST_CASE(the_total_holds_for_all_and_few_are_told) {
  ConnectionBounds bounds(1, 5);
  BOOST_TEST((bounds.enter("a") == Verdict::serve));

  int told = 0;
  while (bounds.enter("b") == Verdict::full) ++told;

  BOOST_TEST(told == 64);
  bounds.leave("b", Verdict::full);
  BOOST_TEST((bounds.enter("b") == Verdict::full));
  bounds.leave("a", Verdict::serve);
  BOOST_TEST((bounds.enter("b") == Verdict::serve));
}

BOOST_AUTO_TEST_CASE(refusals_of_one_address_take_no_room_from_another) {
  ConnectionBounds bounds(3, 1);
  BOOST_TEST((bounds.enter("a") == Verdict::serve));
  while (bounds.enter("a") == Verdict::address_full) continue;

  BOOST_TEST((bounds.enter("b") == Verdict::serve));
  BOOST_TEST((bounds.enter("c") == Verdict::serve));
}

BOOST_AUTO_TEST_CASE(a_network_of_ipv6_counts_as_one_and_mapped_ipv4_as_ipv4) {
  const std::string one("\x20\x01\x0d\xb8\0\1\0\2\0\0\0\0\0\0\0\1", 16);
  const std::string other("\x20\x01\x0d\xb8\0\1\0\2\xff\0\0\0\0\0\0\7", 16);
  const std::string elsewhere("\x20\x01\x0d\xb8\0\1\0\3\0\0\0\0\0\0\0\1", 16);
  const std::string mapped("\0\0\0\0\0\0\0\0\0\0\xff\xff\x0a\0\0\1", 16);

  BOOST_TEST(address_key(one) == address_key(other));
  BOOST_TEST(address_key(one) != address_key(elsewhere));
  BOOST_TEST(address_key(mapped) == address_key(std::string("\x0a\0\0\1", 4)));
}

BOOST_AUTO_TEST_SUITE_END()
