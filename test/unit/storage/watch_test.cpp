#include <boost/test/unit_test.hpp>
#include <optional>

#include "state_harness.hpp"

using namespace troupe;
using namespace troupe::storage;
using namespace troupe::test;

BOOST_TEST_DONT_PRINT_LOG_VALUE(WatchEvent)

BOOST_AUTO_TEST_SUITE(state_store_watch)

BOOST_AUTO_TEST_CASE_TEMPLATE(a_watch_hears_later_changes_under_its_prefix_in_order, Harness, StateHarnesses) {
  Harness harness;
  Heard heard;
  BOOST_REQUIRE(put(harness, "a/1", "before").has_value());
  const Revision seen = range(harness, "a/").value().revision;

  const WatchHandle watch = harness.store().watch("a/", seen, heard.callback()).value();
  BOOST_REQUIRE(put(harness, "b/1", "elsewhere").has_value());
  BOOST_REQUIRE(commit(harness, {{}, {Put{"a/1", "x"}, Put{"b/2", "y"}, Put{"a/2", "z"}}}).has_value());
  BOOST_REQUIRE(commit(harness, {{}, {Delete{"a/1"}}}).has_value());
  settle(harness);

  const std::vector<WatchEvent> expected{
      {WatchEvent::Kind::changed, {3}, {{"a/1", "x", {1}}, {"a/2", "z", {3}}}},
      {WatchEvent::Kind::changed, {4}, {{"a/1", std::nullopt, {}}}},
  };
  BOOST_TEST((heard.events() == expected));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_watch_from_the_past_replays_what_it_missed_then_goes_on, Harness, StateHarnesses) {
  Harness harness;
  Heard heard;
  for (const char* value : {"1", "2", "3"}) BOOST_REQUIRE(put(harness, "k", value).has_value());

  const WatchHandle watch = harness.store().watch("", {1}, heard.callback()).value();
  BOOST_REQUIRE(put(harness, "k", "4").has_value());
  settle(harness);

  const auto events = heard.events();
  BOOST_REQUIRE(events.size() == 3u);
  for (size_t i = 0; i < 3; ++i) {
    BOOST_TEST(events[i].revision.value == i + 2);
    BOOST_TEST(events[i].changes.at(0).value.value() == std::to_string(i + 2));
  }
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_failed_commit_makes_no_event, Harness, StateHarnesses) {
  Harness harness;
  Heard heard;
  const WatchHandle watch = harness.store().watch("", {}, heard.callback()).value();

  BOOST_REQUIRE(!commit(harness, {{{"k", {5}}}, {Put{"k", "1"}}}).has_value());
  settle(harness);

  BOOST_TEST(heard.events().empty());
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_watch_older_than_the_history_is_told_to_range_again, Harness, StateHarnesses) {
  Harness harness({.history_events_max = 2});
  Heard too_old;
  Heard old_enough;
  for (const char* value : {"1", "2", "3", "4"}) BOOST_REQUIRE(put(harness, "k", value).has_value());

  const WatchHandle first = harness.store().watch("", {1}, too_old.callback()).value();
  const WatchHandle second = harness.store().watch("", {2}, old_enough.callback()).value();
  BOOST_REQUIRE(put(harness, "k", "5").has_value());
  settle(harness);

  BOOST_TEST((too_old.events() == std::vector<WatchEvent>{{WatchEvent::Kind::compacted, {4}, {}}}));
  BOOST_TEST(old_enough.events().size() == 3u);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_history_is_bounded_by_bytes_too, Harness, StateHarnesses) {
  Harness harness({.history_bytes_max = 4_KiB});
  Heard heard;
  for (int i = 0; i < 3; ++i) BOOST_REQUIRE(put(harness, "k", std::string(3000, 'v')).has_value());

  const WatchHandle watch = harness.store().watch("", {1}, heard.callback()).value();
  settle(harness);

  BOOST_REQUIRE(heard.events().size() == 1u);
  BOOST_TEST((heard.events()[0].kind == WatchEvent::Kind::compacted));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_consumer_ahead_of_the_store_is_told_to_range_again, Harness, StateHarnesses) {
  Harness harness;
  Heard heard;

  const WatchHandle watch = harness.store().watch("", {9}, heard.callback()).value();
  settle(harness);

  BOOST_TEST((heard.events() == std::vector<WatchEvent>{{WatchEvent::Kind::compacted, {0}, {}}}));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_dropped_handle_ends_the_watch, Harness, StateHarnesses) {
  Harness harness;
  Heard heard;
  WatchHandle watch = harness.store().watch("", {}, heard.callback()).value();
  BOOST_REQUIRE(put(harness, "k", "1").has_value());
  settle(harness);

  WatchHandle moved = std::move(watch);
  moved.reset();
  BOOST_REQUIRE(put(harness, "k", "2").has_value());
  settle(harness);

  BOOST_TEST(heard.events().size() == 1u);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_callback_may_end_its_own_watch, Harness, StateHarnesses) {
  Harness harness;
  WatchHandle watch;
  int calls = 0;
  watch = harness.store()
              .watch("", {},
                     [&](const WatchEvent&) {
                       ++calls;
                       watch.reset();
                     })
              .value();

  BOOST_REQUIRE(put(harness, "k", "1").has_value());
  BOOST_REQUIRE(put(harness, "k", "2").has_value());
  settle(harness);

  BOOST_TEST(calls == 1);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_handle_may_outlive_the_store, Harness, StateHarnesses) {
  Harness harness;
  Heard heard;
  const WatchHandle watch = harness.store().watch("", {}, heard.callback()).value();

  harness.destroy();

  BOOST_TEST(heard.events().empty());
}

BOOST_AUTO_TEST_SUITE_END()
