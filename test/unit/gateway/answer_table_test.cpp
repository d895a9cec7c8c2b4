#include "actors/gateway/idempotency/answer_table.hpp"

#include <boost/test/unit_test.hpp>

using namespace troupe;
using namespace troupe::gateway;
using namespace std::chrono_literals;
using Id = AnswerTable::Id;
using Outcome = AnswerTable::Outcome;

namespace troupe::gateway {
std::ostream& operator<<(std::ostream& out, AnswerTable::Outcome outcome) {
  return out << static_cast<int>(outcome);
}
}  // namespace troupe::gateway

namespace {

constexpr WallTime noon{1'000'000s};

PartPtr text(std::string words) {
  protocol::ResultPart part;
  part.content = protocol::TextPart{std::move(words), {}, {}};
  part.version = "1";
  part.load = protocol::LoadReport{1, 1};
  return std::make_shared<const protocol::ResultPart>(std::move(part));
}

std::string words(const std::vector<PartPtr>& parts) {
  std::string all;
  for (const PartPtr& part : parts) all += std::get<protocol::TextPart>(part->content).text + '|';
  return all;
}

std::string numbers(const std::vector<Id>& ids) {
  std::string all;
  for (const Id id : ids) all += std::to_string(id.value) + ' ';
  return all;
}

std::string told(const std::vector<AnswerTable::Delivery>& deliveries) {
  std::string all;
  for (const auto& delivery : deliveries)
    all += std::to_string(delivery.waiter.value) + ':' + words(delivery.parts) + ' ';
  return all;
}

/// Attempts have numbers from 100, those who ask any below.
struct Fixture {
  AnswerTable table{
      {.records_max = 3, .bytes_max = 4_KiB, .answer_bytes_max = 1_KiB, .waiting_max = 4, .retention = 1h}};

