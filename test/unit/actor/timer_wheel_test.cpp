#include "runtime/actor/timer_wheel.hpp"

#include <boost/test/unit_test.hpp>
#include <map>

#include "runtime/base/random.hpp"

using namespace troupe;
using namespace troupe::actor;
using namespace std::chrono_literals;

namespace {

std::vector<int> expired(TimerWheel<int>& wheel, Time now) {
  std::vector<int> fired;
  wheel.expire(now, fired);
  return fired;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(timer_wheel)

BOOST_AUTO_TEST_CASE(a_timer_fires_at_its_tick_and_not_before) {
  const Time t0{};
  TimerWheel<int> wheel{t0};

  wheel.set(t0 + 5ms, 1);

  BOOST_TEST(expired(wheel, t0 + 4999us).empty());
  BOOST_TEST(expired(wheel, t0 + 5ms) == std::vector{1});
  BOOST_TEST(wheel.size() == 0u);
}

BOOST_AUTO_TEST_CASE(a_timer_beyond_the_wheel_waits_whole_rounds) {
  const Time t0{};
  TimerWheel<int> wheel{t0};

  wheel.set(t0 + 10s, 1);

  for (int ms = 1; ms < 10'000; ++ms) BOOST_REQUIRE(expired(wheel, t0 + ms * 1ms).empty());
  BOOST_TEST(expired(wheel, t0 + 10s) == std::vector{1});
}

BOOST_AUTO_TEST_CASE(a_cancelled_timer_never_fires_and_its_name_goes_stale) {
  const Time t0{};
  TimerWheel<int> wheel{t0};
  const WheelTimer first = wheel.set(t0 + 5ms, 1);

  BOOST_TEST(wheel.cancel(first));
  wheel.set(t0 + 5ms, 2);  // takes the freed place

  BOOST_TEST(!wheel.cancel(first));
  BOOST_TEST(expired(wheel, t0 + 1s) == std::vector{2});
}

BOOST_AUTO_TEST_CASE(random_timers_fire_as_a_sorted_map_says) {
  SeededRandom random{3};
  const Time t0{};
  TimerWheel<int> wheel{t0};
  std::multimap<Time, int> model;
  std::map<int, WheelTimer> names;
  Time now = t0;
  for (int i = 0; i < 20'000; ++i) {
    const Time due = now + Duration{1ms} * static_cast<int64_t>(1 + random.below(3000));
    names[i] = wheel.set(due, i);
    model.emplace(due, i);
    if (random.below(3) == 0) {
      const auto victim =
          std::next(model.begin(), static_cast<std::ptrdiff_t>(random.below(std::min<size_t>(model.size(), 8))));
      BOOST_REQUIRE(wheel.cancel(names.at(victim->second)));
      model.erase(victim);
    }
    now += Duration{1ms} * static_cast<int64_t>(random.below(4));
    std::vector<int> expected;
    for (auto it = model.begin(); it != model.end() && it->first <= now; it = model.erase(it))
      expected.push_back(it->second);
    std::vector<int> fired = expired(wheel, now);
    std::sort(fired.begin(), fired.end());
    std::sort(expected.begin(), expected.end());
    BOOST_REQUIRE(fired == expected);
    BOOST_REQUIRE(!wheel.next() || model.empty() == false);
    if (!model.empty()) BOOST_REQUIRE(*wheel.next() <= model.begin()->first);
  }
}

BOOST_AUTO_TEST_SUITE_END()
