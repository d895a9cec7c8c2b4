#include "actors/experiment/statistics/multiplicity.hpp"

#include "oracle.hpp"

using namespace troupe::experiment;
using namespace troupe::experiment::test;

namespace {

Correction correction(const std::string& name) {
  if (name == "holm") return Correction::holm;
  return name == "bonferroni" ? Correction::bonferroni : Correction::benjamini_hochberg;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(multiplicity)

BOOST_AUTO_TEST_CASE(adjusted_p_values_are_the_references) {
  for (const auto& c : oracle("multiplicity")["cases"]) {
    const auto name = c["correction"].get<std::string>();
    count_case("adjusted p, " + name);
    const auto ours = adjusted_p_values(numbers(c["p"]), correction(name)).value();
    const auto theirs = numbers(c["adjusted"]);
    BOOST_REQUIRE_EQUAL(ours.size(), theirs.size());
    for (size_t i = 0; i < ours.size(); ++i) near("adjusted p, " + name, ours[i], theirs[i]);
  }
}

BOOST_AUTO_TEST_CASE(no_questions_have_no_answers) {
  for (const Correction each : {Correction::bonferroni, Correction::holm, Correction::benjamini_hochberg}) {
    BOOST_TEST(adjusted_p_values({}, each).value().empty());
  }
}

BOOST_AUTO_TEST_CASE(what_is_no_p_value_is_refused) {
  for (const double bad : {-0.1, 1.1, infinite, not_a_number}) {
    for (const Correction each : {Correction::bonferroni, Correction::holm, Correction::benjamini_hochberg}) {
      BOOST_TEST(refused(adjusted_p_values(std::vector{0.5, bad}, each)));
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
