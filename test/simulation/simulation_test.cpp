#include "test/simulation/simulation.hpp"

#include <boost/test/unit_test.hpp>

namespace troupe::sim {

BOOST_AUTO_TEST_SUITE(simulation)

BOOST_AUTO_TEST_CASE(a_calm_cluster_of_three_answers_what_it_is_asked) {
  const Report report = simulate(Knobs::calm(1));
  BOOST_TEST(report.violation == "");
  BOOST_TEST(report.counts.requests > 300u);
  BOOST_TEST(report.counts.answered > report.counts.requests / 2);
}

BOOST_AUTO_TEST_CASE(the_same_seed_gives_the_same_run_and_another_seed_another) {
  const Report first = simulate(Knobs::hostile(1));
  const Report again = simulate(Knobs::hostile(1));
  BOOST_TEST(first.trace == again.trace);
  BOOST_TEST(first.steps == again.steps);
  BOOST_TEST(first.trace != simulate(Knobs::hostile(2)).trace);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace troupe::sim
