#include "storage/state_store.hpp"

#include <boost/test/unit_test.hpp>

#include "state_harness.hpp"

using namespace troupe;
using namespace troupe::storage;
using namespace troupe::test;

// Every case runs against the in-memory fake and RocksDB: what one does the other does too.
BOOST_AUTO_TEST_SUITE(state_store)

BOOST_AUTO_TEST_CASE_TEMPLATE(a_new_store_is_empty_at_revision_zero, Harness, StateHarnesses) {
  Harness harness;

  const auto all = range(harness, "");

  BOOST_REQUIRE(all.has_value());
  BOOST_TEST(all->entries.empty());
  BOOST_TEST(all->revision.value == 0u);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(keys_keep_the_revisions_of_their_making_and_last_change, Harness, StateHarnesses) {
  Harness harness;
  BOOST_TEST(put(harness, "deployment/clerk", "one").value().value == 1u);
  BOOST_TEST(put(harness, "deployment/other", std::string("\0binary", 7)).value().value == 2u);

  BOOST_TEST(put(harness, "deployment/clerk", "two").value().value == 3u);

  const RangeResult all = range(harness, "").value();
  BOOST_REQUIRE(all.entries.size() == 2u);
  BOOST_TEST((all.entries[0] == StateEntry{"deployment/clerk", "two", {1}, {3}}));
  BOOST_TEST((all.entries[1] == StateEntry{"deployment/other", std::string("\0binary", 7), {2}, {2}}));
  BOOST_TEST(all.revision.value == 3u);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_range_holds_its_prefix_only_in_key_order, Harness, StateHarnesses) {
  Harness harness;
  for (const char* key : {"b/2", "b/1", "a/1", "b", "c", "b0"}) BOOST_REQUIRE(put(harness, key, "x").has_value());

  const RangeResult found = range(harness, "b/").value();

  BOOST_REQUIRE(found.entries.size() == 2u);
  BOOST_TEST(found.entries[0].key == "b/1");
  BOOST_TEST(found.entries[1].key == "b/2");
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_deleted_key_starts_a_new_life, Harness, StateHarnesses) {
  Harness harness;
  BOOST_REQUIRE(put(harness, "k", "1").has_value());
  BOOST_TEST(commit(harness, {{}, {Delete{"k"}}}).value().value == 2u);
  BOOST_TEST(range(harness, "").value().entries.empty());

  BOOST_REQUIRE(put(harness, "k", "2").has_value());

  BOOST_TEST((range(harness, "").value().entries.at(0) == StateEntry{"k", "2", {3}, {3}}));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(deleting_what_is_not_there_takes_no_revision, Harness, StateHarnesses) {
  Harness harness;
  BOOST_REQUIRE(put(harness, "k", "1").has_value());

  BOOST_TEST(commit(harness, {{}, {Delete{"absent"}}}).value().value == 1u);

  BOOST_TEST(range(harness, "").value().revision.value == 1u);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_failed_compare_changes_nothing_and_names_the_key, Harness, StateHarnesses) {
  Harness harness;
  BOOST_REQUIRE(put(harness, "k", "1").has_value());

  const auto stale = commit(harness, {{{"k", {7}}}, {Put{"k", "2"}, Put{"other", "2"}}});
  const auto taken = commit(harness, {{{"k", {0}}}, {Put{"k", "2"}}});
  const auto absent = commit(harness, {{{"gone", {1}}}, {Put{"k", "2"}}});

  BOOST_TEST((stale.error().code == Errc::failed_precondition));
  BOOST_TEST(stale.error().field == "k");
  BOOST_TEST(stale.error().message == "'k' is at revision 1, but was compared with 7; read it again");
  BOOST_TEST(taken.error().message == "'k' exists already, since revision 1");
  BOOST_TEST(absent.error().message == "'gone' does not exist, but was compared with revision 1");
  const RangeResult all = range(harness, "").value();
  BOOST_TEST(all.revision.value == 1u);
  BOOST_REQUIRE(all.entries.size() == 1u);
  BOOST_TEST(all.entries[0].value == "1");
}

BOOST_AUTO_TEST_CASE_TEMPLATE(compares_that_hold_let_all_ops_through_at_one_revision, Harness, StateHarnesses) {
  Harness harness;
  BOOST_REQUIRE(put(harness, "k", "1").has_value());

  BOOST_TEST(
      commit(harness, {{{"k", {1}}, {"new", {0}}}, {Delete{"k"}, Put{"new", "2"}, Put{"new2", "2"}}}).value().value ==
      2u);

  const RangeResult all = range(harness, "").value();
  BOOST_REQUIRE(all.entries.size() == 2u);
  for (const StateEntry& entry : all.entries) BOOST_TEST(entry.mod_revision.value == 2u);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(of_two_writers_with_the_same_compare_one_wins, Harness, StateHarnesses) {
  Harness harness;
  std::vector<bool> won;
  for (const char* writer : {"a", "b"})
    harness.store().commit({{{"leader", {0}}}, {Put{"leader", writer}}},
                           [&](Result<Revision> result) { won.push_back(result.has_value()); });
  settle(harness);

  BOOST_TEST((won == std::vector<bool>{true, false}));
  BOOST_TEST(range(harness, "").value().entries.at(0).value == "a");
}

BOOST_AUTO_TEST_CASE_TEMPLATE(keys_are_printable_and_short, Harness, StateHarnesses) {
  Harness harness;

  BOOST_TEST((put(harness, "", "x").error().code == Errc::invalid_argument));
  BOOST_TEST((put(harness, "a\nb", "x").error().code == Errc::invalid_argument));
  BOOST_TEST((put(harness, "caf\xc3\xa9", "x").error().code == Errc::invalid_argument));
  BOOST_TEST((put(harness, std::string(513, 'k'), "x").error().code == Errc::too_large));
  BOOST_TEST(put(harness, std::string(512, 'k'), "x").has_value());
  BOOST_TEST((range(harness, "a\x01").error().code == Errc::invalid_argument));
  BOOST_TEST((commit(harness, {{{"\t", {0}}}, {Put{"k", "x"}}}).error().code == Errc::invalid_argument));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(values_and_transactions_over_their_limits_are_refused_whole, Harness, StateHarnesses) {
  Harness harness;
  const std::string full(state_value_bytes_max, 'v');
  Transaction many;
  for (size_t i = 0; i <= transaction_ops_max; ++i) many.ops.push_back(Put{fmt::format("k{}", i), "x"});

  const auto value = commit(harness, {{}, {Put{"small", "x"}, Put{"big", full + "v"}}});
  const auto sum = commit(harness, {{}, {Put{"a", full}, Put{"b", full}, Put{"c", full}}});
  const auto count = commit(harness, many);

  BOOST_TEST((value.error().code == Errc::too_large));
  BOOST_TEST(value.error().message == "the value of 'big' has 524289 bytes; at most 524288 are allowed");
  BOOST_TEST((sum.error().code == Errc::too_large));
  BOOST_TEST((count.error().code == Errc::too_large));
  BOOST_TEST(range(harness, "").value().entries.empty());
  BOOST_TEST(commit(harness, {{}, {Put{"a", full}, Put{"b", full}}}).has_value());
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_transaction_has_ops_and_one_per_key, Harness, StateHarnesses) {
  Harness harness;

  BOOST_TEST((commit(harness, {}).error().code == Errc::invalid_argument));
  BOOST_TEST((commit(harness, {{}, {Put{"k", "1"}, Delete{"k"}}}).error().code == Errc::invalid_argument));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_full_store_refuses_growth_but_takes_deletes, Harness, StateHarnesses) {
  Harness harness({.live_bytes_max = ByteCount{10}});
  BOOST_REQUIRE(put(harness, "a", "12345").has_value());

  BOOST_TEST((put(harness, "b", "12345").error().code == Errc::resource_exhausted));
  BOOST_TEST(put(harness, "a", "123456789").has_value());
  BOOST_TEST(commit(harness, {{}, {Delete{"a"}, Put{"b", "123456789"}}}).has_value());
  BOOST_TEST(commit(harness, {{}, {Delete{"b"}}}).has_value());
  BOOST_TEST(put(harness, "b", "12345").has_value());
}

BOOST_AUTO_TEST_CASE_TEMPLATE(destruction_finishes_the_calls_already_made, Harness, StateHarnesses) {
  Harness harness;
  std::vector<uint64_t> revisions;
  for (int i = 0; i < 20; ++i)
    harness.store().commit({{}, {Put{fmt::format("k{}", i), "x"}}},
                           [&](Result<Revision> result) { revisions.push_back(result.value().value); });

  harness.destroy();

  BOOST_REQUIRE(revisions.size() == 20u);
  BOOST_TEST(revisions.back() == 20u);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_callback_may_call_the_store, Harness, StateHarnesses) {
  std::promise<uint64_t> second;
  Harness harness;
  harness.store().commit({{}, {Put{"k", "1"}}}, [&](Result<Revision>) {
    harness.store().commit({{}, {Put{"k", "2"}}},
                           [&](Result<Revision> result) { second.set_value(result.value().value); });
  });
  harness.run();

  BOOST_TEST(second.get_future().get() == 2u);
}

BOOST_AUTO_TEST_SUITE_END()
