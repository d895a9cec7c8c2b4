#include "actors/experiment/statistics/heterogeneity.hpp"

#include "oracle.hpp"

using namespace troupe::experiment;
using namespace troupe::experiment::test;

BOOST_AUTO_TEST_SUITE(heterogeneity)

BOOST_AUTO_TEST_CASE(q_and_its_p_value_are_the_references) {
  for (const auto& c : oracle("heterogeneity")["cases"]) {
    std::vector<Estimate> parts;
    for (size_t i = 0; i < c["effects"].size(); ++i)
      parts.push_back({number(c["effects"][i]), number(c["errors"][i]), 100, 100});

    const auto said = cochran_q(parts).value();

    count_case("Cochran's Q");
    near("Cochran's Q", said.statistic, number(c["q"]));
    near("Cochran's Q", said.p_value, number(c["p"]));
    BOOST_TEST(said.df == number(c["df"]));
  }
}

BOOST_AUTO_TEST_CASE(what_has_no_answer_is_refused) {
  BOOST_TEST(refused(cochran_q({})));
  BOOST_TEST(refused(cochran_q(std::vector<Estimate>{{0.1, 0.1, 5, 5}})));
  BOOST_TEST(refused(cochran_q(std::vector<Estimate>{{0.1, 0.1, 5, 5}, {0.1, 0, 5, 5}})));
  BOOST_TEST(refused(cochran_q(std::vector<Estimate>{{0.1, 0.1, 5, 5}, {not_a_number, 0.1, 5, 5}})));
}

BOOST_AUTO_TEST_SUITE_END()
