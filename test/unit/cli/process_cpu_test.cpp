#include "cluster/cli/process_cpu.hpp"

#include <unistd.h>

#include <boost/test/unit_test.hpp>

namespace troupe::cli {

using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(process_cpu)

BOOST_AUTO_TEST_CASE(a_process_that_computes_is_seen_to) {
  const std::vector<pid_t> self{::getpid()};
  const auto before = cpu_times(self);
  const pid_t none = 0x7ffffff0;

  auto after = before;
  while (cpu_between(before, after) < 1ms) after = cpu_times(self);

  BOOST_TEST(before.size() == 1u);
  BOOST_TEST((cpu_between(before, after) >= 1ms));
  BOOST_TEST(cpu_times({none}).empty());
}

BOOST_AUTO_TEST_CASE(only_processes_of_both_readings_count) {
  BOOST_TEST((cpu_between({{1, 1s}, {2, 5s}}, {{1, 3s}, {3, 9s}}) == Duration{2s}));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace troupe::cli
