#include "actors/experiment/statistics/factorial.hpp"

#include "oracle.hpp"

using namespace troupe::experiment;
using namespace troupe::experiment::test;

namespace {

FactorialDesign design(const nlohmann::json& c) {
  FactorialDesign result{.levels = c["levels"].get<std::vector<size_t>>()};
  for (const auto& cell : c["cells"]) result.cells.push_back({number(cell[0]), number(cell[1]), number(cell[2])});
  return result;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(factorial)

BOOST_AUTO_TEST_CASE(terms_and_contrasts_are_the_references) {
  for (const auto& c : oracle("factorial")["cases"]) {
    const auto ours = factorial_effects(design(c), test_options(c)).value();
    BOOST_REQUIRE_EQUAL(ours.size(), c["terms"].size());
    for (const auto& term : c["terms"]) {
      const auto factors = term["factors"].get<std::vector<size_t>>();
      const auto found = std::find_if(ours.begin(), ours.end(), [&](const auto& t) { return t.factors == factors; });
      BOOST_REQUIRE(found != ours.end());
      count_case("factorial F, type II");
      near("factorial F, type II", found->test.statistic, number(term["statistic"]));
      near("factorial F, type II", found->test.p_value, number(term["p"]));
      BOOST_TEST(found->test.df == number(term["df"]));
      BOOST_TEST(found->test.df_denominator.value() == number(c["residual_df"]));
      BOOST_REQUIRE_EQUAL(found->contrasts.size(), term["contrasts"].size());
      for (size_t i = 0; i < found->contrasts.size(); ++i) {
        count_case("factorial contrast");
        BOOST_TEST(found->contrasts[i].levels == term["contrasts"][i]["levels"].get<std::vector<size_t>>());
        compare("factorial contrast", found->contrasts[i].result, term["contrasts"][i]);
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(main_effects_come_first) {
  const Moments cell{5, 1, 2};
  const auto terms = factorial_effects({{2, 2, 2}, std::vector<Moments>(8, cell)}).value();
  BOOST_REQUIRE_EQUAL(terms.size(), 7u);
  BOOST_TEST(terms[0].factors == std::vector<size_t>{0});
  BOOST_TEST(terms[2].factors == std::vector<size_t>{2});
  BOOST_TEST((terms[6].factors == std::vector<size_t>{0, 1, 2}));
}

BOOST_AUTO_TEST_CASE(huge_cells_with_a_far_mean_keep_their_digits) {
  // A mean of 1e6 and effects of 1: only differences count.
  const auto terms =
      factorial_effects(
          {{2, 2}, {{1e12, 1e6, 1e12}, {1e12, 1e6 + 1, 1e12}, {1e12, 1e6 + 2, 1e12}, {1e12, 1e6 + 3, 1e12}}})
          .value();
  BOOST_TEST(terms[0].contrasts[0].result.estimate == 2, boost::test_tools::tolerance(1e-9));
  BOOST_TEST(terms[0].test.statistic == 4e12, boost::test_tools::tolerance(1e-9));
  BOOST_TEST(terms[2].contrasts[0].result.estimate == 0);
}

BOOST_AUTO_TEST_CASE(what_has_no_answer_is_refused) {
  const Moments fine{5, 1, 2};
  BOOST_TEST(refused(factorial_effects({{}, {}})));
  BOOST_TEST(refused(factorial_effects({{1, 2}, {fine, fine}})));
  BOOST_TEST(refused(factorial_effects({{2, 2}, {fine, fine, fine}})));
  BOOST_TEST(refused(factorial_effects({{9, 8}, std::vector<Moments>(72, fine)})));
  BOOST_TEST(refused(factorial_effects({{2, 2, 2, 2, 2, 2, 2}, std::vector<Moments>(128, fine)})));
  BOOST_TEST(refused(factorial_effects({{2}, {fine, {0, 1, 0}}})));
  BOOST_TEST(refused(factorial_effects({{2}, {fine, {3, not_a_number, 1}}})));
  BOOST_TEST(refused(factorial_effects({{2}, {{1, 1, 0}, {1, 2, 0}}})));
  BOOST_TEST(refused(factorial_effects({{2}, {{5, 1, 0}, {5, 2, 0}}})));
  BOOST_TEST(refused(factorial_effects({{2}, {fine, fine}}, {.confidence = 1})));
}

BOOST_AUTO_TEST_SUITE_END()
