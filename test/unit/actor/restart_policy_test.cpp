#include "runtime/actor/restart_policy.hpp"

#include <boost/test/unit_test.hpp>

using namespace troupe;
using namespace troupe::actor;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(restart_policy)

BOOST_AUTO_TEST_CASE(waits_double_up_to_their_maximum_and_then_it_gives_up) {
  RestartPolicy policy{{.restarts_max = 4, .window = 1min, .backoff_first = 100ms, .backoff_max = 300ms}};
  const Time t0{};

  BOOST_TEST((policy.on_crash(t0) == Duration{100ms}));
  BOOST_TEST((policy.on_crash(t0 + 1s) == Duration{200ms}));
  BOOST_TEST((policy.on_crash(t0 + 2s) == Duration{300ms}));
  BOOST_TEST((policy.on_crash(t0 + 3s) == Duration{300ms}));
  BOOST_TEST(!policy.on_crash(t0 + 4s).has_value());
  BOOST_TEST(policy.restarts() == 4u);
}

BOOST_AUTO_TEST_CASE(crashes_older_than_the_window_are_forgiven) {
  RestartPolicy policy{{.restarts_max = 1, .window = 10s, .backoff_first = 100ms}};
  const Time t0{};

  BOOST_TEST(policy.on_crash(t0).has_value());
  BOOST_TEST((policy.on_crash(t0 + 10s) == Duration{100ms}));
  BOOST_TEST(!policy.on_crash(t0 + 11s).has_value());
}

BOOST_AUTO_TEST_SUITE_END()
