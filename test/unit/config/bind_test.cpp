#include <boost/test/unit_test.hpp>

#include "test/unit/config/sample_options.hpp"

using namespace sample;

BOOST_AUTO_TEST_SUITE(bind)

BOOST_AUTO_TEST_CASE(every_type_of_field_reads_its_value) {
  const auto bound = bind_text<Deployment>(R"(
kind: Deployment
name: clerk
spec:
  min_replicas: 2
  max_replicas: 4
  priority: -3
  warm_up: false
  memory: 2GiB
  isolation: thread
  policy: round_robin
  batching: {max_size: 32, max_delay: 5ms}
  stages:
    - {share: 0.05}
    - {share: 1, hold: 0}
  labels: {team: search, "cost centre": "42"}
  seed: 7
)");

  BOOST_REQUIRE_MESSAGE(bound.has_value(), message_of(bound));
  const Spec& spec = bound->spec;
  BOOST_TEST(bound->name == "clerk");
  BOOST_TEST(spec.min_replicas == 2);
  BOOST_TEST(spec.max_replicas == 4);
  BOOST_TEST(spec.priority == -3);
  BOOST_TEST(!spec.warm_up);
  BOOST_TEST((spec.memory == 2_GiB));
  BOOST_TEST((spec.isolation == Isolation::thread));
  BOOST_TEST(spec.policy == "round_robin");
  BOOST_TEST((spec.batching == Batching{32, 5ms}));
  BOOST_TEST((spec.stages == std::vector<Stage>{{0.05, 1min}, {1, 0s}}));
  BOOST_TEST((spec.labels == std::map<std::string, std::string>{{"team", "search"}, {"cost centre", "42"}}));
  BOOST_TEST(spec.seed.value() == 7u);
  BOOST_TEST(!spec.shadow_batching.has_value());
}

BOOST_AUTO_TEST_CASE(absent_keys_keep_the_defaults_of_the_struct) {
  const auto bound = bind_text<Deployment>("name: clerk\nspec: {batching: {max_size: 8}}\n");

  Deployment expected{"clerk", {}};
  expected.spec.batching.max_size = 8;
  BOOST_TEST((bound.value() == expected));
}

BOOST_AUTO_TEST_CASE(an_unknown_key_is_an_error_with_line_path_and_the_nearest_right_name) {
  BOOST_TEST(error_of<Deployment>("name: clerk\nspec:\n  batching:\n    max_sise: 3\n") ==
             "d.yaml:4: spec.batching 'max_sise' is not a key here (did you mean max_size?); keys are: max_size, "
             "max_delay");
  BOOST_TEST(error_of<Deployment>("name: clerk\nspecs: {}\n") ==
             "d.yaml:2: 'specs' is not a key of Deployment (did you mean spec?); keys are: name, spec");
}

BOOST_AUTO_TEST_CASE(a_wrong_type_says_what_was_found_and_what_would_be_right) {
  BOOST_TEST(error_of<Deployment>("name: clerk\nspec:\n  batching: fast\n") ==
             "d.yaml:3: spec.batching: expected a mapping, found 'fast'");
  BOOST_TEST(error_of<Deployment>("name: clerk\nspec:\n  batching: {max_size: [1]}\n") ==
             "d.yaml:3: spec.batching.max_size: expected a whole number from 1 to 4096, found a list");
  BOOST_TEST(error_of<Deployment>("name: clerk\nspec:\n  warm_up: yes\n") ==
             "d.yaml:3: spec.warm_up: expected true or false, found 'yes'");
  BOOST_TEST(error_of<Deployment>("name: clerk\nspec:\n  warm_up: \"true\"\n") ==
             "d.yaml:3: spec.warm_up: expected true or false, found the text 'true'");
  BOOST_TEST(error_of<Deployment>("name: clerk\nspec:\n  memory:\n") ==
             "d.yaml:3: spec.memory: expected a size from 1MiB to 64GiB, found nothing");
  BOOST_TEST(error_of<Deployment>("name: clerk\nspec:\n  labels: [a]\n") ==
             "d.yaml:3: spec.labels: expected a mapping of names, each to text, found a list");
}

BOOST_AUTO_TEST_CASE(a_missing_key_names_the_line_of_its_mapping) {
  BOOST_TEST(error_of<Deployment>("# comment\n\nspec: {}\n") ==
             "d.yaml:3: the key 'name' is missing: Name of the deployment (text, 1 to 64 bytes in all)");
}

BOOST_AUTO_TEST_CASE(items_of_lists_and_maps_are_named_by_index_and_key) {
  BOOST_TEST(error_of<Deployment>("name: clerk\nspec:\n  stages:\n    - share: 0.1\n    - share: 2\n") ==
             "d.yaml:5: spec.stages[1].share: expected a number from 0 to 1, found '2'");
  BOOST_TEST(error_of<Deployment>("name: clerk\nspec:\n  labels:\n    team: [x]\n") ==
             "d.yaml:4: spec.labels.team: expected text, found a list");
}

BOOST_AUTO_TEST_CASE(all_problems_of_a_document_come_at_once) {
  const auto bound = bind_text<Deployment>("nam: clerk\nspec:\n  replicas: 2\n  priority: high\n  isolation: proces\n");

  BOOST_REQUIRE(!bound);
  BOOST_TEST((bound.error().code == Errc::invalid_argument));
  const std::string& message = bound.error().message;
  BOOST_TEST(std::count(message.begin(), message.end(), '\n') == 4);
  for (const char* part :
       {"d.yaml:1: 'nam' is not a key", "d.yaml:1: the key 'name' is missing",
        "d.yaml:3: spec 'replicas' is not a key of Deployment", "d.yaml:4: spec.priority: expected",
        "d.yaml:5: spec.isolation: expected one of process, thread, found 'proces' (did you mean process?)"})
    BOOST_TEST(message.find(part) != std::string::npos, part << " is not in\n" << message);
}

BOOST_AUTO_TEST_CASE(the_error_names_the_field_of_the_first_problem) {
  const auto bound = bind_text<Deployment>("name: clerk\nspec: {memory: much}\n");

  BOOST_TEST(bound.error().field == "spec.memory");
}

BOOST_AUTO_TEST_CASE(thousands_of_problems_make_a_short_message) {
  std::string yaml = "name: clerk\n";
  for (int i = 0; i < 5000; ++i) yaml += "wrong" + std::to_string(i) + ": 1\n";

  const std::string message = error_of<Deployment>(yaml);

  BOOST_TEST(message.size() < 10'000u);
  BOOST_TEST(message.ends_with("d.yaml: and 4950 more problems"));
}

BOOST_AUTO_TEST_CASE(keys_and_values_with_control_characters_do_not_reach_the_terminal) {
  const std::string message = error_of<Deployment>("name: clerk\n\"\\e[31m\": 1\n");

  BOOST_TEST(message.find('\x1b') == std::string::npos);
  BOOST_TEST(message.starts_with("d.yaml:2: '?[31m' is not a key"));
}

BOOST_AUTO_TEST_CASE(an_optional_of_null_or_no_key_is_empty) {
  BOOST_TEST(!bind_text<Deployment>("name: c\nspec: {seed: ~}\n").value().spec.seed.has_value());
  BOOST_TEST((bind_text<Deployment>("name: c\nspec: {shadow_batching: {max_size: 2}}\n").value().spec.shadow_batching ==
              Batching{2, 0ms}));
}

BOOST_AUTO_TEST_SUITE_END()
