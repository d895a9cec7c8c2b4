#include "actors/worker/child_health.hpp"

#include <boost/test/unit_test.hpp>

using namespace troupe;
using namespace troupe::worker;
using namespace std::chrono_literals;

namespace {

const Time t0{};

/// Ticks as the node's thread does, hearing a Progress with `running` before each where `speaks`; the first verdict in
/// (from, to].
struct Watch {
  ChildHealth health{{}, t0};

  std::optional<std::string> pass(Duration from, Duration to, bool speaks, Duration running = 0ms) {
    for (Duration at = from + 200ms; at <= to; at += 200ms) {
      if (speaks) {
        health.on_frame(t0 + at);
        health.on_progress({1, running > 0ms ? running + (at - from) : 0ms});
      }
      if (auto verdict = health.tick(t0 + at)) return verdict;
    }
    return std::nullopt;
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(child_health)

BOOST_AUTO_TEST_CASE(a_child_that_says_no_hello_is_lost_after_ten_seconds) {
  Watch watch;

  BOOST_TEST(!watch.pass(0s, 9800ms, false).has_value());
  const auto verdict = watch.pass(9800ms, 10s, false);

  BOOST_REQUIRE(verdict.has_value());
  BOOST_TEST(*verdict == "the back end's process said no hello within 10s");
}

BOOST_AUTO_TEST_CASE(loading_may_take_minutes_while_progress_comes) {
  Watch watch;
  watch.health.on_hello();

  BOOST_TEST(!watch.pass(0s, 10min, true, 1s).has_value());
}

BOOST_AUTO_TEST_CASE(half_a_minute_of_silence_loses_it_while_it_loads) {
  Watch watch;
  watch.health.on_hello();
  BOOST_TEST(!watch.pass(0s, 4s, true).has_value());

  BOOST_TEST(!watch.pass(4s, 33800ms, false).has_value());
  const auto verdict = watch.pass(33800ms, 34s, false);

  BOOST_REQUIRE(verdict.has_value());
  BOOST_TEST(*verdict == "the back end's process has been silent for 30s");
}

BOOST_AUTO_TEST_CASE(two_seconds_of_silence_lose_it_once_it_is_warm) {
  Watch watch;
  watch.health.on_hello();
  watch.health.on_warm(1s);
  BOOST_TEST(!watch.pass(0s, 4s, true).has_value());

  BOOST_TEST(!watch.pass(4s, 5800ms, false).has_value());
  const auto verdict = watch.pass(5800ms, 6s, false);

  BOOST_REQUIRE(verdict.has_value());
  BOOST_TEST(*verdict == "the back end's process has been silent for 2s");
}

BOOST_AUTO_TEST_CASE(a_step_that_declares_nothing_may_run_for_two_seconds) {
  Watch watch;
  watch.health.on_hello();
  watch.health.on_warm(0s);

  BOOST_TEST(!watch.pass(0s, 1800ms, true, 1ms).has_value());
  const auto verdict = watch.pass(1800ms, 2400ms, true, 1800ms);

  BOOST_REQUIRE(verdict.has_value());
  BOOST_TEST(*verdict == "a step of the back end has run for 2s, at most 2s are allowed");
}

BOOST_AUTO_TEST_CASE(a_long_step_that_was_declared_may_run_a_second_longer_than_that) {
  Watch watch;
  watch.health.on_hello();
  watch.health.on_warm(30s);

  BOOST_TEST(!watch.pass(0s, 30s, true, 1ms).has_value());
  BOOST_TEST(watch.pass(30s, 32s, true, 30s).has_value());
}

BOOST_AUTO_TEST_CASE(what_ran_while_it_loaded_is_not_judged_once_it_is_warm) {
  Watch watch;
  watch.health.on_hello();
  watch.health.on_frame(t0 + 100ms);
  watch.health.on_progress({0, 1min});

  watch.health.on_warm(0s);

  BOOST_TEST(!watch.health.tick(t0 + 200ms).has_value());
}

BOOST_AUTO_TEST_CASE(a_node_that_stood_still_itself_begins_to_count_again) {
  Watch watch;
  watch.health.on_hello();
  BOOST_TEST(!watch.pass(0s, 1s, true).has_value());

  BOOST_TEST(!watch.health.tick(t0 + 60s).has_value());
  BOOST_TEST(!watch.pass(60s, 61800ms, false).has_value());
  BOOST_TEST(watch.pass(61800ms, 62s, false).has_value());
}

BOOST_AUTO_TEST_SUITE_END()
