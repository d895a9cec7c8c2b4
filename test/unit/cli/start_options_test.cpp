#include "cluster/cli/start_options.hpp"

#include <boost/test/unit_test.hpp>

namespace troupe::cli {

BOOST_AUTO_TEST_SUITE(start_options)

BOOST_AUTO_TEST_CASE(a_head_does_everything_on_the_known_port) {
  StartFlags flags{.head = true, .data_root = "/data"};

  const auto options = node_options(flags, 0);

  BOOST_REQUIRE(options.has_value());
  BOOST_TEST(options->name == "head");
  BOOST_TEST((options->roles == protocol::Roles{true, true, true}));
  BOOST_TEST(options->ports.bus == 7420);
  BOOST_TEST(options->data_dir == "/data/head");
  BOOST_TEST(options->log.file == "/data/head/logs/troupe.log");
}

BOOST_AUTO_TEST_CASE(a_node_that_joins_is_a_worker_with_a_name_and_port_of_its_own) {
  StartFlags flags{.address = "127.0.0.1:7420", .num_cpus = 1.5, .data_root = "/data"};

  const auto options = node_options(flags, 0xabcd1234);

  BOOST_REQUIRE(options.has_value());
  BOOST_TEST(options->name == "node-1234");
  BOOST_TEST((options->roles == protocol::Roles{.worker = true}));
  BOOST_TEST(options->ports.bus == 0);
  BOOST_TEST(options->resources.cpu_millis == 1500u);
}

BOOST_AUTO_TEST_CASE(a_node_in_the_foreground_logs_to_stderr) {
  StartFlags flags{.head = true, .data_root = "/data", .block = true};

  BOOST_TEST(node_options(flags, 0)->log.file.empty());
}

struct Wrong {
  const char* field;
  StartFlags flags;
};

BOOST_AUTO_TEST_CASE(what_is_wrong_is_named_by_its_flag) {
  const std::vector<Wrong> all{{"--head", {.data_root = "/d"}},
                               {"--head", {.head = true, .address = "h:1", .data_root = "/d"}},
                               {"--roles", {.head = true, .roles = {"worker"}, .data_root = "/d"}},
                               {"--roles", {.head = true, .roles = {"chief"}, .data_root = "/d"}},
                               {"--address", {.address = "host", .data_root = "/d"}},
                               {"--host", {.head = true, .host = "0.0.0.0", .data_root = "/d"}},
                               {"--name", {.head = true, .name = "a/b", .data_root = "/d"}},
                               {"--port", {.head = true, .port = 70000, .data_root = "/d"}},
                               {"--num-cpus", {.head = true, .num_cpus = -1, .data_root = "/d"}},
                               {"--log-level", {.head = true, .data_root = "/d", .log_level = "loud"}},
                               {"--log-format", {.head = true, .data_root = "/d", .log_format = "xml"}}};
  for (Wrong wrong : all) {
    const auto options = node_options(wrong.flags, 0);

    BOOST_REQUIRE_MESSAGE(!options.has_value(), wrong.field);
    BOOST_TEST(options.error().field == wrong.field);
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace troupe::cli
