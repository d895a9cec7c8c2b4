#include "actors/gateway/idempotency/keepers.hpp"

#include <boost/test/unit_test.hpp>
#include <map>

using namespace troupe;
using namespace troupe::gateway;
using namespace std::chrono_literals;

namespace {

constexpr WallTime now{1'000'000s};
constexpr int64_t hour = 3'600'000'000;

/// Gateways 1, 2, …, each of which came so many hours ago.
std::vector<protocol::RoutedGateway> came(std::vector<int64_t> hours_ago) {
  std::vector<protocol::RoutedGateway> gateways;
  for (const int64_t hours : hours_ago)
    gateways.push_back({NodeId{gateways.size() + 1}, unix_microseconds(now) - hours * hour});
  return gateways;
}

std::vector<NodeId> keepers(int key, const std::vector<protocol::RoutedGateway>& gateways) {
  return keepers_of("key-" + std::to_string(key), gateways, now, 24h);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(keepers_test)

BOOST_AUTO_TEST_CASE(without_gateways_nobody_keeps_anything) {
  BOOST_TEST(keepers(1, {}).empty());
}

BOOST_AUTO_TEST_CASE(keys_are_spread_evenly_and_the_order_of_the_list_does_not_matter) {
  const auto gateways = came({100, 100, 100, 100});
  const std::vector reversed(gateways.rbegin(), gateways.rend());
  std::map<NodeId, int> keys;
  for (int key = 0; key < 4000; ++key) {
    ++keys[keepers(key, gateways).front()];
    BOOST_TEST((keepers(key, gateways) == keepers(key, reversed)));
  }
  for (const auto& [gateway, count] : keys) BOOST_TEST((count > 850 && count < 1150), count);
}

BOOST_AUTO_TEST_CASE(one_that_comes_takes_keys_for_itself_alone_and_knows_who_had_each) {
  const auto before = came({100, 90, 80});
  const auto after = came({100, 90, 80, 1});
  int moved = 0;
  for (int key = 0; key < 1000; ++key) {
    const auto had = keepers(key, before);
    const auto has = keepers(key, after);
    BOOST_REQUIRE(had.size() == 1u);
    if (has.front() == NodeId{4}) {
      ++moved;
      BOOST_TEST((has == std::vector{NodeId{4}, had.front()}));
    } else {
      BOOST_TEST((has == had));
    }
  }
  BOOST_TEST((moved > 180 && moved < 320), moved);
}

BOOST_AUTO_TEST_CASE(whoever_ever_had_a_key_is_known_while_its_answers_are_kept) {
  const auto gateways = came({23, 10, 5, 1});
  for (int key = 0; key < 1000; ++key) {
    const auto all = keepers(key, gateways);
    // As if those that came later had not come yet.
    for (size_t there = 1; there <= gateways.size(); ++there) {
      const std::vector then(gateways.begin(), gateways.begin() + static_cast<long>(there));
      const NodeId keeper = keepers(key, then).front();
      BOOST_TEST((std::ranges::find(all, keeper) != all.end()));
    }
  }
}

BOOST_AUTO_TEST_CASE(what_one_had_longer_ago_than_answers_are_kept_is_of_no_interest) {
  const auto gateways = came({100, 25});
  for (int key = 0; key < 100; ++key) BOOST_TEST(keepers(key, gateways).size() == 1u);
}

BOOST_AUTO_TEST_SUITE_END()
