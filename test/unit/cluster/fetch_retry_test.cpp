#include "cluster/agent/fetch_retry.hpp"

#include <boost/test/unit_test.hpp>

using namespace troupe;
using namespace troupe::cluster;
using namespace std::chrono_literals;

namespace {

protocol::RoutedNode node(uint64_t id) {
  protocol::RoutedNode node;
  node.id = NodeId{id};
  return node;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(fetch_retry)

BOOST_AUTO_TEST_CASE(a_round_asks_each_source_once_in_order) {
  FetchRetry retry;

  retry.begin_round({node(1), node(2)});

  BOOST_TEST(retry.source()->id.value == 1u);
  retry.source_failed();
  BOOST_TEST(retry.source()->id.value == 2u);
  retry.source_failed();
  BOOST_TEST((retry.source() == nullptr));
  retry.begin_round({node(3)});
  BOOST_TEST(retry.source()->id.value == 3u);
}

BOOST_AUTO_TEST_CASE(rounds_that_bring_nothing_come_ever_later_up_to_a_bound) {
  FetchRetry retry({.backoff_first = 500ms, .backoff_max = 3s, .failures_shown_max = 3});

  BOOST_TEST((retry.round_failed() == 500ms));
  BOOST_TEST((retry.round_failed() == 1s));
  BOOST_TEST(!retry.is_hopeless());
  BOOST_TEST((retry.round_failed() == 2s));
  BOOST_TEST(retry.is_hopeless());
  for (int i = 0; i < 100; ++i) BOOST_TEST((retry.round_failed() == 3s));
}

BOOST_AUTO_TEST_CASE(bytes_that_come_make_it_another_trouble) {
  FetchRetry retry({.backoff_first = 500ms, .failures_shown_max = 2});
  retry.round_failed();
  retry.round_failed();

  retry.progressed();

  BOOST_TEST(!retry.is_hopeless());
  BOOST_TEST((retry.round_failed() == 500ms));
}

BOOST_AUTO_TEST_SUITE_END()
