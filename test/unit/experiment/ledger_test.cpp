#include <algorithm>
#include <boost/test/unit_test.hpp>

#include "actors/experiment/assignment/segments.hpp"
#include "actors/experiment/ledger/event_batch.hpp"
#include "actors/experiment/ledger/stored_ledger.hpp"
#include "runtime/base/random.hpp"

using namespace troupe;
using namespace troupe::experiment;

namespace {

constexpr int64_t second = 1'000'000;
constexpr int64_t start = 1'800'000'000 * second;
constexpr Fixed one = Fixed{1} << fixed_bits;

/// Measures: 0 conversion, 1 revenue, 2 requests, 3 errors, 4 latency. Metrics in the same order, and 5 is the latency
/// per request, 6 the time to a conversion, 7 the cost.
Rules rules() {
  Rules made;
  made.experiment = 7;
  made.window_us = 100 * second;
  made.before_us = 50 * second;
  made.starts_unix_us = start;
  made.bucket_us = 60 * second;
  made.measures = {{"conversion"},
                   {"revenue"},
                   {"requests", AttemptMeasure::requests},
                   {"errors", AttemptMeasure::errors},
                   {"latency_ms", AttemptMeasure::latency_ms, true},
                   {"cost", AttemptMeasure::cost}};
  made.metrics.resize(8);
  made.metrics[0] = {"converted", MetricKind::conversion, 0};
  made.metrics[1] = {"revenue", MetricKind::sum, 1};
  made.metrics[1].most = 1000 * one;
  made.metrics[1].has_covariate = true;
  made.metrics[2] = {"requests", MetricKind::count, 2};
  made.metrics[3] = {"errors", MetricKind::sum, 3};
  made.metrics[4] = {"latency", MetricKind::quantile, 4};
  made.metrics[5] = {"mean latency", MetricKind::ratio, 4, 4, true};
  made.metrics[6] = {"time to conversion", MetricKind::survival, 0};
  made.metrics[7] = {"cost per attempt", MetricKind::ratio, 5, 5, true};
  made.prices = {attempt_price({0.0002, 1.5e-6, 6e-6}), attempt_price({0, 2e-8, 0})};
  return made;
}

/// Plans free, pro and others, regions eu and others.
Rules rules_with_segments() {
  Rules made = rules();
  made.segmentations = {{"header.x-plan", {"free", "pro"}}, {"region", {"eu"}}};
  return made;
}
constexpr uint32_t free_eu = 1;
constexpr uint32_t pro_eu = 3;
constexpr uint32_t segments = 6;
/// Numbers of parts.
constexpr uint32_t free_plan = 1;
constexpr uint32_t pro_plan = 2;
constexpr uint32_t in_eu = 4;
constexpr uint32_t elsewhere = 5;

protocol::Event exposure(std::string unit, uint32_t arm, int64_t at, uint32_t revision = 1, uint32_t segment = 0) {
  return {start + at * second, protocol::UnitKind::user, std::move(unit),
          protocol::Exposure{{7, revision, arm}, segment}};
}
protocol::Event attempt(std::string unit, uint32_t arm, int64_t at, int64_t latency_ms, uint32_t cause = 0,
                        uint32_t revision = 1) {
  protocol::Attempt what{{7, revision, arm}, cause, latency_ms * 1000, 0, 0, 0, false};
  return {start + at * second, protocol::UnitKind::user, std::move(unit), what};
}
protocol::Event answer(std::string unit, uint32_t arm, uint32_t prompt_tokens, uint32_t completion_tokens,
                       bool cached = false) {
  protocol::Attempt what{{7, 1, arm}, 0, 1000, 0, prompt_tokens, completion_tokens, cached};
  return {start, protocol::UnitKind::user, std::move(unit), what};
}
protocol::Event outcome(std::string unit, std::string measure, double value, int64_t at, uint64_t id) {
  return {start + at * second, protocol::UnitKind::user, std::move(unit),
          protocol::Outcome{0, id, std::move(measure), to_fixed(value).value()}};
}

/// Records in memory, as a shard keeps them on disk.
struct Ledger {
  EventBatch::Applied apply(const std::vector<protocol::Event>& events) {
    EventBatch batch(book);
    for (const protocol::Event& event : events) batch.add(event);
    std::vector<UnitRecord> loaded;
    const std::vector<UnitKey> units = batch.units();
    for (const UnitKey& unit : units) loaded.push_back(records[unit]);
    EventBatch::Applied applied = batch.apply(loaded);
    for (size_t i = 0; i < units.size(); ++i) records[units[i]] = loaded[i];
    sums.merge(applied.delta);
    return applied;
  }
  UnitSums of(uint32_t metric, uint32_t arm, uint32_t revision = 1, int64_t bucket = 0) const {
    const Row* const row = sums.find({7, revision, arm, metric, bucket});
    return row == nullptr ? UnitSums{} : row->sums;
  }

