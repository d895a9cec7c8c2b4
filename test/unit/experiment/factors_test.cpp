#include "actors/experiment/definition/factors.hpp"

#include <boost/test/unit_test.hpp>

#include "test/unit/experiment/live_run.hpp"

using namespace troupe;
using namespace troupe::experiment;

namespace {

Definition square() {
  Definition made = asked();
  const auto variant = [](std::string name, std::string version, std::string prompt, std::string temperature) {
    VariantDefinition one{std::move(name), std::move(version), 0.25};
    one.factors = {{"prompt", std::move(prompt)}, {"temperature", std::move(temperature)}};
    return one;
  };
  made.variants = {variant("control", "1", "short", "low"), variant("hot", "1", "short", "high"),
                   variant("wordy_hot", "2", "long", "high"), variant("wordy", "2", "long", "low")};
  return made;
}

template <class Change>
std::string refusal(Change change) {
  Definition definition = square();
  change(definition);
  const Status checked = check(definition);
  return checked ? "accepted" : checked.error().message;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(factors)

BOOST_AUTO_TEST_CASE(a_design_has_the_controls_levels_first_and_the_variant_of_each_combination) {
  const VariantDesign design = design_of(square()).value();

  BOOST_TEST_REQUIRE(design.factors.size() == 2u);
  BOOST_TEST(design.factors[0].name == "prompt");
  BOOST_TEST((design.factors[0].levels == std::vector<std::string>{"short", "long"}));
  BOOST_TEST((design.factors[1].levels == std::vector<std::string>{"low", "high"}));
  BOOST_TEST((design.arms == std::vector<uint32_t>{0, 1, 3, 2}));
  BOOST_TEST(design_of(asked()).value().factors.empty());
}

BOOST_AUTO_TEST_CASE(a_design_that_is_not_crossed_in_full_is_refused_by_what_is_missing) {
  BOOST_TEST(refusal([](Definition&) {}) == "accepted");
  BOOST_TEST(refusal([](Definition& d) {
               d.variants.pop_back();
               d.variants[0].weight = 0.5;
             }) ==
             "variants: none has prompt = long and temperature = low; of factors every combination of levels is a "
             "variant");
  BOOST_TEST(refusal([](Definition& d) { d.variants[3].factors["temperature"] = "high"; }) ==
             "variants: none has prompt = long and temperature = low; of factors every combination of levels is a "
             "variant");
  BOOST_TEST(refusal([](Definition& d) {
               d.variants[0].weight = 0;
               d.variants.push_back(d.variants[1]);
               d.variants.back().name = "again";
             }) == "variants: hot and again both have prompt = short and temperature = high");
}

BOOST_AUTO_TEST_CASE(factors_that_variants_do_not_share_are_refused_by_name) {
  BOOST_TEST(refusal([](Definition& d) { d.variants[2].factors.clear(); }) ==
             "variant wordy_hot: factor prompt is missing; all variants name the same, and control has prompt, "
             "temperature");
  BOOST_TEST(refusal([](Definition& d) { d.variants[0].factors.clear(); }) ==
             "variant hot: factor prompt is none of control's; all variants name the same");
  BOOST_TEST(refusal([](Definition& d) {
               d.variants[2].factors = {{"promt", "long"}, {"temperature", "high"}};
             }) ==
             "variant wordy_hot: factor promt is none of control's (did you mean prompt?); all variants name the same");
  BOOST_TEST(refusal([](Definition& d) {
               for (VariantDefinition& variant : d.variants) variant.factors["style"] = "dry";
             }) == "variants: factor style has one level, dry: there is nothing to hold it against");
  BOOST_TEST(refusal([](Definition& d) { d.variants[1].factors["temperature"] = ""; }) ==
             "variant hot: factors and their levels have 1 to 64 printable bytes");
  BOOST_TEST(refusal([](Definition& d) {
               for (int i = 0; i < 5; ++i) d.variants[0].factors[std::string(1, static_cast<char>('a' + i))] = "x";
             }) == "variant control: there are 7 factors; a design has at most 6");
}

BOOST_AUTO_TEST_SUITE_END()
