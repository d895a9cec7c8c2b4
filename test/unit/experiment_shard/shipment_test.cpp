#include "actors/experiment/shard/shipment.hpp"

#include <boost/test/unit_test.hpp>

using namespace troupe;
using namespace troupe::experiment;
using namespace std::chrono_literals;

namespace {

constexpr ShipmentLimits limits{10, 1000, 200ms, 400, 500ms};

struct Ship {
  void add(uint32_t slot, uint64_t first, uint64_t end, size_t bytes = 5) {
    for (uint64_t seq = first; seq < end; ++seq) shipment.add(slot, seq, std::string(bytes, 'x'), now);
  }
  /// "slot: first+events", or "none".
  std::string next() {
    const auto block = shipment.next(now);
    if (!block) return "none";
    const std::string oldest = block->oldest_seq > 0 ? fmt::format(", none before {}", block->oldest_seq) : "";
    return fmt::format("{}: {}+{}{}", block->slot, block->first_seq, block->events, oldest);
  }

  Shipment shipment{limits};
  Time now{1h};
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(shipments, Ship)

BOOST_AUTO_TEST_CASE(events_wait_for_company_and_not_for_ever) {
  add(3, 0, 4);
  BOOST_TEST(next() == "none");
  BOOST_TEST((shipment.next_due() == now + 200ms));

  now += 200ms;

  BOOST_TEST(next() == "3: 0+4");
  BOOST_TEST(next() == "none");
  BOOST_TEST(!shipment.next_due().has_value());
}

BOOST_AUTO_TEST_CASE(a_full_block_goes_at_once_and_the_next_one_when_it_is_held) {
  add(3, 0, 25);

  BOOST_TEST(next() == "3: 0+10");
  BOOST_TEST(next() == "none");
  BOOST_TEST(shipment.held(3, 10));
  BOOST_TEST(next() == "3: 10+10");
  BOOST_TEST(shipment.held(3, 20));
  BOOST_TEST(next() == "none", "five wait for company");
}

BOOST_AUTO_TEST_CASE(slots_take_turns) {
  add(1, 0, 30);
  add(2, 0, 30);

  BOOST_TEST(next() == "1: 0+10");
  BOOST_TEST(next() == "2: 0+10");
  BOOST_TEST(shipment.held(1, 10));
  BOOST_TEST(shipment.held(2, 10));
  BOOST_TEST(next() == "1: 10+10");
}

BOOST_AUTO_TEST_CASE(what_did_not_arrive_goes_again_later) {
  add(3, 0, 10);
  BOOST_TEST(next() == "3: 0+10");
  shipment.failed(3, now);

  BOOST_TEST(next() == "none");
  BOOST_TEST((shipment.next_due() == now + 500ms));
  now += 500ms;
  BOOST_TEST(next() == "3: 0+10");
}

BOOST_AUTO_TEST_CASE(a_shard_may_hold_more_or_less_than_was_sent) {
  add(3, 5, 25);
  BOOST_TEST(next() == "3: 5+10");
  BOOST_TEST(shipment.held(3, 20), "it had them from before a restart");
  now += 200ms;
  BOOST_TEST(next() == "3: 20+5");

  BOOST_TEST(!shipment.held(3, 2), "it lacks what was thought to be there");
}

BOOST_AUTO_TEST_CASE(a_gap_in_the_log_begins_another_block) {
  add(3, 0, 4);
  add(3, 6, 20);
  now += 200ms;

  BOOST_TEST(next() == "3: 0+4");
  BOOST_TEST(shipment.held(3, 4));
  BOOST_TEST(next() == "3: 6+10, none before 6");
  shipment.failed(3, now);
  now += 500ms;
  BOOST_TEST(next() == "3: 6+10, none before 6");
  BOOST_TEST(shipment.held(3, 16));
  now += 200ms;
  BOOST_TEST(next() == "3: 16+4");
}

BOOST_AUTO_TEST_CASE(a_log_that_is_read_from_its_oldest_says_what_it_no_longer_has) {
  shipment.begin_again();
  add(3, 5, 15);
  add(4, 0, 10);

  BOOST_TEST(next() == "3: 5+10, none before 5");
  BOOST_TEST(next() == "4: 0+10");
}

BOOST_AUTO_TEST_CASE(reading_stops_while_too_much_is_under_way) {
  add(1, 0, 40, 10);
  BOOST_TEST(!shipment.wants_more());
  BOOST_TEST(next() == "1: 0+10");
  BOOST_TEST(shipment.held(1, 10));

  BOOST_TEST(shipment.wants_more());
  shipment.begin_again();
  BOOST_TEST(shipment.waiting_bytes() == 0u);
  BOOST_TEST(next() == "none");
}

BOOST_AUTO_TEST_SUITE_END()