  explicit Ledger(const Rules& of = rules()) { book.set(of); }
  RuleBook book;
  std::map<UnitKey, UnitRecord> records;
  Aggregates sums;
};

double value(Int128 sum) {
  return from_fixed(sum);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(ledger)

BOOST_AUTO_TEST_CASE(a_unit_counts_once_however_often_it_comes) {
  Ledger ledger;

  ledger.apply({exposure("anna", 0, 1), exposure("anna", 0, 2), outcome("anna", "conversion", 1, 3, 1),
                outcome("anna", "conversion", 1, 4, 2), exposure("bert", 0, 5), exposure("carl", 1, 6)});

  BOOST_TEST(ledger.of(0, 0).units == 2);
  BOOST_TEST(value(ledger.of(0, 0).x) == 1);
  BOOST_TEST(ledger.of(0, 1).units == 1);
  BOOST_TEST(value(ledger.of(0, 1).x) == 0);
}

BOOST_AUTO_TEST_CASE(outcomes_belong_to_the_exposure_before_them_while_its_window_is_open) {
  Ledger ledger;

  ledger.apply({exposure("anna", 0, 10), outcome("anna", "revenue", 5, 9, 1), outcome("anna", "revenue", 7, 10, 2),
                outcome("anna", "revenue", 11, 109, 3), outcome("anna", "revenue", 13, 110, 4)});

  BOOST_TEST(value(ledger.of(1, 0).x) == 18);
  BOOST_TEST(value(ledger.of(1, 0).y) == 5, "what came before is the covariate");
  BOOST_TEST(from_fixed_product(ledger.of(1, 0).xx) == 18 * 18);
  BOOST_TEST(from_fixed_product(ledger.of(1, 0).xy) == 18 * 5);
}

BOOST_AUTO_TEST_CASE(a_unit_that_a_new_revision_moves_counts_in_both_each_with_what_follows) {
  Ledger ledger;

  ledger.apply({exposure("anna", 0, 0, 1), outcome("anna", "revenue", 1, 5, 1), exposure("anna", 1, 20, 2),
                outcome("anna", "revenue", 2, 25, 2)});

  BOOST_TEST(value(ledger.of(1, 0, 1).x) == 1);
  BOOST_TEST(value(ledger.of(1, 1, 2).x) == 2);
  BOOST_TEST(ledger.of(crossed_units, 0, 1).units == 0);
}

BOOST_AUTO_TEST_CASE(a_unit_in_two_arms_of_one_revision_counts_in_neither_and_is_counted_as_that) {
  Ledger ledger;

  ledger.apply({exposure("anna", 0, 0), outcome("anna", "revenue", 1, 5, 1), exposure("bert", 1, 1)});
  ledger.apply({exposure("anna", 1, 70)});

  BOOST_TEST(ledger.of(1, 0).units == 0);
  BOOST_TEST(ledger.of(1, 1).units == 1);
  BOOST_TEST(ledger.of(crossed_units, 0).units == 1);
  BOOST_TEST(ledger.of(crossed_units, 1, 1, 1).units == 1);
}

BOOST_AUTO_TEST_CASE(attempts_say_how_often_how_long_and_how_badly) {
  Ledger ledger;

  ledger.apply({attempt("anna", 0, 1, 20), attempt("anna", 0, 2, 40), attempt("anna", 0, 3, 30, 14)});

  BOOST_TEST(value(ledger.of(2, 0).x) == 3);
  BOOST_TEST(value(ledger.of(3, 0).x) == 1);
  BOOST_TEST(value(ledger.of(5, 0).x) == 90, boost::test_tools::tolerance(1e-6));
  BOOST_TEST(value(ledger.of(5, 0).y) == 3);
  const Row* const latency = ledger.sums.find({7, 1, 0, 4, 0});
  BOOST_TEST_REQUIRE(latency->counts.size() == 3u);
  for (const auto& [bucket, count] : latency->counts) BOOST_TEST(count == 1);
}

BOOST_AUTO_TEST_CASE(attempts_cost_what_their_variant_says_and_a_cached_answer_nothing) {
  Ledger ledger;

  ledger.apply({answer("anna", 0, 1000, 200), answer("anna", 0, 1000, 200, true), attempt("anna", 0, 2, 20, 14)});
  ledger.apply({answer("bert", 1, 1, 999)});

  const auto finest = boost::test_tools::tolerance(1e-6);
  BOOST_TEST(value(ledger.of(7, 0).x) == 2.9 + 0.2, finest);
  BOOST_TEST(value(ledger.of(7, 0).y) == 3);
  BOOST_TEST((ledger.of(7, 1).x == 21), "a token of 2e-8, i.e. 20.97 units of 2^-20 thousandths");
}

BOOST_AUTO_TEST_CASE(no_cost_overflows) {
  Ledger ledger;
  Rules dear = rules();
  dear.prices[0] = attempt_price({1000, 1000, 1000});
  ledger.book.set(dear);
  constexpr uint32_t tokens_max = 0xffffffff;

  ledger.apply({answer("anna", 0, tokens_max, tokens_max)});
  BOOST_TEST(value(ledger.of(7, 0).x) == value_max);
  ledger.apply(std::vector<protocol::Event>(20, answer("anna", 0, tokens_max, tokens_max)));

  BOOST_TEST(value(ledger.of(7, 0).x) == value(total_max));
}

BOOST_AUTO_TEST_CASE(totals_are_winsorised_unit_by_unit) {
  Ledger ledger;

  ledger.apply({exposure("anna", 0, 0), outcome("anna", "revenue", 900, 1, 1)});
  BOOST_TEST(value(ledger.of(1, 0).x) == 900);
  ledger.apply({outcome("anna", "revenue", 900, 2, 2)});

  BOOST_TEST(value(ledger.of(1, 0).x) == 1000);
  BOOST_TEST(from_fixed_product(ledger.of(1, 0).xx) == 1e6);
}

BOOST_AUTO_TEST_CASE(what_nobody_asked_for_is_counted_as_foreign) {
  Ledger ledger;
  auto other = exposure("anna", 0, 0);
  std::get<protocol::Exposure>(other.what).place.experiment = 8;

  const auto applied = ledger.apply({other, exposure("anna", 2, 0), outcome("anna", "clicks", 1, 0, 1)});

  BOOST_TEST(applied.foreign == 3u);
  BOOST_TEST(applied.delta.rows().empty());
}

/// A day of many units, some of which are seen in two arms, some of whose outcomes are sent twice. With segments,
/// units' requests are of several, and some are not known of any exposure.
std::vector<protocol::Event> a_day(Random& random, bool has_segments = false) {
  std::vector<protocol::Event> events;
  uint64_t id = 0;
  for (int unit = 0; unit < 60; ++unit) {
    const std::string name = "unit-" + std::to_string(unit);
    for (uint64_t i = random.below(4); i-- > 0;) {
      const auto revision = static_cast<uint32_t>(1 + random.below(2));
      const auto arm = static_cast<uint32_t>(random.below(10) == 0 ? random.below(2) : static_cast<uint64_t>(unit % 2));
      const auto segment = has_segments ? static_cast<uint32_t>(1 + random.below(segments)) : 0;
      if (!has_segments || random.below(5) > 0)
        events.push_back(exposure(name, arm, static_cast<int64_t>(random.below(60) * 5), revision, segment));
      events.push_back(attempt(name, arm, static_cast<int64_t>(random.below(300)),
                               1 + static_cast<int64_t>(random.below(99)), 0, revision));
      events.push_back(answer(name, arm, static_cast<uint32_t>(random.below(9)), 3, random.below(4) == 0));
    }
    for (uint64_t i = random.below(6); i-- > 0;) {
      const char* const measure = random.below(2) == 0 ? "conversion" : "revenue";
      events.push_back(outcome(name, measure, static_cast<double>(random.below(1000)) / 7,
                               static_cast<int64_t>(random.below(400)) - 50, ++id));
      if (random.below(5) == 0) events.push_back(events.back());
    }
  }
  return events;
}

BOOST_AUTO_TEST_CASE(whatever_order_and_grouping_events_come_in_the_bits_are_the_same) {
  SeededRandom random(11);
  for (int day = 0; day < 20; ++day) {
    const bool has_segments = day % 2 == 1;
    const Rules known = has_segments ? rules_with_segments() : rules();
    std::vector<protocol::Event> events = a_day(random, has_segments);
    Ledger whole(known);
    whole.apply(events);
    for (int round = 0; round < 5; ++round) {
      for (size_t left = events.size(); left > 1; --left) std::swap(events[left - 1], events[random.below(left)]);
      Ledger pieces(known);
      for (size_t i = 0; i < events.size();) {
        const size_t size = std::min<size_t>(1 + random.below(40), events.size() - i);
        pieces.apply(
            {events.begin() + static_cast<std::ptrdiff_t>(i), events.begin() + static_cast<std::ptrdiff_t>(i + size)});
        i += size;
      }

      BOOST_REQUIRE(pieces.sums == whole.sums);
      BOOST_REQUIRE(pieces.records == whole.records);
    }
    // And merged from the records, as a recount does.
    Aggregates recount;
    for (const auto& [unit, record] : whole.records) recount.add(7, contributions(record, whole.book.all().at(7)));
    recount.drop_empty_rows();
    BOOST_REQUIRE(recount == whole.sums);
  }
}

BOOST_AUTO_TEST_CASE(a_unit_counts_in_its_part_of_each_segmentation_too) {
  Ledger ledger(rules_with_segments());

  ledger.apply(
      {exposure("anna", 0, 0, 1, free_eu), exposure("bert", 0, 1, 1, pro_eu), outcome("bert", "revenue", 5, 2, 1)});

  BOOST_TEST(ledger.of(1, 0).units == 2);
  for (const uint32_t part : {free_plan, pro_plan}) BOOST_TEST(ledger.of(of_part(1, part), 0).units == 1);
  BOOST_TEST(value(ledger.of(of_part(1, pro_plan), 0).x) == 5);
  BOOST_TEST((ledger.of(of_part(1, in_eu), 0) == ledger.of(1, 0)));
  BOOST_TEST(ledger.of(of_part(1, elsewhere), 0).units == 0);
}

BOOST_AUTO_TEST_CASE(a_unit_whose_feature_changes_counts_once_in_the_segment_of_its_first_exposure) {
  const std::vector<protocol::Event> events{exposure("anna", 0, 70, 1, pro_eu), exposure("anna", 0, 5, 1, free_eu),
                                            attempt("anna", 0, 3, 20), exposure("anna", 0, 90, 1, pro_eu)};
  for (const bool is_backwards : {false, true}) {
    Ledger ledger(rules_with_segments());
    for (size_t i = 0; i < events.size(); ++i) ledger.apply({events[is_backwards ? events.size() - 1 - i : i]});

    BOOST_TEST(ledger.of(of_part(0, free_plan), 0).units == 1);
    BOOST_TEST(ledger.of(of_part(0, pro_plan), 0).units == 0);
    BOOST_TEST(ledger.of(0, 0).units == 1);
  }
}

BOOST_AUTO_TEST_CASE(a_unit_whose_exposure_has_not_come_is_in_no_part_until_it_does) {
  Ledger ledger(rules_with_segments());

  ledger.apply({attempt("anna", 0, 1, 20), exposure("bert", 0, 1, 1, segments + 1)});
  BOOST_TEST(ledger.of(2, 0).units == 2);
  BOOST_TEST(ledger.sums.of_part(7, free_plan).rows().empty());
  ledger.apply({exposure("anna", 0, 1, 1, free_eu)});

  BOOST_TEST(value(ledger.of(of_part(2, free_plan), 0).x) == 1);
}

/// The rows of some parts together.
Aggregates together(const Aggregates& sums, std::initializer_list<uint32_t> parts) {
  Aggregates all;
  for (const uint32_t part : parts) all.merge(sums.of_part(7, part));
  return all;
}

BOOST_AUTO_TEST_CASE(the_rows_of_a_segmentations_parts_sum_up_to_those_of_all) {
  SeededRandom random(13);
  std::vector<protocol::Event> events = a_day(random, true);
  // Who has an exposure under each revision and arm is in one part of each.
  for (size_t i = events.size(); i-- > 0;)
    if (const auto* const attempt = std::get_if<protocol::Attempt>(&events[i].what))
      events.push_back(exposure(events[i].unit, attempt->place.arm, 400, attempt->place.revision, pro_eu));
  Ledger ledger(rules_with_segments());
  ledger.apply(events);
  Ledger without;
  without.apply(events);

  const Aggregates all = ledger.sums.of_part(7, 0);
  BOOST_TEST((all == without.sums), "and all units are what they are without segments");
  BOOST_TEST((together(ledger.sums, {1, 2, 3}) == all));
  BOOST_TEST((together(ledger.sums, {4, 5}) == all));
  BOOST_TEST(ledger.sums.of_part(7, 6).rows().empty());
  BOOST_TEST(!(ledger.sums.of_part(7, 1) == all));
  const auto crossed = [](const Aggregates& sums) {
    int64_t units = 0;
    for (const auto& [key, row] : sums.rows()) units += key.metric == crossed_units ? row.sums.units : 0;
    return units;
  };
  BOOST_TEST(crossed(all) > 0);
}

BOOST_AUTO_TEST_CASE(a_segment_is_written_down_where_it_is_known_and_records_without_one_are_read) {
  const Rules known = rules_with_segments();
  Ledger ledger(known);
  ledger.apply({attempt("anna", 0, 1, 20), exposure("anna", 0, 5, 1, pro_eu)});
  Ledger before;
  before.apply({attempt("anna", 0, 1, 20), exposure("anna", 0, 5)});
  const UnitRecord& record = ledger.records.at(unit_key(7, "anna"));
  const std::string bytes = encode(record);
  const std::string old_bytes = encode(before.records.at(unit_key(7, "anna")));

  BOOST_TEST((decode_unit_record(bytes, known).value() == record));
  BOOST_TEST(record.places[0].segment_us == start + 5 * second);
  BOOST_TEST(decode_unit_record(old_bytes, known).value().places[0].segment == 0u);
  BOOST_TEST(bytes.size() <= old_bytes.size() + 6);
  BOOST_TEST((decode_unit_record(bytes, rules()).error().code == Errc::corrupt_data), "that experiment has none");
}

BOOST_AUTO_TEST_CASE(what_is_written_down_is_read_again_and_damage_is_seen) {
  SeededRandom random(12);
  const Rules known = rules_with_segments();
  Ledger ledger(known);
  ledger.apply(a_day(random, true));

  for (const auto& [unit, record] : ledger.records) {
    const std::string bytes = encode(record);
    BOOST_REQUIRE(decode_unit_record(bytes, known).value() == record);
    BOOST_REQUIRE(unit_key_from(to_bytes(unit)).value() == unit);
    for (size_t size = 0; size < bytes.size(); size += 1 + bytes.size() / 7)
      BOOST_REQUIRE((decode_unit_record(bytes.substr(0, size), known).error().code == Errc::corrupt_data));
  }
  std::string before;
  for (const auto& [key, row] : ledger.sums.rows()) {
    BOOST_REQUIRE(decode_row(encode(row)).value() == row);
    BOOST_REQUIRE(row_key_from(to_bytes(key)).value() == key);
    BOOST_REQUIRE(before < to_bytes(key));
    before = to_bytes(key);
  }
  BOOST_TEST((decode_unit_record("\x94\x02", known).error().code == Errc::corrupt_data));
  BOOST_TEST((decode_unit_record("\x94\x02\x90\x90\x07", known).error().code == Errc::failed_precondition));
}

BOOST_AUTO_TEST_CASE(a_unit_of_many_outcomes_keeps_its_record_small_and_its_sums_right) {
  Ledger ledger;
  ledger.apply({exposure("anna", 0, 0)});

  for (uint64_t i = 1; i <= 1000; ++i)
    ledger.apply({outcome("anna", "revenue", 0.5, 1 + static_cast<int64_t>(i) / 20, i)});

  const UnitRecord& record = ledger.records.at(unit_key(7, "anna"));
  BOOST_TEST(record.outcomes.size() <= UnitRecord::outcomes_max);
  BOOST_TEST(record.lost == 0);
  BOOST_TEST(value(ledger.of(1, 0).x) == 500);
  BOOST_TEST(ledger.apply({outcome("anna", "revenue", 0.5, 51, 1000)}).repeated == 1u);
}

BOOST_AUTO_TEST_CASE(the_time_to_the_first_event_is_kept) {
  Ledger ledger;
  ledger.apply(
      {exposure("anna", 0, 10), outcome("anna", "conversion", 1, 30, 1), outcome("anna", "conversion", 1, 17, 2)});

  const auto unit = contributions(ledger.records.at(unit_key(7, "anna")), rules());

  BOOST_TEST_REQUIRE(unit.size() == 1u);
  BOOST_TEST((unit[0].counts[6] == BucketCounts{{bucket_of(Fixed{7} << fixed_bits), 1}}), "7 seconds");
}

BOOST_AUTO_TEST_CASE(buckets_hold_each_value_to_within_a_hundredth) {
  for (Fixed number = 0; number < (Fixed{1} << 50); number = number * 9 / 8 + 1) {
    const uint16_t bucket = bucket_of(number);
    BOOST_REQUIRE(bucket_begin(bucket) <= number);
    BOOST_REQUIRE(number < bucket_begin(static_cast<uint16_t>(bucket + 1)));
    BOOST_REQUIRE(bucket_begin(static_cast<uint16_t>(bucket + 1)) - bucket_begin(bucket) <=
                  std::max<Fixed>(1, number / 64));
  }
  BOOST_TEST(bucket_of(-5) == 0);
}

BOOST_AUTO_TEST_CASE(values_that_are_no_numbers_are_refused) {
  BOOST_TEST(to_fixed(0.5).value() == one / 2);
  BOOST_TEST(to_fixed(1e9).has_value());
  BOOST_TEST(to_fixed(1.1e9).error().message == "a value must be a number from -1e9 to 1e9, found 1100000000");
  BOOST_TEST(!to_fixed(std::numeric_limits<double>::quiet_NaN()));
  BOOST_TEST(!to_fixed(-std::numeric_limits<double>::infinity()));
}

BOOST_AUTO_TEST_SUITE_END()
