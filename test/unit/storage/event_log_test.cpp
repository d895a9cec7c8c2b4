#include "storage/event_log.hpp"

#include <boost/test/unit_test.hpp>
#include <future>
#include <thread>

#include "event_log_harness.hpp"

using namespace troupe;
using namespace troupe::storage;
using namespace troupe::test;

namespace {

uint64_t lost(const EventLog& log, EventLoss reason) {
  return log.lost()[static_cast<size_t>(reason)];
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(event_log, EventLogFixture)

BOOST_AUTO_TEST_CASE(events_are_numbered_per_slot_and_read_in_order_of_their_appends) {
  BOOST_TEST(log->append(3, 10, "a").value().seq == 0u);
  BOOST_TEST(log->append(63, 11, "").value().seq == 0u);
  BOOST_TEST(log->append(3, 9, std::string("b\0c", 3)).value().seq == 1u);
  const std::vector<ReadEvent> expected{{3, 0, 10, "a"}, {63, 0, 11, ""}, {3, 1, 9, std::string("b\0c", 3)}};
  BOOST_TEST((read_all(*log, {}).value() == expected));
}

BOOST_AUTO_TEST_CASE(a_log_that_is_opened_again_goes_on_with_its_stream_and_numbers) {
  const StreamId stream = log->stream();
  BOOST_REQUIRE(log->append(1, 0, "a").has_value());
  open();
  BOOST_TEST((log->stream() == stream));
  BOOST_TEST((log->synced_through() == log->written_through()));
  BOOST_TEST(log->append(1, 0, "b").value().seq == 1u);
  open();
  BOOST_TEST((read_all(*log, {}).value() == std::vector<ReadEvent>{{1, 0, 0, "a"}, {1, 1, 0, "b"}}));
  TempDirectory other;
  BOOST_TEST((EventLog::open(other.path(), options, clock, random).value()->stream() != stream));
}

BOOST_AUTO_TEST_CASE(a_log_that_is_open_is_refused_to_others) {
  const auto second = try_open();
  BOOST_REQUIRE(!second);
  BOOST_TEST((second.error().code == Errc::unavailable));
  BOOST_TEST(second.error().message.find("in use by another troupe") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(options_that_cannot_be_are_refused_by_name) {
  TempDirectory other;
  for (const EventLogOptions& wrong :
       {EventLogOptions{.segment_bytes = 64_KiB}, EventLogOptions{.segment_bytes = {131'073}},
        EventLogOptions{.segment_bytes = 1_MiB, .bytes_max = 3_MiB}}) {
    const auto opened = EventLog::open(other.path(), wrong, clock, random);
    BOOST_REQUIRE(!opened);
    BOOST_TEST((opened.error().code == Errc::invalid_argument));
  }
}

BOOST_AUTO_TEST_CASE(an_event_that_is_too_large_takes_no_number_and_is_counted_for_good) {
  BOOST_TEST(log->append(0, 0, std::string(event_bytes_max.value, 'x')).value().seq == 0u);
  const auto refused = log->append(0, 0, std::string(event_bytes_max.value + 1, 'x'));
  BOOST_REQUIRE(!refused);
  BOOST_TEST((refused.error().code == Errc::too_large));
  BOOST_TEST(log->append(0, 0, "x").value().seq == 1u);
  open();
  BOOST_TEST(lost(*log, EventLoss::too_large) == 1u);
}

BOOST_AUTO_TEST_CASE(who_waits_for_a_sync_is_called_when_it_is_done) {
  const Appended appended = log->append(0, 0, "x").value();
  std::promise<std::pair<Status, LogPosition>> called;
  BOOST_REQUIRE(log->when_synced(appended.end,
                                 [&](Status status) {
                                   called.set_value({std::move(status), log->synced_through()});
                                 })
                    .has_value());
  const auto [synced, through] = called.get_future().get();
  BOOST_TEST(synced.has_value());
  BOOST_TEST((through >= appended.end));
  // It is synced and the log sleeps: it is called all the same.
  std::promise<void> again;
  BOOST_REQUIRE(log->when_synced(appended.end, [&](const Status&) { again.set_value(); }).has_value());
  again.get_future().wait();
  const auto refused = log->when_synced({appended.end.value + 1}, {});
  BOOST_REQUIRE(!refused);
  BOOST_TEST((refused.error().code == Errc::invalid_argument));
  BOOST_TEST((log->stats().sync_lag_max > Duration{0}));
}

BOOST_AUTO_TEST_CASE(a_log_that_is_closed_calls_who_waits) {
  std::atomic<int> called{0};
  for (int i = 0; i < 10; ++i) {
    const LogPosition end = log->append(0, 0, "x").value().end;
    BOOST_REQUIRE(log->when_synced(end, [&](const Status& status) { called += status.has_value(); }).has_value());
  }
  log.reset();
  BOOST_TEST(called.load() == 10);
}

BOOST_AUTO_TEST_CASE(not_more_wait_for_a_sync_than_may) {
  options.waiting_max = 3;
  open();
  disk.set_slow(true);
  const LogPosition end = log->append(0, 0, "x").value().end;
  std::atomic<int> called{0};
  for (int i = 0; i < 3; ++i)
    BOOST_REQUIRE(log->when_synced(end, [&](const Status& status) { called += status.has_value(); }).has_value());
  const auto refused = log->when_synced(end, [&](const Status&) { called += 100; });
  BOOST_REQUIRE(!refused);
  BOOST_TEST((refused.error().code == Errc::overloaded));
  disk.set_slow(false);
  log.reset();
  BOOST_TEST(called.load() == 3);
}

BOOST_AUTO_TEST_CASE(segments_follow_one_another_and_are_read_as_one) {
  BOOST_REQUIRE(fill_slowly(400).has_value());
  BOOST_TEST(log->stats().segments >= 4u);
  for (const bool is_opened_again : {false, true}) {
    if (is_opened_again) open();
    const auto events = read_all(*log, {}, ReadUpTo::synced).value();
    BOOST_REQUIRE(events.size() == 400u);
    for (size_t i = 0; i < events.size(); ++i) BOOST_REQUIRE(events[i].seq == i);
  }
}

BOOST_AUTO_TEST_CASE(a_reader_hands_out_no_more_than_it_is_asked_for_and_goes_on_where_it_was) {
  BOOST_REQUIRE(fill(10).has_value());
  EventReader reader = log->read_from({}, ReadUpTo::written);
  BOOST_TEST(reader.next(3, 1 << 20).value().size() == 3u);
  BOOST_TEST(reader.next(100, 2500).value().size() == 2u);
  BOOST_TEST(reader.next(100, 1).value().size() == 1u);
  EventReader other = log->read_from(reader.position(), ReadUpTo::written);
  BOOST_TEST(other.next(1, 1).value()[0].seq == 6u);
  BOOST_TEST(reader.next(100, 1 << 20).value().size() == 4u);
  BOOST_TEST(reader.next(100, 1 << 20).value().empty());
  BOOST_REQUIRE(fill(1).has_value());
  BOOST_TEST(reader.next(100, 1 << 20).value().size() == 1u);
}

BOOST_AUTO_TEST_CASE(what_is_not_synced_is_read_by_who_asks_for_it_alone) {
  disk.refuse_syncs(EIO);
  BOOST_REQUIRE(fill(5).has_value());
  BOOST_TEST(read_all(*log, {}, ReadUpTo::synced).value().empty());
  BOOST_TEST(read_all(*log, {}, ReadUpTo::written).value().size() == 5u);
  const auto early = log->acknowledge(5, 0);
  BOOST_REQUIRE(!early);
  BOOST_TEST((early.error().code == Errc::invalid_argument));
  disk.refuse_syncs(0);
}

BOOST_AUTO_TEST_CASE(a_sync_that_failed_is_told_and_made_up_for) {
  BOOST_REQUIRE(fill(3).has_value());
  BOOST_REQUIRE(log->sync().has_value());
  disk.refuse_syncs(EIO);
  BOOST_REQUIRE(fill(3).has_value());
  const auto refused = log->sync();
  BOOST_REQUIRE(!refused);
  BOOST_TEST((refused.error().code == Errc::unavailable));
  BOOST_TEST((log->synced_through() < log->written_through()));

  disk.refuse_syncs(0);
  Status synced = log->sync();
  // The turn that failed may have been under way.
  if (!synced) synced = log->sync();
  BOOST_TEST(synced.has_value());
  BOOST_TEST((log->synced_through() == log->written_through()));
  BOOST_TEST(log->stats().failed_syncs >= 1u);
  open();
  BOOST_TEST(read_all(*log, {}).value().size() == 6u);
}

BOOST_AUTO_TEST_CASE(a_full_disk_refuses_appends_until_there_is_room_and_no_number_is_lost) {
  BOOST_REQUIRE(log->sync().has_value());
  disk.refuse_segments(ENOSPC);
  Status refused = fill(1000);
  // Whether the segment after the first was made before the disk was full is not told.
  if (!refused && refused.error().code == Errc::overloaded) {
    static_cast<void>(log->sync());
    refused = fill(1000);
  }
  BOOST_REQUIRE(!refused);
  BOOST_TEST((refused.error().code == Errc::resource_exhausted));
  BOOST_TEST(refused.error().message.find("No space left on device") != std::string::npos);
  BOOST_TEST(lost(*log, EventLoss::disk_full) >= 1u);
  const size_t taken = read_all(*log, {}).value().size();

  disk.refuse_segments(0);
  BOOST_REQUIRE(log->sync().has_value());
  BOOST_TEST(log->append(5, 0, std::string(1000, 'y')).value().seq == taken);
}

BOOST_AUTO_TEST_CASE(a_log_opens_on_a_disk_without_room_and_refuses_appends_with_the_reason) {
  BOOST_REQUIRE(fill(3).has_value());
  log.reset();
  for (const auto& [code, errc, loss] : {std::tuple{ENOSPC, Errc::resource_exhausted, EventLoss::disk_full},
                                         std::tuple{EIO, Errc::unavailable, EventLoss::disk_failing}}) {
    disk.refuse_segments(code);
    open();
    const auto refused = log->append(5, 0, "x");
    BOOST_REQUIRE(!refused);
    BOOST_TEST((refused.error().code == errc));
    BOOST_TEST(lost(*log, loss) == 1u);
    BOOST_TEST(read_all(*log, {}).value().size() == 3u);
  }
}

BOOST_AUTO_TEST_CASE(an_append_does_not_wait_for_a_segment_that_is_being_made) {
  disk.set_slow(true);
  const Status refused = fill(1000);
  BOOST_REQUIRE(!refused);
  BOOST_TEST((refused.error().code == Errc::overloaded));
  BOOST_TEST(lost(*log, EventLoss::overloaded) == 1u);
  disk.set_slow(false);
  BOOST_REQUIRE(log->sync().has_value());
  BOOST_TEST(fill(1).has_value());
}

BOOST_AUTO_TEST_CASE(appenders_and_a_reader_work_at_the_same_time) {
  constexpr uint64_t per_thread = 4000;
  std::atomic<bool> are_numbered{true};
  std::vector<std::thread> appenders;
  for (uint8_t slot = 0; slot < 3; ++slot)
    appenders.emplace_back([&, slot] {
      for (uint64_t i = 0; i < per_thread;) {
        const std::string text = fmt::format("{}:{}:{}", slot, i, std::string(i % 50, 'x'));
        if (const auto appended = log->append(slot, static_cast<int64_t>(i), text)) {
          if (appended->seq != i++) are_numbered = false;
        } else {
          std::this_thread::yield();
        }
      }
    });
  SlotSeqs next{};
  uint64_t read = 0;
  EventReader reader = log->read_from({}, ReadUpTo::written);
  while (read < 3 * per_thread) {
    const auto events = reader.next(64, 1 << 20);
    BOOST_REQUIRE(events.has_value());
    for (const Event& event : *events) {
      BOOST_REQUIRE(event.seq == next[event.slot]++);
      BOOST_REQUIRE(event.bytes == fmt::format("{}:{}:{}", event.slot, event.seq, std::string(event.seq % 50, 'x')));
    }
    read += events->size();
  }
  for (std::thread& appender : appenders) appender.join();
  BOOST_TEST(are_numbered.load());
  BOOST_TEST(reader.next(64, 1 << 20).value().empty());
}

BOOST_AUTO_TEST_SUITE_END()
