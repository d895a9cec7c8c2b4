#include "test/fakes/memory_state_store.hpp"

#include <boost/test/unit_test.hpp>

using namespace troupe;
using namespace troupe::storage;
using troupe::test::MemoryStateStore;

BOOST_AUTO_TEST_SUITE(memory_state_store)

BOOST_AUTO_TEST_CASE(nothing_happens_before_it_is_pumped) {
  MemoryStateStore store;
  int answers = 0;
  store.commit({{}, {Put{"k", "1"}}}, [&](Result<Revision>) { ++answers; });
  BOOST_TEST(answers == 0);
  BOOST_TEST(store.revision().value == 0u);

  BOOST_TEST(store.run_pending() == 1u);

  BOOST_TEST(answers == 1);
  BOOST_TEST(store.revision().value == 1u);
}

BOOST_AUTO_TEST_CASE(a_failure_asked_for_hits_the_next_call_only_and_writes_nothing) {
  MemoryStateStore store;
  std::vector<Errc> failures;
  const auto note = [&](Result<Revision> result) {
    if (!result) failures.push_back(result.error().code);
  };
  store.fail_next(Errc::io_error);

  store.commit({{}, {Put{"k", "1"}}}, note);
  store.commit({{}, {Put{"k", "2"}}}, note);
  store.run_pending();

  BOOST_TEST((failures == std::vector<Errc>{Errc::io_error}));
  BOOST_TEST(store.revision().value == 1u);
}

BOOST_AUTO_TEST_CASE(calls_are_recorded_in_order) {
  MemoryStateStore store;
  store.range("a/", [](Result<RangeResult>) {});
  store.commit({{{"k", {3}}}, {Delete{"k"}}}, [](Result<Revision>) {});

  BOOST_REQUIRE(store.calls().size() == 2u);
  BOOST_TEST(store.calls()[0].prefix == "a/");
  BOOST_TEST((store.calls()[1].kind == MemoryStateStore::Call::Kind::commit));
  BOOST_TEST(store.calls()[1].transaction.compares.at(0).mod_revision.value == 3u);
}

BOOST_AUTO_TEST_CASE(a_full_queue_is_overloaded_at_once) {
  MemoryStateStore store({.queue_length_max = 1});
  store.range("", [](Result<RangeResult>) {});
  std::optional<Errc> refusal;

  store.range("", [&](Result<RangeResult> result) { refusal = result.error().code; });

  BOOST_TEST((refusal == Errc::overloaded));
}

BOOST_AUTO_TEST_SUITE_END()
