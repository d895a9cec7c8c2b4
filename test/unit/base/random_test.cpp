#include "runtime/base/random.hpp"

#include <array>
#include <boost/test/unit_test.hpp>

using namespace troupe;

BOOST_AUTO_TEST_SUITE(random_source)

BOOST_AUTO_TEST_CASE(one_seed_gives_one_sequence) {
  SeededRandom a{42};
  SeededRandom b{42};
  for (int i = 0; i < 100; ++i) BOOST_TEST(a.next() == b.next());
}

BOOST_AUTO_TEST_CASE(bounded_numbers_are_uniform) {
  SeededRandom random{7};
  std::array<int, 10> counts{};
  for (int i = 0; i < 100'000; ++i) ++counts[random.below(10)];
  double chi_square = 0;
  for (const int count : counts) chi_square += (count - 1e4) * (count - 1e4) / 1e4;
  BOOST_TEST(chi_square < 27.88);  // 0.999 quantile of chi-square with 9 degrees of freedom
}

BOOST_AUTO_TEST_SUITE_END()
