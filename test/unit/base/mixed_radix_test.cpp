#include "runtime/base/mixed_radix.hpp"

#include <boost/test/unit_test.hpp>

using namespace troupe;

BOOST_AUTO_TEST_SUITE(mixed_radix)

BOOST_AUTO_TEST_CASE(the_last_digit_changes_fastest) {
  const std::vector<size_t> radices{2, 3};

  std::vector<std::vector<size_t>> all;
  for (size_t number = 0; number < 6; ++number) all.push_back(mixed_radix_digits(number, radices));

  BOOST_TEST((all == std::vector<std::vector<size_t>>{{0, 0}, {0, 1}, {0, 2}, {1, 0}, {1, 1}, {1, 2}}));
}

BOOST_AUTO_TEST_CASE(of_nothing_there_is_one_combination_without_digits) {
  BOOST_TEST(mixed_radix_digits(0, {}).empty());
}

BOOST_AUTO_TEST_SUITE_END()
