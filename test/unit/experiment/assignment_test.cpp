#include "actors/experiment/assignment.hpp"

#include <boost/test/unit_test.hpp>
#include <string>
#include <vector>

using namespace troupe::experiment;

namespace {

constexpr size_t units = 100'000;

std::vector<size_t> assign(const std::vector<Arm>& arms, std::string_view salt) {
  std::vector<size_t> chosen;
  for (size_t i = 0; i < units; ++i) chosen.push_back(pick_weighted(arms, "user-" + std::to_string(i), salt));
  return chosen;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(assignment)

BOOST_AUTO_TEST_CASE(shares_follow_the_weights) {
  const std::vector<Arm> arms{{"1", 70}, {"2", 20}, {"3", 10}};

  std::vector<double> counts(3);
  for (const size_t arm : assign(arms, "clerk")) ++counts[arm];

  double chi_square = 0;
  for (size_t i = 0; i < 3; ++i) {
    const double expected = static_cast<double>(units) * arms[i].weight / 100;
    chi_square += (counts[i] - expected) * (counts[i] - expected) / expected;
  }
  BOOST_TEST(chi_square < 13.82);  // 0.999 quantile of chi-square with 2 degrees of freedom
}

BOOST_AUTO_TEST_CASE(a_ramp_moves_only_the_units_it_must) {
  const auto before = assign({{"1", 95}, {"2", 5}}, "clerk");
  const auto after = assign({{"1", 75}, {"2", 25}}, "clerk");

  size_t moved = 0;
  for (size_t i = 0; i < units; ++i) {
    BOOST_REQUIRE(!(before[i] == 1 && after[i] == 0));  // nobody leaves the arm that grows
    moved += before[i] != after[i];
  }
  BOOST_TEST(static_cast<double>(moved) / units == 0.20, boost::test_tools::tolerance(0.05));
}

BOOST_AUTO_TEST_CASE(another_salt_is_another_independent_question) {
  const auto a = assign({{"x", 1}, {"y", 1}}, "first");
  const auto b = assign({{"x", 1}, {"y", 1}}, "second");

  double both = 0;
  for (size_t i = 0; i < units; ++i) both += a[i] == 1 && b[i] == 1;
  BOOST_TEST(both / units == 0.25, boost::test_tools::tolerance(0.03));
}

BOOST_AUTO_TEST_CASE(an_assignment_never_changes_from_build_to_build) {
  const std::vector<Arm> arms{{"1", 50}, {"2", 50}};

  std::string first_sixteen;
  for (int i = 0; i < 16; ++i)
    first_sixteen += pick_weighted(arms, "user-" + std::to_string(i), "clerk") == 0 ? '1' : '2';

  BOOST_TEST(first_sixteen == "1111221221221111");
}

BOOST_AUTO_TEST_CASE(nobody_is_assigned_where_nothing_has_weight) {
  BOOST_TEST(pick_weighted(std::vector<Arm>{{"1", 0}}, "u", "s") == 1u);
  BOOST_TEST(pick_weighted({}, "u", "s") == 0u);
}

BOOST_AUTO_TEST_SUITE_END()
