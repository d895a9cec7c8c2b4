#include "gpu/engine/logit_rules.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <vector>

#include "gpu/engine/log_probabilities.hpp"
#include "gpu/engine/sampler.hpp"

using namespace troupe::gpu;

namespace {

/// Token 1 was in the prompt, token 2 was generated twice, token 3 once.
TokenCounts counts() {
  TokenCounts counts;
  counts.add_prompt(std::vector<int32_t>{1, 2});
  counts.add(2);
  counts.add(2);
  counts.add(3);
  return counts;
}

std::vector<float> after(const SamplingParams& params, std::vector<float> logits,
                         const std::vector<int32_t>& banned = {}) {
  apply_rules(params, counts(), banned, logits);
  return logits;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(logit_rules)

BOOST_AUTO_TEST_CASE(frequency_counts_each_time_a_token_was_generated) {
  BOOST_TEST(after({.frequency_penalty = 0.5F}, {1, 1, 1, 1}) == (std::vector<float>{1, 1, 0, 0.5F}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(presence_counts_once_and_not_for_the_prompt) {
  BOOST_TEST(after({.presence_penalty = 0.25F}, {1, 1, 1, 1}) == (std::vector<float>{1, 1, 0.75F, 0.75F}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(repetition_makes_what_was_seen_less_likely_on_both_sides_of_zero) {
  BOOST_TEST(after({.repetition_penalty = 2}, {4, 4, -4, 0}) == (std::vector<float>{4, 2, -8, 0}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_bias_is_added_and_unknown_tokens_are_passed_over) {
  BOOST_TEST(after({.logit_bias = {{0, 2.5F}, {99, 1}}}, {1, 1, 1, 1}) == (std::vector<float>{3.5F, 1, 1, 1}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(what_is_banned_is_never_drawn_at_any_temperature) {
  Sampler sampler;
  const std::vector<float> logits = after({}, {9, 1, 1, 1}, {0});
  for (const float temperature : {0.0F, 1.0F, 100.0F}) {
    for (uint64_t i = 0; i < 1000; ++i) {
      BOOST_TEST(*sampler.sample(logits, {.temperature = temperature, .seed = 1}, i) != 0);
    }
  }
}

BOOST_AUTO_TEST_CASE(neutral_parameters_leave_logits_alone) {
  BOOST_TEST(leave_logits({}));
  BOOST_TEST(leave_logits({.temperature = 0.5F, .top_p = 0.5F, .top_k = 3, .min_p = 0.1F}));
  BOOST_TEST(!leave_logits({.presence_penalty = 0.1F}));
  BOOST_TEST(!leave_logits({.logit_bias = {{1, 1}}}));
}

BOOST_AUTO_TEST_CASE(log_probabilities_are_those_of_the_softmax) {
  const std::vector<float> logits{1, 3, -1, 3, 0};
  const double total = 2 * std::exp(3.0) + std::exp(1.0) + std::exp(-1.0) + 1;

  const LogProbabilities found = log_probabilities(logits, 0, 3);

  BOOST_TEST(found.chosen.token == 0);
  BOOST_TEST(found.chosen.value == 1 - std::log(total), boost::test_tools::tolerance(1e-12));
  BOOST_TEST_REQUIRE(found.top.size() == 3u);
  BOOST_TEST(found.top[0].token == 1);
  BOOST_TEST(found.top[1].token == 3);
  BOOST_TEST(found.top[2].token == 0);
  BOOST_TEST(found.top[0].value == 3 - std::log(total), boost::test_tools::tolerance(1e-12));
  BOOST_TEST(log_probabilities(logits, 0, 99).top.size() == logits.size());
}

BOOST_AUTO_TEST_CASE(only_what_a_format_allows_is_left_and_ends_where_it_may_end) {
  TokenMask mask(5);
  mask.allow(1);
  const std::vector<int32_t> ends{3, 1, 99};
  std::vector<float> within{1, 2, 3, 4, 5};
  std::vector<float> at_end = within;

  allow_only(mask, false, ends, within);
  allow_only(mask, true, ends, at_end);

  for (size_t token = 0; token < within.size(); ++token) {
    BOOST_TEST(is_impossible(within[token]) == (token != 1));
    BOOST_TEST(is_impossible(at_end[token]) == (token != 1 && token != 3));
  }
  BOOST_TEST(within[1] == 2);
  BOOST_TEST(at_end[3] == 4);
}

BOOST_AUTO_TEST_SUITE_END()
