#include "actors/worker/back_end_health.hpp"

#include <boost/test/unit_test.hpp>

using namespace troupe;
using namespace troupe::worker;
using namespace std::chrono_literals;
using protocol::ReplicaState;

namespace {

const Time t0{1h};
const WallTime w0 = wall_time_from_unix_microseconds(5);
constexpr ReplicaId id{0xa1};

}  // namespace

BOOST_AUTO_TEST_SUITE(back_end_health)

BOOST_AUTO_TEST_CASE(a_process_shows_its_id_and_when_it_last_got_on) {
  BackEndHealth health;
  ReplicaLoad load;
  load.running = 3;
  load.answered = 7;
  health.on_state(ReplicaState::loading, "", w0);
  health.on_process(4711, t0);
  health.on_progress(100ms, t0 + 1s);

  const auto row = health.row(id, load, t0 + 3s);

  BOOST_REQUIRE(row.has_value());
  BOOST_TEST(row->path == "replica/00000000000000a1/worker/back-end");
  BOOST_TEST(row->parent == "replica/00000000000000a1/worker");
  BOOST_TEST(row->state == "loading");
  BOOST_TEST(row->pid == 4711u);
  BOOST_TEST(*row->progress_age_ms == 2100u);
  BOOST_TEST(row->queue_depth == 3u);
  BOOST_TEST(row->handled == 7u);
  BOOST_TEST(row->since_unix_us == 5);
}

BOOST_AUTO_TEST_CASE(a_thread_shows_for_how_long_its_step_has_run_until_it_is_gone) {
  BackEndHealth health;
  const ReplicaLoad load;
  Duration running = 250ms;
  health.on_state(ReplicaState::ready, "", w0);
  health.on_thread([&] { return running; });

  BOOST_TEST(*health.row(id, load, t0)->progress_age_ms == 250u);
  BOOST_TEST(health.row(id, load, t0)->pid == 0u);
  running = 0ms;
  BOOST_TEST(*health.row(id, load, t0)->progress_age_ms == 0u);
  health.on_thread({});
  BOOST_TEST(!health.row(id, load, t0)->progress_age_ms.has_value());
}

BOOST_AUTO_TEST_CASE(one_that_failed_has_no_process_but_its_reason_which_stays) {
  BackEndHealth health;
  const ReplicaLoad load;
  health.on_state(ReplicaState::ready, "", w0);
  health.on_process(4711, t0);
  health.on_state(ReplicaState::backing_off, "it was killed", w0);

  const auto row = health.row(id, load, t0);
  BOOST_REQUIRE(row.has_value());
  BOOST_TEST(row->pid == 0u);
  BOOST_TEST(!row->progress_age_ms.has_value());
  BOOST_TEST(row->last_error == "it was killed");
  health.on_state(ReplicaState::ready, "", w0);
  BOOST_TEST(health.row(id, load, t0)->last_error == "it was killed");
}

BOOST_AUTO_TEST_CASE(where_there_is_none_nothing_is_shown) {
  BackEndHealth health;

  BOOST_TEST(!health.row(id, {}, t0).has_value());
}

BOOST_AUTO_TEST_SUITE_END()
