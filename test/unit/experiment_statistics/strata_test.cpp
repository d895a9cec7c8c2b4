#include "actors/experiment/statistics/strata.hpp"

#include "oracle.hpp"

using namespace troupe::experiment;
using namespace troupe::experiment::test;

BOOST_AUTO_TEST_SUITE(strata)

BOOST_AUTO_TEST_CASE(combinations_are_those_of_the_reference) {
  for (const auto& c : oracle("bayesian")["strata"]) {
    std::vector<Estimate> strata;
    for (const auto& row : c["strata"]) {
      strata.push_back({number(row["value"]), number(row["standard_error"]), row["units"][0], row["units"][1]});
    }
    count_case("stratified estimate");
    for (const auto& [name, weights] :
         {std::pair{"units", StratumWeights::units}, std::pair{"overlap", StratumWeights::overlap},
          std::pair{"inverse_variance", StratumWeights::inverse_variance}}) {
      const auto said = combine_strata(strata, weights).value();
      near("stratified estimate", said.value, number(c[name]["value"]));
      near("stratified estimate", said.standard_error, number(c[name]["standard_error"]));
    }
  }
}

BOOST_AUTO_TEST_CASE(a_ramp_with_a_drifting_base_rate_shows_no_effect_that_is_not_there) {
  // At 5 % the rate is 10 %, at 50 % it is 30 %: pooled, the second arm's 29 % would be held against the first's 17 %.
  const std::vector<Estimate> revisions{{0, 0.02, 9500, 500}, {0, 0.01, 5000, 5000}};
  const auto said = combine_strata(revisions).value();
  BOOST_TEST(said.value == 0);
  BOOST_TEST(said.units_a == 14500u);
  BOOST_TEST(said.units_b == 5500u);
}

BOOST_AUTO_TEST_CASE(segments_are_one_family) {
  const std::vector<Segment> segments{
      {"de", {0.5, 0.1, 900, 900}}, {"fr", {0.02, 0.1, 800, 800}}, {"it", {0.3, 0.1, 900, 900}}};
  const auto results = segment_sequences(segments, 0.3, 0.05).value();
  BOOST_TEST(results.size() == 3u);
  BOOST_TEST(results[0].name == "de");
  BOOST_TEST(results[0].verdict.rejected);
  BOOST_TEST(!results[1].verdict.rejected);
  // Alone "it" would be found, among three it is not.
  BOOST_TEST(results[2].test.p_value < 0.2);
  BOOST_TEST(results[2].verdict.adjusted_p >= results[2].test.p_value);
  const auto alone = mean_sequence(segments[0].estimate, 0.3, 0.05, Alternative::two_sided).value();
  BOOST_TEST(results[0].test.interval.low < alone.low);
}

BOOST_AUTO_TEST_CASE(what_has_no_answer_is_refused) {
  BOOST_TEST(refused(combine_strata({})));
  BOOST_TEST(refused(combine_strata(std::vector<Estimate>{{0, 1, 0, 5}})));
  BOOST_TEST(refused(combine_strata(std::vector<Estimate>{{0, 0, 5, 5}})));
  BOOST_TEST(refused(combine_strata(std::vector<Estimate>{{not_a_number, 1, 5, 5}})));
  BOOST_TEST(refused(segment_sequences({}, 1, 0.05)));
  BOOST_TEST(refused(segment_sequences(std::vector<Segment>{{"x", {0, 0, 5, 5}}}, 1, 0.05)));
}

BOOST_AUTO_TEST_SUITE_END()
