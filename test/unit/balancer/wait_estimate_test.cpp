#include "actors/balancer/wait_estimate.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <deque>
#include <set>

#include "actors/balancer/replica_set.hpp"

using namespace troupe;
using namespace troupe::balancer;
using namespace std::chrono_literals;

namespace {

const Time t0{1000s};
constexpr protocol::LoadReport busy{.waiting = 5, .running = 8};
constexpr protocol::LoadReport idle{.waiting = 0, .running = 3};

/// `count` answers, 10 ms apart.
Time answer(WaitEstimate& estimate, int count, const protocol::LoadReport& load, Time now = t0) {
  for (int i = 0; i < count; ++i) estimate.on_answer(load, now += 10ms);
  return now;
}

bool near(Duration value, Duration wanted) {
  return value > wanted * 9 / 10 && value < wanted * 11 / 10;
}

/// A replica of eight slots of 20 ms and a queue, on a virtual clock; and clients that do not slow down when it does.
struct Overload {
  static constexpr size_t slots = 8;
  static constexpr Duration service = 20ms;
  struct Request {
    Time deadline;
  };
  struct Result {
    int offered = 0, sent = 0, refused = 0, full = 0, in_time = 0, late = 0;
    size_t depth_most = 0;
  };

  /// `rate` requests a second with `patience`, for `length`.
  Result run(int rate, Duration patience, Duration length, size_t queue_max) {
    Result result;
    ReplicaSet set;
    set.update({{ReplicaId{1}, NodeId{1}}});
    std::deque<Request> queue;
    std::multiset<std::pair<Time, Time>> running;  // End and deadline.
    Time next_arrival = t0;
    const auto fill = [&](Time now) {
      while (running.size() < slots && !queue.empty()) {
        const Request request = queue.front();
        queue.pop_front();
        if (request.deadline > now) {
          running.insert({now + service, request.deadline});
          continue;
        }
        ++result.late;
        set.on_end(ReplicaId{1}, Ending::answered, now);
      }
    };
    for (Time now = t0; now < t0 + length;) {
      if (!running.empty() && running.begin()->first <= next_arrival) {
        const auto [end, deadline] = *running.begin();
        now = end;
        running.erase(running.begin());
        ++(end <= deadline ? result.in_time : result.late);
        fill(now);
        set.on_end(ReplicaId{1}, Ending::answered, now);
        set.on_answer(ReplicaId{1}, protocol::LoadReport{static_cast<uint32_t>(queue.size()), 8}, now);
        continue;
      }
      now = next_arrival;
      next_arrival += Duration{1s} / rate;
      ++result.offered;
      if (set.busy_for(now + patience, now)) {
        ++result.refused;
        continue;
      }
      ++result.sent;
      set.on_dispatch(ReplicaId{1});
      if (queue.size() >= queue_max) {
        ++result.full;
        set.on_end(ReplicaId{1}, Ending::answered, now);
        set.on_full(ReplicaId{1}, now);
        continue;
      }
      queue.push_back({now + patience});
      fill(now);
      result.depth_most = std::max(result.depth_most, queue.size());
    }
    return result;
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(wait_estimate)

BOOST_AUTO_TEST_CASE(the_next_request_takes_as_long_as_those_before_it_and_its_own_turn) {
  WaitEstimate estimate;
  const Time now = answer(estimate, 50, busy);

  BOOST_TEST(near(estimate.next(0, now), 10ms));
  BOOST_TEST(near(estimate.next(99, now), 1000ms));
}

BOOST_AUTO_TEST_CASE(a_replica_where_nothing_waits_is_not_busy_however_seldom_it_is_asked) {
  WaitEstimate estimate;
  const Time now = answer(estimate, 50, idle);

  BOOST_TEST((estimate.next(1000, now) == 0ns));
}

BOOST_AUTO_TEST_CASE(a_queue_that_has_emptied_is_forgotten_but_not_the_rate_nor_for_a_while_the_slots) {
  WaitEstimate estimate;
  Time now = answer(estimate, 50, busy);
  now = answer(estimate, 1, idle, now);
  BOOST_TEST((estimate.next(7, now) == 0ns));
  BOOST_TEST(near(estimate.next(99, now), 1000ms));
  BOOST_TEST((estimate.next(99, now + 60s) == 0ns));

  estimate.on_answer(busy, now + 60s);  // The minute in between was no service time.
  BOOST_TEST(near(estimate.next(0, now + 60s), 10ms));
}

BOOST_AUTO_TEST_CASE(too_few_answers_foretell_nothing) {
  WaitEstimate estimate;
  const Time now = answer(estimate, static_cast<int>(WaitEstimate::answers_min), busy);
  BOOST_TEST((estimate.next(1000, now) == 0ns));
}

BOOST_AUTO_TEST_CASE(answers_without_a_report_foretell_nothing) {
  WaitEstimate estimate;
  for (int i = 0; i < 100; ++i) estimate.on_answer(std::nullopt, t0 + i * 10ms);
  BOOST_TEST((estimate.next(1000, t0 + 1s) == 0ns));
}

BOOST_AUTO_TEST_CASE(answers_that_come_in_batches_have_the_rate_of_all) {
  WaitEstimate estimate;
  for (int batch = 0; batch < 50; ++batch)
    for (int i = 0; i < 32; ++i) estimate.on_answer(busy, t0 + batch * 320ms);

  const double ms = std::chrono::duration<double, std::milli>(estimate.next(0, t0 + 16s)).count();
  BOOST_TEST((ms > 7.5 && ms < 12.5), ms);
}

BOOST_AUTO_TEST_CASE(a_full_queue_stays_so_until_one_of_ours_has_left_or_a_moment_has_passed) {
  WaitEstimate estimate;
  estimate.on_full(10, t0);

  BOOST_TEST(estimate.is_full(10, t0 + 1ms));
  BOOST_TEST(!estimate.is_full(9, t0 + 1ms));
  BOOST_TEST(!estimate.is_full(10, t0 + 20ms));
}

BOOST_AUTO_TEST_CASE(a_replica_that_can_answer_in_time_is_preferred_and_none_means_when_to_come_back) {
  ReplicaSet set;
  set.update({{ReplicaId{1}, NodeId{1}}, {ReplicaId{2}, NodeId{1}}});
  SeededRandom random{7};
  for (int i = 0; i < 50; ++i) {
    set.on_answer(ReplicaId{1}, busy, t0 + i * 10ms);
    set.on_answer(ReplicaId{2}, busy, t0 + i * 1ms);
  }
  for (int i = 0; i < 100; ++i) {
    set.on_dispatch(ReplicaId{1});
    set.on_dispatch(ReplicaId{2});
  }
  const Time now = t0 + 1s;

  BOOST_TEST((!set.busy_for(now + 500ms, now).has_value()));
  for (int i = 0; i < 20; ++i)
    BOOST_TEST(set.pick(protocol::BalancingPolicy::round_robin, {}, random, now, now + 500ms)->value == 2u);
  const auto come_back = set.busy_for(now + 20ms, now);
  BOOST_TEST_REQUIRE(come_back.has_value());
  BOOST_TEST((*come_back > 50ms && *come_back < 150ms));
  BOOST_TEST((!set.busy_for(std::nullopt, now).has_value()));
}

BOOST_AUTO_TEST_CASE(at_ten_times_its_capacity_a_replica_does_nearly_all_it_can_and_lets_few_wait_in_vain) {
  for (const auto patience : {Duration{100ms}, Duration{300ms}, Duration{5s}}) {
    const auto result = Overload{}.run(4000, patience, 60s, 256);

    BOOST_TEST_CONTEXT("patience " << std::chrono::duration<double>(patience).count() << " s, sent " << result.sent
                                   << ", refused " << result.refused << ", full " << result.full << ", late "
                                   << result.late) {
      BOOST_TEST(result.in_time >= 0.9 * 400 * 60, result.in_time);
      BOOST_TEST(result.late <= 0.02 * result.in_time, result.late);
      BOOST_TEST(result.depth_most <= 256u);
      BOOST_TEST(result.full <= 0.1 * result.offered, result.full);
    }
  }
}

BOOST_AUTO_TEST_CASE(below_its_capacity_nobody_is_refused) {
  const auto result = Overload{}.run(380, 100ms, 20s, 256);

  BOOST_TEST(result.refused == 0);
  BOOST_TEST(result.full == 0);
  BOOST_TEST(result.late == 0);
}

BOOST_AUTO_TEST_SUITE_END()
