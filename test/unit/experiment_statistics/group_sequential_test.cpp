#include "actors/experiment/statistics/group_sequential.hpp"

#include <cmath>

#include "oracle.hpp"

using namespace troupe::experiment;
using namespace troupe::experiment::test;

namespace {

Spending spending(const std::string& name) {
  if (name == "pocock") return Spending::pocock;
  return name == "obrien_fleming" ? Spending::obrien_fleming : Spending::hwang_shih_decani;
}

std::vector<double> equal_looks(size_t looks) {
  std::vector<double> fractions;
  for (size_t i = 1; i <= looks; ++i) fractions.push_back(static_cast<double>(i) / static_cast<double>(looks));
  return fractions;
}

void check_published(GroupSequentialOptions options, const std::vector<double>& z) {
  const auto boundaries = group_sequential_boundaries(equal_looks(z.size()), options).value();
  for (size_t i = 0; i < z.size(); ++i)
    BOOST_TEST(std::abs(boundaries[i].z - z[i]) < 6e-4, boundaries[i].z << " " << z[i]);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(group_sequential)

BOOST_AUTO_TEST_CASE(boundaries_are_those_of_the_reference) {
  const std::string method = "group-sequential boundary";
  for (const auto& c : oracle("sequential")["group_sequential"]) {
    const auto boundaries =
        group_sequential_boundaries(numbers(c["fractions"]), {number(c["alpha"]), alternative(c["alternative"]),
                                                              spending(c["spending"]), number(c["gamma"])})
            .value();
    count_case(method);
    for (size_t i = 0; i < boundaries.size(); ++i) {
      near(method, boundaries[i].z, number(c["z"][i]), 1e-6);
      near(method, boundaries[i].spent, number(c["spent"][i]));
      near(method, boundaries[i].nominal_p, number(c["nominal_p"][i]), 1e-6);
    }
  }
}

BOOST_AUTO_TEST_CASE(boundaries_are_the_published_ones) {
  // Lan and DeMets' program ld98 and gsDesign's manual, to the digits printed there.
  check_published({.spending = Spending::obrien_fleming}, {3.7103, 2.5114, 1.9930});
  check_published({.spending = Spending::obrien_fleming}, {4.8769, 3.3569, 2.6803, 2.2898, 2.0310});
  check_published({.spending = Spending::pocock}, {2.4380, 2.4268, 2.4101, 2.3966, 2.3859});
  check_published({.alpha = 0.025, .alternative = Alternative::greater, .spending = Spending::hwang_shih_decani},
                  {3.0107, 2.5465, 1.9992});
}

BOOST_AUTO_TEST_CASE(a_boundary_depends_on_the_looks_so_far_alone) {
  const auto planned = group_sequential_boundaries(std::vector<double>{0.3, 0.6, 1}, {}).value();
  const auto moved = group_sequential_boundaries(std::vector<double>{0.3, 0.6, 0.75, 0.8}, {}).value();
  BOOST_TEST(planned[0].z == moved[0].z, boost::test_tools::tolerance(1e-9));
  BOOST_TEST(planned[1].z == moved[1].z, boost::test_tools::tolerance(1e-9));
  BOOST_TEST(moved[3].spent < 0.05);
}

BOOST_AUTO_TEST_CASE(a_hundred_looks_are_possible_and_the_first_ones_can_not_reject) {
  const auto boundaries = group_sequential_boundaries(equal_looks(100), {}).value();
  BOOST_TEST(boundaries.front().z > 8);
  BOOST_TEST(boundaries.back().z > 2);
  BOOST_TEST(boundaries.back().z < 2.2);
  BOOST_TEST(boundaries.back().spent == 0.05, boost::test_tools::tolerance(1e-9));
}

BOOST_AUTO_TEST_CASE(a_repeated_interval_reaches_as_far_as_the_boundary) {
  const Boundary boundary{.fraction = 0.5, .z = 2.5};
  const auto both = repeated_interval(10, 2, boundary, Alternative::two_sided).value();
  BOOST_TEST(both.low == 5);
  BOOST_TEST(both.high == 15);
  BOOST_TEST(repeated_interval(10, 2, boundary, Alternative::greater).value().high == infinite);
  BOOST_TEST(repeated_interval(10, 2, boundary, Alternative::less).value().low == -infinite);
}

BOOST_AUTO_TEST_CASE(what_has_no_answer_is_refused) {
  const auto looks = [](std::vector<double> fractions, GroupSequentialOptions options = {}) {
    return group_sequential_boundaries(fractions, options);
  };
  BOOST_TEST(refused(looks({})));
  BOOST_TEST(refused(looks({0})));
  BOOST_TEST(refused(looks({0.5, 0.5})));
  BOOST_TEST(refused(looks({0.5, 1.1})));
  BOOST_TEST(refused(looks({not_a_number})));
  BOOST_TEST(refused(looks({0.5}, {.alpha = 0})));
  BOOST_TEST(refused(looks({0.5}, {.gamma = infinite})));
  BOOST_TEST(refused(looks(std::vector<double>(201, 0.5))));
  BOOST_TEST(refused(repeated_interval(0, 0, {.z = 2}, Alternative::two_sided)));
  BOOST_TEST(refused(repeated_interval(not_a_number, 1, {.z = 2}, Alternative::two_sided)));
  BOOST_TEST(refused(repeated_interval(0, 1, {.z = not_a_number}, Alternative::two_sided)));
}

BOOST_AUTO_TEST_SUITE_END()
