#include "actors/experiment/statistics/family.hpp"

#include <cmath>

#include "oracle.hpp"

using namespace troupe::experiment;
using namespace troupe::experiment::test;

namespace {

/// The definition: the least weighted mean over all sets with `member`.
double least_mean(const std::vector<Hypothesis>& family, size_t member) {
  double least = infinite;
  for (size_t set = 0; set < (size_t{1} << family.size()); ++set) {
    if (!(set >> member & 1)) continue;
    double sum = 0, weight = 0;
    for (size_t i = 0; i < family.size(); ++i) {
      if (!(set >> i & 1)) continue;
      sum += family[i].weight * std::exp(family[i].log_e);
      weight += family[i].weight;
    }
    least = std::min(least, sum / weight);
  }
  return least;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(family)

BOOST_AUTO_TEST_CASE(verdicts_are_those_of_all_sets_of_questions) {
  const std::vector<Hypothesis> questions{{4.1, 1}, {-0.7, 2}, {2.9, 0.5}, {0.1, 1}, {4.0, 3}, {-infinite, 1}};
  const auto verdicts = family_verdicts(questions, 0.05).value();

  for (size_t i = 0; i < questions.size(); ++i) {
    BOOST_TEST(verdicts[i].adjusted_p == std::min(1.0, 1 / least_mean(questions, i)),
               boost::test_tools::tolerance(1e-12));
    BOOST_TEST(verdicts[i].rejected == (verdicts[i].adjusted_p <= 0.05));
  }
}

BOOST_AUTO_TEST_CASE(it_rejects_what_a_split_of_alpha_would_and_more) {
  // The second question's 1 / e is 0.03, above its half of alpha.
  const std::vector<Hypothesis> questions{{std::log(1e4), 1}, {std::log(1 / 0.03), 1}};
  const auto verdicts = family_verdicts(questions, 0.05).value();
  BOOST_TEST(verdicts[0].rejected);
  BOOST_TEST(verdicts[1].rejected);
  BOOST_TEST(verdicts[1].alpha == 0.025);
}

BOOST_AUTO_TEST_CASE(overwhelming_evidence_does_not_overflow) {
  const std::vector<Hypothesis> questions{{5000, 1}, {3000, 1}, {0, 1}};
  const auto verdicts = family_verdicts(questions, 0.05).value();
  BOOST_TEST(verdicts[0].adjusted_p == 0);
  BOOST_TEST(verdicts[1].rejected);
  BOOST_TEST(verdicts[2].adjusted_p == 1);
}

BOOST_AUTO_TEST_CASE(what_has_no_answer_is_refused) {
  BOOST_TEST(refused(family_verdicts({}, 0.05)));
  BOOST_TEST(refused(family_verdicts(std::vector<Hypothesis>{{not_a_number, 1}}, 0.05)));
  BOOST_TEST(refused(family_verdicts(std::vector<Hypothesis>{{1, 0}}, 0.05)));
  BOOST_TEST(refused(family_verdicts(std::vector<Hypothesis>{{1, infinite}}, 0.05)));
  BOOST_TEST(refused(family_verdicts(std::vector<Hypothesis>{{1, 1}}, 2)));
}

BOOST_AUTO_TEST_SUITE_END()
