#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include "runtime/config/json.hpp"
#include "test/unit/config/sample_options.hpp"

using namespace sample;

namespace {

Deployment full() {
  Deployment deployment{"clerk", {}};
  Spec& spec = deployment.spec;
  spec.max_replicas = 4;
  spec.priority = -2;
  spec.memory = ByteCount{1'572'865};
  spec.isolation = Isolation::thread;
  spec.batching = {32, 1500us};
  spec.stages = {{0.1, 90s}, {1, 0s}};
  spec.labels = {{"team", "search"}, {"on", "off"}, {"", "two\nlines"}};
  spec.seed = 7;
  spec.shadow_batching = Batching{2, 0ms};
  return deployment;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(round_trip)

BOOST_AUTO_TEST_CASE(written_yaml_reads_back_as_the_same_struct) {
  const std::string yaml = config::to_yaml(full());

  const auto back = bind_text<Deployment>(yaml);

  BOOST_REQUIRE_MESSAGE(back.has_value(), message_of(back) << "\n" << yaml);
  BOOST_TEST((*back == full()), yaml);
}

BOOST_AUTO_TEST_CASE(yaml_is_written_as_people_would_write_it) {
  Deployment deployment = full();
  deployment.spec.stages = {{0.1, 90s}};
  deployment.spec.labels = {{"team", "search"}, {"version", "1.10"}};

  BOOST_TEST(config::to_yaml(deployment) == R"(name: clerk
spec:
  min_replicas: 1
  max_replicas: 4
  priority: -2
  warm_up: true
  memory: 1572865B
  isolation: thread
  policy: least_loaded
  batching:
    max_size: 32
    max_delay: 1500us
  stages:
    - share: 0.1
      hold: 90s
  labels:
    team: search
    version: "1.10"
  seed: 7
  shadow_batching:
    max_size: 2
    max_delay: 0s
)");
}

BOOST_DATA_TEST_CASE(any_text_survives, boost::unit_test::data::make({"",          " ",
                                                                      "~",         "null",
                                                                      "Yes",       "1e3",
                                                                      "0x1F",      "-",
                                                                      "- a",       "a: b",
                                                                      "#c",        "*a",
                                                                      "&a",        "!t",
                                                                      "%d",        "@x",
                                                                      "`x",        "\"q\"",
                                                                      "'s'",       "back\\slash",
                                                                      "tab\there", "line\nbreak\n",
                                                                      "\x1b[0m",   "\x7f",
                                                                      "é漢🎭",      "<<",
                                                                      "...",       "---",
                                                                      "{a}",       "[a]",
                                                                      "a,b",       "a #b",
                                                                      "trailing ", "2026-11-21",
                                                                      "5ms"}),
                     text) {
  Deployment deployment{"x", {}};
  deployment.spec.labels = {{std::string("key ") + text, text}};

  const auto back = bind_text<Deployment>(config::to_yaml(deployment));

  BOOST_REQUIRE_MESSAGE(back.has_value(), message_of(back));
  BOOST_TEST((back->spec.labels == deployment.spec.labels));
}

BOOST_AUTO_TEST_CASE(json_keeps_the_types) {
  const nlohmann::json json = config::to_json(full());

  BOOST_TEST(json["name"] == "clerk");
  BOOST_TEST(json["spec"]["max_replicas"] == 4);
  BOOST_TEST(json["spec"]["priority"] == -2);
  BOOST_TEST(json["spec"]["warm_up"] == true);
  BOOST_TEST(json["spec"]["stages"][0]["share"] == 0.1);
  BOOST_TEST(json["spec"]["batching"]["max_delay"] == "1500us");
  BOOST_TEST(json["spec"]["labels"]["on"] == "off");
  BOOST_TEST(config::to_json(Deployment{})["spec"]["seed"].is_null());
}

BOOST_AUTO_TEST_CASE(text_that_is_no_utf8_is_written_as_text_all_the_same) {
  const Deployment deployment{"caf\xE9", {}};

  BOOST_TEST(bind_text<Deployment>(config::to_yaml(deployment)).value().name == "caf?");
  BOOST_TEST(config::to_json(deployment).dump().find("caf?") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
