#include "actors/experiment/statistics/power.hpp"

#include <cmath>

#include "oracle.hpp"

using namespace troupe::experiment;
using namespace troupe::experiment::test;

namespace {

PowerOptions power_options(const nlohmann::json& c) {
  return {.alternative = alternative(c["alternative"]), .alpha = number(c["alpha"]), .ratio = number(c["ratio"])};
}

ProportionPower method_of(const nlohmann::json& c) {
  return c["method"] == "z" ? ProportionPower::z : ProportionPower::arcsine;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(power)

BOOST_AUTO_TEST_CASE(powers_for_proportions_are_the_references) {
  for (const auto& c : oracle("power")["proportions"]) {
    const std::string method = "power of proportions, " + c["method"].get<std::string>();
    count_case(method);
    near(method,
         power_of_proportions(number(c["first"]), number(c["second"]), number(c["n"]), method_of(c), power_options(c))
             .value(),
         number(c["power"]));
  }
}

BOOST_AUTO_TEST_CASE(sizes_for_proportions_are_the_references) {
  for (const auto& c : oracle("power")["proportion_sizes"]) {
    count_case("sample size for proportions");
    const SampleSize ours = sample_size_for_proportions(number(c["first"]), number(c["second"]), number(c["power"]),
                                                        method_of(c), power_options(c))
                                .value();
    near("sample size for proportions", ours.first, number(c["size"]));
    near("sample size for proportions", ours.second, number(c["size"]) * number(c["ratio"]));
  }
}

BOOST_AUTO_TEST_CASE(detectable_proportions_are_the_references) {
  for (const auto& c : oracle("power")["detectable_proportions"]) {
    count_case("detectable proportion");
    near("detectable proportion",
         detectable_proportion(number(c["first"]), number(c["n"]), number(c["power"]), method_of(c), power_options(c))
             .value(),
         number(c["second"]));
  }
}

BOOST_AUTO_TEST_CASE(powers_sizes_and_effects_for_means_are_the_references) {
  for (const auto& c : oracle("power")["means"]) {
    count_case("power of means");
    near("power of means", power_of_means(number(c["effect"]), number(c["n"]), power_options(c)).value(),
         number(c["power"]));
  }
  for (const auto& c : oracle("power")["mean_sizes"]) {
    count_case("sample size for means");
    near("sample size for means",
         sample_size_for_means(number(c["effect"]), number(c["power"]), power_options(c)).value().first,
         number(c["size"]));
  }
  for (const auto& c : oracle("power")["detectable_effects"]) {
    count_case("detectable effect");
    near("detectable effect", detectable_effect(number(c["n"]), number(c["power"]), power_options(c)).value(),
         number(c["effect"]));
  }
}

BOOST_AUTO_TEST_CASE(a_size_has_the_power_it_was_asked_for) {
  for (const double effect : {1e-5, 0.01, 3.0}) {
    const SampleSize size = sample_size_for_means(effect, 0.8).value();
    if (size.first > 2)
      BOOST_TEST(power_of_means(effect, size.first).value() == 0.8, boost::test_tools::tolerance(1e-9));
    BOOST_TEST(power_of_means(effect, std::max(size.first, 2.0)).value() >= 0.8 - 1e-9);
  }
}

BOOST_AUTO_TEST_CASE(huge_sizes_see_tiny_effects) {
  // (1.959964 + 0.841621) sqrt(2 / n)
  BOOST_TEST(detectable_effect(1e12, 0.8).value() == 2.801585 * std::sqrt(2e-12), boost::test_tools::tolerance(1e-5));
  BOOST_TEST(power_of_means(5, 1e12).value() == 1);
}

BOOST_AUTO_TEST_CASE(days_are_whole_and_enough) {
  BOOST_TEST(days_until({1000.2, 1000.2}, 500).value() == 5);
  BOOST_TEST(days_until({1000, 1000}, 500).value() == 4);
  BOOST_TEST(days_until({1000, 3000}, 500, 0.1).value() == 80);
}

BOOST_AUTO_TEST_CASE(what_has_no_answer_is_refused) {
  const auto z = ProportionPower::z;
  for (const double bad : {0.0, 1.0, -0.5, not_a_number}) {
    BOOST_TEST(refused(power_of_proportions(bad, 0.5, 100, z)));
    BOOST_TEST(refused(power_of_proportions(0.5, bad, 100, ProportionPower::arcsine)));
    BOOST_TEST(refused(power_of_proportions(0.5, 0.6, 100, z, {.alpha = bad})));
    BOOST_TEST(refused(sample_size_for_proportions(0.5, 0.6, bad, z)));
    BOOST_TEST(refused(sample_size_for_means(0.5, bad)));
    BOOST_TEST(refused(sample_size_for_means(0.5, 0.8, {.alpha = bad})));
    BOOST_TEST(refused(detectable_proportion(bad, 100, 0.8, z)));
    BOOST_TEST(refused(detectable_proportion(0.5, 100, bad, z)));
    BOOST_TEST(refused(detectable_effect(100, bad)));
    BOOST_TEST(refused(power_of_means(0.5, bad)));
    BOOST_TEST(refused(detectable_effect(bad, 0.8)));
  }
  for (const double bad : {0.0, -1.0, infinite, not_a_number}) {
    BOOST_TEST(refused(power_of_proportions(0.5, 0.6, 100, z, {.ratio = bad})));
    BOOST_TEST(refused(power_of_means(0.5, 100, {.ratio = bad})));
    BOOST_TEST(refused(days_until({bad, 10}, 10)));
    BOOST_TEST(refused(days_until({10, 10}, bad)));
    BOOST_TEST(refused(days_until({10, 10}, 10, bad)));
  }
  BOOST_TEST(refused(sample_size_for_proportions(0.5, 0.5, 0.8, z)));
  BOOST_TEST(refused(sample_size_for_proportions(0.5, 0.6, 0.8, z, {.alternative = Alternative::less})));
  BOOST_TEST(refused(sample_size_for_means(0, 0.8)));
  BOOST_TEST(refused(sample_size_for_means(-1, 0.8, {.alternative = Alternative::greater})));
  BOOST_TEST(refused(sample_size_for_means(infinite, 0.8)));
  BOOST_TEST(refused(sample_size_for_means(1e-9, 0.8)));
  BOOST_TEST(refused(power_of_means(not_a_number, 100)));
  BOOST_TEST(refused(power_of_means(0.5, 2, {.ratio = 1e-12})));
  BOOST_TEST(refused(detectable_proportion(0.5, 2, 0.999, z)));
}

BOOST_AUTO_TEST_SUITE_END()
