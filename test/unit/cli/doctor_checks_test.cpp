#include "cluster/cli/doctor_checks.hpp"
#include "cluster/cli/security_checks.hpp"

#include <boost/test/unit_test.hpp>

namespace troupe::cli {

using Level = Finding::Level;
using nlohmann::json;

BOOST_AUTO_TEST_SUITE(doctor_checks)

BOOST_AUTO_TEST_CASE(a_machine_short_of_memory_or_disk_is_warned_about_with_what_to_do) {
  const auto findings = check_machine({{"fpu", "avx2", "fma"}, 2, 100_MiB, "/data", 10_MiB});

  BOOST_REQUIRE(findings.size() == 3u);
  BOOST_TEST(findings[0].what == "2 CPUs with avx2 fma");
  BOOST_TEST((findings[1].level == Level::warn));
  BOOST_TEST((findings[2].level == Level::warn));
  BOOST_TEST(findings[2].what == "0.0GiB disk free for /data");
  BOOST_TEST(!findings[2].advice.empty());
  BOOST_TEST(is_healthy(findings));
}

BOOST_AUTO_TEST_CASE(a_port_of_ours_is_fine_and_anothers_is_named) {
  const auto findings = check_ports({{8000, "--http-port", false, "node head", true},
                                     {8003, "--zmq-port", false, "nginx (pid 12)", false},
                                     {8265, "--admin-port", true, "", false}});

  BOOST_TEST((findings[0].level == Level::ok));
  BOOST_TEST((findings[1].level == Level::warn));
  BOOST_TEST(findings[1].what == "port 8003 (--zmq-port) is used by nginx (pid 12)");
  BOOST_TEST((findings[2].level == Level::ok));
}

BOOST_AUTO_TEST_CASE(a_key_that_others_can_read_is_a_failure) {
  BOOST_TEST((check_secret_file("admin.key", 0600).level == Level::ok));
  BOOST_TEST((check_secret_file("admin.key", 0640).level == Level::fail));
  BOOST_TEST((check_secret_file("admin.key", 0604).level == Level::fail));
}

BOOST_AUTO_TEST_CASE(dead_nodes_and_unfinished_deployments_are_failures) {
  const json status{
      {"nodes",
       {{{"name", "head"}, {"state", "alive"}, {"last_seen_ms", 3}},
        {{"name", "w1"}, {"state", "down"}, {"last_seen_ms", 9000}}}},
      {"deployments",
       {{{"name", "clerk-1"}, {"replicas", 1}, {"ready", 1}, {"reason", ""}},
        {{"name", "clerk-2"}, {"replicas", 2}, {"ready", 1}, {"reason", "1 of 2 replicas has no place"}}}}};

  const auto findings = check_status(status);

  BOOST_REQUIRE(findings.size() == 4u);
  BOOST_TEST((findings[0].level == Level::ok));
  BOOST_TEST(findings[1].what == "node w1 is down; last heard of 9000 ms ago");
  BOOST_TEST((findings[2].level == Level::ok));
  BOOST_TEST((findings[3].level == Level::fail));
  BOOST_TEST(findings[3].what == "deployment clerk-2: 1 of 2 replicas ready; 1 of 2 replicas has no place");
  BOOST_TEST(!is_healthy(findings));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace troupe::cli
