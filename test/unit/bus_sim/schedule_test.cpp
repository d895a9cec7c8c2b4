#include "runtime/bus/sim/schedule.hpp"

#include <boost/test/unit_test.hpp>
#include <string>

namespace troupe::sim {
namespace {

using namespace std::chrono_literals;

/// Plans 26 letters for one moment and says in which order they came.
std::string order_of(uint64_t seed) {
  Schedule schedule(seed);
  std::string seen;
  for (char letter = 'a'; letter <= 'z'; ++letter) schedule.after(world, 1ms, [&seen, letter] { seen += letter; });
  schedule.run_until(schedule.now() + 1ms);
  return seen;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(schedule)

BOOST_AUTO_TEST_CASE(what_is_due_first_runs_first_and_the_clock_stands_at_its_time) {
  Schedule schedule(1);
  const Time begin = schedule.now();
  std::string seen;
  schedule.after(world, 2ms, [&] {
    seen += 'b';
    BOOST_TEST((schedule.now() == begin + 2ms));
  });
  schedule.after(world, 1ms, [&] { seen += 'a'; });
  schedule.run_until(begin + 10ms);
  BOOST_TEST(seen == "ab");
  BOOST_TEST((schedule.now() == begin + 10ms));
}

BOOST_AUTO_TEST_CASE(the_seed_alone_decides_the_order_of_what_is_due_at_once) {
  BOOST_TEST(order_of(1) == order_of(1));
  BOOST_TEST(order_of(1) != order_of(2));
}

BOOST_AUTO_TEST_CASE(equal_runs_have_equal_traces) {
  const auto trace_of = [](uint64_t seed) {
    Schedule schedule(seed);
    for (int i = 0; i < 100; ++i) schedule.after(world, schedule.random().below(1000) * 1us, [] {});
    while (schedule.step()) {
    }
    return schedule.trace();
  };
  BOOST_TEST(trace_of(7) == trace_of(7));
  BOOST_TEST(trace_of(7) != trace_of(8));
}

BOOST_AUTO_TEST_CASE(a_cancelled_task_does_not_run) {
  Schedule schedule(1);
  bool ran = false;
  const Planned planned = schedule.after(world, 1ms, [&] { ran = true; });
  BOOST_TEST(schedule.cancel(planned));
  BOOST_TEST(!schedule.cancel(planned));
  BOOST_TEST(!schedule.step());
  BOOST_TEST(!ran);
}

BOOST_AUTO_TEST_CASE(a_frozen_owners_tasks_wait_for_its_thaw) {
  Schedule schedule(1);
  const Owner owner = schedule.add_owner();
  Time ran{};
  schedule.after(owner, 1ms, [&] { ran = schedule.now(); });
  schedule.freeze(owner);
  schedule.run_until(schedule.now() + 5ms);
  BOOST_TEST((ran == Time{}));
  const Time thawed = schedule.now();
  schedule.thaw(owner);
  schedule.run_until(schedule.now() + 5ms);
  BOOST_TEST((ran == thawed));
}

BOOST_AUTO_TEST_CASE(an_ended_owners_tasks_never_run) {
  Schedule schedule(1);
  const Owner owner = schedule.add_owner();
  schedule.after(owner, 1ms, [] { BOOST_ERROR("ran after its owner's end"); });
  schedule.end(owner);
  schedule.after(owner, 1ms, [] { BOOST_ERROR("was planned after its owner's end"); });
  BOOST_TEST(!schedule.step());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace troupe::sim
