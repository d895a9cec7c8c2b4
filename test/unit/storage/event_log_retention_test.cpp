#include <boost/test/unit_test.hpp>

#include "event_log_harness.hpp"

using namespace troupe;
using namespace troupe::storage;
using namespace troupe::test;

namespace {

constexpr std::chrono::hours day{24};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(event_log_retention, EventLogFixture)

BOOST_AUTO_TEST_CASE(the_low_water_follows_what_is_acknowledged_in_all_slots_and_is_remembered) {
  for (int i = 0; i < 3; ++i)
    for (const uint8_t slot : {uint8_t{1}, uint8_t{2}}) BOOST_REQUIRE(log->append(slot, i, "x").has_value());
  BOOST_REQUIRE(log->sync().has_value());
  BOOST_REQUIRE(log->acknowledge(1, 2).has_value());
  BOOST_REQUIRE(log->acknowledge(2, 0).has_value());
  BOOST_REQUIRE(log->acknowledge(2, 0).has_value());

  for (const bool is_opened_again : {false, true}) {
    if (is_opened_again) open();
    BOOST_REQUIRE(log->sync().has_value());
    BOOST_TEST(log->acknowledged_through(1) == 3u);
    BOOST_TEST(log->acknowledged_through(2) == 1u);
    const auto left = read_all(*log, log->low_water()).value();
    BOOST_TEST((left == std::vector<ReadEvent>{{2, 1, 1, "x"}, {1, 2, 2, "x"}, {2, 2, 2, "x"}}));
  }
}

BOOST_AUTO_TEST_CASE(acknowledged_segments_go_when_they_are_old) {
  BOOST_REQUIRE(fill_slowly(400).has_value());
  acknowledge_all();
  clock.advance(6 * day);
  BOOST_REQUIRE(log->sync().has_value());
  BOOST_TEST(log->stats().oldest.value == 0u);

  clock.advance(2 * day);
  BOOST_REQUIRE(log->sync().has_value());
  BOOST_TEST(log->stats().oldest.value > 0u);
  const auto gone = read_all(*log, {});
  BOOST_REQUIRE(!gone);
  BOOST_TEST((gone.error().code == Errc::failed_precondition));
  // The numbers go on although what told them is gone.
  open();
  BOOST_TEST(log->append(5, 0, "x").value().seq == 400u);
}

BOOST_AUTO_TEST_CASE(the_age_of_a_segment_outlives_a_restart) {
  BOOST_REQUIRE(fill_slowly(400).has_value());
  acknowledge_all();
  clock.advance(6 * day);
  open();
  clock.advance(2 * day);
  BOOST_REQUIRE(log->sync().has_value());
  BOOST_TEST(log->stats().oldest.value > 0u);
}

BOOST_AUTO_TEST_CASE(a_log_of_acknowledged_events_keeps_to_its_size_and_takes_more) {
  for (int round = 0; round < 5; ++round) {
    BOOST_REQUIRE(fill_slowly(400).has_value());
    acknowledge_all();
    BOOST_TEST(log->stats().disk_bytes <= options.bytes_max.value);
  }
  BOOST_TEST(log->stats().oldest.value > 0u);
  BOOST_TEST(log->lost() == EventLosses{}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_log_full_of_what_nobody_acknowledged_takes_no_more_until_somebody_does) {
  const Status full = fill_slowly(2000);
  BOOST_REQUIRE(!full);
  BOOST_TEST((full.error().code == Errc::resource_exhausted));
  BOOST_TEST(full.error().message.find("no store has acknowledged") != std::string::npos);
  BOOST_TEST(log->lost()[static_cast<size_t>(EventLoss::log_full)] == 1u);
  BOOST_TEST(log->stats().disk_bytes <= options.bytes_max.value);
  const auto events = read_all(*log, {}).value();

  open();
  BOOST_TEST((read_all(*log, {}).value() == events));
  BOOST_TEST(log->lost()[static_cast<size_t>(EventLoss::log_full)] == 1u);
  acknowledge_all();
  BOOST_TEST(log->append(5, 0, "x").value().seq == events.size());
}

BOOST_AUTO_TEST_CASE(a_store_that_lost_its_disk_gets_again_what_is_kept) {
  BOOST_REQUIRE(fill_slowly(300).has_value());
  BOOST_REQUIRE(log->append(7, 0, "x").has_value());
  acknowledge_all();
  const LogPosition end = log->low_water();
  BOOST_TEST((end == log->written_through()));

  BOOST_TEST(log->rewind(SlotSet{1} << 5).value == 0u);
  BOOST_TEST(log->acknowledged_through(5) == 0u);
  BOOST_TEST(log->acknowledged_through(7) == 1u);
  // It is neither old enough to go nor forgotten.
  clock.advance(30 * day);
  open();
  BOOST_REQUIRE(log->sync().has_value());
  BOOST_TEST(read_all(*log, log->low_water()).value().size() == 301u);

  BOOST_REQUIRE(log->acknowledge(5, 299).has_value());
  BOOST_REQUIRE(log->sync().has_value());
  BOOST_TEST((log->low_water() == end));
}

BOOST_AUTO_TEST_CASE(new_events_come_before_those_that_a_store_had_once) {
  BOOST_REQUIRE(fill_slowly(600).has_value());
  acknowledge_all();
  log->rewind();
  BOOST_TEST(fill_slowly(600).has_value());
  BOOST_TEST(log->stats().oldest.value > 0u);
  BOOST_TEST((log->low_water() == log->stats().oldest));
}

BOOST_AUTO_TEST_SUITE_END()
