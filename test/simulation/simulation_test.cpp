#include "test/simulation/simulation.hpp"

#include <boost/test/unit_test.hpp>

namespace troupe::sim {
namespace {

/// What went wrong once, and a seed that showed it. Choices made since may have changed what the seed does.
struct Pinned {
  uint64_t seed;
  const char* what;
};
constexpr Pinned pinned_seeds[] = {
    {28, "a replica changed while its agent looked for the head, and it never looked again"},
    {1, "a write of unknown outcome, and the head refused all later ones"},
    {319, "a head that lost its disk took an epoch again, as epochs were counted in seconds"},
    {1788, "a head that lost its disk took old replicas for new ones, as they had the same generation"},
    {697, "a node that was stopped while it started a replica never came to its end"},
    {167, "a balancer ended, and the cache waited for its answer for ever"},
    {1099, "a cancel got lost, and the stream it meant waited for credit for ever"},
};

}  // namespace

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

BOOST_AUTO_TEST_CASE(clusters_of_all_kinds_keep_their_promises) {
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    const Report report = simulate(Knobs::hostile(seed));
    BOOST_TEST(report.violation == "", "seed " << seed << ": " << report.violation);
  }
}

BOOST_AUTO_TEST_CASE(seeds_that_once_failed_stay_fixed) {
  for (const Pinned& pinned : pinned_seeds) {
    const Report report = simulate(Knobs::hostile(pinned.seed));
    BOOST_TEST(report.violation == "", "seed " << pinned.seed << " (" << pinned.what << "): " << report.violation);
  }
}

BOOST_AUTO_TEST_CASE(each_planted_defect_is_found_and_its_seed_replays_it) {
  for (const Defect defect : defects) {
    uint64_t found = 0;
    for (uint64_t seed = 1; seed <= 20 && found == 0; ++seed)
      if (!simulate(Knobs::hostile(seed, defect)).violation.empty()) found = seed;
    BOOST_TEST_REQUIRE(found != 0u, to_string(defect) << " was not found in 20 seeds");
    const Report first = simulate(Knobs::hostile(found, defect));
    const Report again = simulate(Knobs::hostile(found, defect));
    BOOST_TEST(first.violation == again.violation);
    BOOST_TEST(first.trace == again.trace);
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace troupe::sim