  AnswerTable::Arrival arrive(std::string key, uint64_t attempt, uint64_t waiter, bool streams = false,
                              WallTime now = noon, std::string fingerprint = "f") {
    return table.arrive(key, fingerprint, Id{attempt}, Id{waiter}, streams, now);
  }
  /// Runs to its end.
  AnswerRecord answer(std::string key, uint64_t attempt, std::string all, WallTime now = noon) {
    const auto record = table.finish(key, Id{attempt}, text(std::move(all)), now);
    BOOST_REQUIRE(record.has_value());
    table.settle(key, Id{attempt});
    return *record;
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(answer_table, Fixture)

BOOST_AUTO_TEST_CASE(the_first_runs_and_duplicates_wait_for_it) {
  const auto first = arrive("k", 100, 1);
  const auto second = arrive("k", 101, 2);
  const auto record = table.finish("k", Id{100}, text("hi"), noon);

  BOOST_TEST(first.outcome == Outcome::first);
  BOOST_REQUIRE(first.record.has_value());
  BOOST_TEST(!first.record->is_finished);
  BOOST_TEST(first.record->attempts == 1u);
  BOOST_TEST(second.outcome == Outcome::joined);
  BOOST_REQUIRE(record.has_value());
  BOOST_TEST(record->is_finished);
  BOOST_TEST(!record->answer.at(0).load.has_value());
  BOOST_TEST(told(table.settle("k", Id{100})) == "1:hi| 2:hi| ");
}

BOOST_AUTO_TEST_CASE(nobody_has_the_end_of_an_answer_before_it_is_durable) {
  arrive("k", 100, 1, true);
  BOOST_TEST(numbers(table.add("k", Id{100}, text("a"))) == "1 ");
  table.finish("k", Id{100}, text("b"), noon);

  const auto late = arrive("k", 101, 2, true);

  BOOST_TEST(late.outcome == Outcome::joined);
  BOOST_TEST(words(late.parts) == "a|");
  BOOST_TEST(told(table.settle("k", Id{100})) == "1:b| 2:b| ");
}

BOOST_AUTO_TEST_CASE(who_streams_has_all_pieces_and_who_does_not_has_them_as_one) {
  arrive("k", 100, 1, true);
  table.add("k", Id{100}, text("a"));
  const auto streaming = arrive("k", 101, 2, true);
  const auto whole = arrive("k", 102, 3, false);

  BOOST_TEST(words(streaming.parts) == "a|");
  BOOST_TEST(words(whole.parts) == "");
  BOOST_TEST(numbers(table.add("k", Id{100}, text("b"))) == "1 2 ");
  table.finish("k", Id{100}, text("c"), noon);
  BOOST_TEST(told(table.settle("k", Id{100})) == "1:c| 2:c| 3:abc| ");
}

BOOST_AUTO_TEST_CASE(what_is_finished_is_replayed_until_it_expires) {
  arrive("k", 100, 1);
  answer("k", 100, "hi");

  const auto again = arrive("k", 101, 2, false, noon + 59min);
  const auto expired = arrive("k", 102, 3, false, noon + 60min);

  BOOST_TEST(again.outcome == Outcome::replayed);
  BOOST_TEST(words(again.parts) == "hi|");
  BOOST_TEST(again.parts.at(0)->replayed);
  BOOST_TEST(expired.outcome == Outcome::first);
  BOOST_TEST(table.take_dropped().size() == 1u);
}

BOOST_AUTO_TEST_CASE(a_key_stands_for_one_request) {
  arrive("k", 100, 1);
  BOOST_TEST(arrive("k", 101, 2, false, noon, "g").outcome == Outcome::reused);
  answer("k", 100, "hi");
  BOOST_TEST(arrive("k", 102, 3, false, noon, "g").outcome == Outcome::reused);
}

BOOST_AUTO_TEST_CASE(an_attempt_that_fails_frees_the_key_and_is_heard_of_by_all_who_wait) {
  arrive("k", 100, 1);
  arrive("k", 101, 2);

  BOOST_TEST(numbers(table.abandon("k", Id{100})) == "1 2 ");
  BOOST_TEST(table.take_dropped().size() == 1u);
  BOOST_TEST(table.waiting() == 0u);
  BOOST_TEST(arrive("k", 102, 3, false, noon, "g").outcome == Outcome::first);
  BOOST_TEST(numbers(table.abandon("k", Id{100})) == "");
  BOOST_TEST(!table.finish("k", Id{100}, text("late"), noon).has_value());
  answer("k", 102, "hi");
}

BOOST_AUTO_TEST_CASE(who_goes_away_takes_nothing_along) {
  arrive("k", 100, 1);
  table.withdraw(Id{1});
  table.withdraw(Id{1});
  answer("k", 100, "hi");

  BOOST_TEST(words(arrive("k", 101, 2).parts) == "hi|");
}

BOOST_AUTO_TEST_CASE(after_a_crash_what_was_finished_is_replayed_and_what_had_begun_runs_again) {
  const auto begun = arrive("begun", 100, 1).record.value();
  arrive("done", 101, 2);
  const auto done = answer("done", 101, "hi");

  AnswerTable after{{}};
  after.restore("begun", decode_answer_record(encode(begun)).value());
  after.restore("done", decode_answer_record(encode(done)).value());
  const auto replay = after.arrive("done", "f", Id{1}, Id{2}, false, noon);
  const auto other = after.arrive("begun", "g", Id{3}, Id{4}, false, noon);
  const auto again = after.arrive("begun", "f", Id{5}, Id{6}, false, noon);
  const auto joins = after.arrive("begun", "f", Id{7}, Id{8}, false, noon);

  BOOST_TEST(words(replay.parts) == "hi|");
  BOOST_TEST(other.outcome == Outcome::reused);
  BOOST_TEST(again.outcome == Outcome::again);
  BOOST_TEST(again.record->attempts == 2u);
  BOOST_TEST(joins.outcome == Outcome::joined);
}

BOOST_AUTO_TEST_CASE(an_answer_too_long_to_keep_goes_to_those_who_wait_and_is_not_given_again) {
  arrive("k", 100, 1);
  const auto record = table.finish("k", Id{100}, text(std::string(2000, 'x')), noon);

  BOOST_TEST(!record->is_repeatable);
  BOOST_TEST(record->answer.empty());
  BOOST_TEST(table.settle("k", Id{100}).at(0).parts.size() == 1u);
  BOOST_TEST(arrive("k", 101, 2).outcome == Outcome::unrepeatable);

  AnswerTable after{{}};
  after.restore("k", *record);
  BOOST_TEST(after.arrive("k", "f", Id{1}, Id{2}, false, noon).outcome == Outcome::unrepeatable);
}

BOOST_AUTO_TEST_CASE(a_stream_too_long_to_keep_goes_on_for_those_who_have_its_beginning) {
  arrive("k", 100, 1, true);
  arrive("k", 101, 2, false);
  table.add("k", Id{100}, text(std::string(2000, 'x')));

  BOOST_TEST(arrive("k", 102, 3, true).outcome == Outcome::unrepeatable);
  BOOST_TEST(numbers(table.add("k", Id{100}, text("y"))) == "1 ");
  table.finish("k", Id{100}, text("z"), noon);
  BOOST_TEST(told(table.settle("k", Id{100})) == "1:z| 2: ");
}

BOOST_AUTO_TEST_CASE(the_oldest_that_does_not_run_makes_room_and_where_all_run_nobody_gets_in) {
  arrive("a", 100, 1);
  answer("a", 100, "a", noon);
  arrive("b", 101, 2);
  answer("b", 101, "b", noon + 1s);
  arrive("c", 102, 3);

  BOOST_TEST(arrive("d", 103, 4).outcome == Outcome::first);
  BOOST_TEST(table.take_dropped() == std::vector<std::string>{"a"}, boost::test_tools::per_element());
  BOOST_TEST(arrive("e", 104, 5).outcome == Outcome::first);
  BOOST_TEST(arrive("f", 105, 6).outcome == Outcome::full);
  BOOST_TEST(arrive("c", 106, 7).outcome == Outcome::joined);
  BOOST_TEST(arrive("c", 107, 8).outcome == Outcome::full);
  BOOST_TEST(table.size() == 3u);
}

BOOST_AUTO_TEST_CASE(bytes_are_bounded_by_letting_old_answers_go) {
  for (uint64_t i = 0; i < 20; ++i) {
    const std::string key = std::to_string(i);
    BOOST_TEST(arrive(key, 100 + i, i).outcome == Outcome::first);
    answer(key, 100 + i, std::string(900, 'x'), noon + i * 1s);
    BOOST_TEST(table.bytes() <= 4096u);
  }
  BOOST_TEST(arrive("19", 200, 90).outcome == Outcome::replayed);
  BOOST_TEST(arrive("0", 201, 91).outcome == Outcome::first);
}

BOOST_AUTO_TEST_CASE(all_that_is_counted_is_given_back) {
  arrive("a", 100, 1, true);
  table.add("a", Id{100}, text("abc"));
  table.abandon("a", Id{100});
  arrive("b", 101, 2);
  answer("b", 101, "hi");
  arrive("c", 102, 3);
  table.add("c", Id{102}, text(std::string(2000, 'x')));
  answer("c", 102, "y");

  table.expire(noon + 2h);

  BOOST_TEST(table.size() == 0u);
  BOOST_TEST(table.bytes() == 0u);
  BOOST_TEST(table.waiting() == 0u);
}

BOOST_AUTO_TEST_SUITE_END()
