#include <boost/test/unit_test.hpp>

#include "test/unit/config/sample_options.hpp"

using namespace sample;

namespace {
std::string error_of_spec(const std::string& body) {
  return error_of<Deployment>("name: clerk\nspec:\n  " + body + "\n");
}
}  // namespace

BOOST_AUTO_TEST_SUITE(rules)

BOOST_AUTO_TEST_CASE(both_ends_of_a_range_belong_to_it) {
  BOOST_TEST(error_of_spec("batching: {max_size: 1}") == "no error");
  BOOST_TEST(error_of_spec("batching: {max_size: 4096}") == "no error");
  BOOST_TEST(error_of_spec("batching: {max_size: 4097}") ==
             "d.yaml:3: spec.batching.max_size: expected a whole number from 1 to 4096, found '4097'");
  BOOST_TEST(error_of_spec("batching: {max_size: 0}") ==
             "d.yaml:3: spec.batching.max_size: expected a whole number from 1 to 4096, found '0'");
}

BOOST_AUTO_TEST_CASE(ranges_hold_for_durations_sizes_and_optionals) {
  BOOST_TEST(error_of_spec("batching: {max_delay: 11s}") ==
             "d.yaml:3: spec.batching.max_delay: expected a duration from 0s to 10s, found '11s'");
  BOOST_TEST(error_of_spec("memory: 1KiB") ==
             "d.yaml:3: spec.memory: expected a size from 1MiB to 64GiB, found '1KiB'");
  BOOST_TEST(error_of_spec("seed: 101") == "d.yaml:3: spec.seed: expected a whole number from 1 to 100, found '101'");
}

BOOST_AUTO_TEST_CASE(one_of_suggests_the_nearest_value) {
  BOOST_TEST(error_of_spec("policy: least_load") ==
             "d.yaml:3: spec.policy: expected one of least_loaded, round_robin, found 'least_load' (did you mean "
             "least_loaded?)");
}

BOOST_AUTO_TEST_CASE(lists_and_text_have_sizes) {
  BOOST_TEST(
      error_of_spec("stages: [{}, {}, {}, {}]").find("expected a list, each item a mapping, 0 to 3 items in all") !=
      std::string::npos);
  BOOST_TEST(error_of<Deployment>("name: \"\"\n") ==
             "d.yaml:1: name: expected text, 1 to 64 bytes in all, found the text ''");
}

BOOST_AUTO_TEST_CASE(a_check_says_what_would_be_right) {
  BOOST_TEST(error_of_spec("max_replicas: 14") == "d.yaml:3: spec.max_replicas: expected no multiple of 7, found '14'");
}

BOOST_AUTO_TEST_CASE(rules_over_several_fields_are_looked_at_once_each_is_right) {
  BOOST_TEST(error_of_spec("min_replicas: 3") == "d.yaml:3: spec: expected min_replicas at most max_replicas");
  BOOST_TEST(error_of_spec("min_replicas: many") ==
             "d.yaml:3: spec.min_replicas: expected a whole number from 0 to 2^16-1, found 'many'");
}

BOOST_AUTO_TEST_SUITE_END()
