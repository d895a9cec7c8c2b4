#include "cluster/head/audit_log.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <future>
#include <map>

#include "cluster/head/audit_text.hpp"
#include "storage/rocksdb_state_store.hpp"
#include "test/unit/storage/temp_directory.hpp"

using namespace troupe;
using namespace troupe::cluster;
using namespace std::chrono_literals;

namespace {

const WallTime noon = wall_time_from_unix_microseconds(1'800'000'000'000'000);

AuditEntry entry_of(const std::string& object) {
  return {{"admin key 3f0a9c1b22de", "127.0.0.1:50312", "apply", object}, AuditOutcome::done, "", "x1 -> x2"};
}

/// An AuditLog and what the state store holds of it.
struct Chain {
  explicit Chain(AuditLimits limits = {}) : limits(limits), log(limits) {}

  void append(const AuditEntry& entry) {
    const AuditAppend next = log.next(entry, noon);
    BOOST_REQUIRE(next.ops.size() <= audit_ops_max);
    for (const storage::StateOp& op : next.ops) {
      if (const auto* put = std::get_if<storage::Put>(&op)) stored[put->key] = put->value;
      if (const auto* gone = std::get_if<storage::Delete>(&op)) stored.erase(gone->key);
    }
    log.stored(next);
  }
  void append(int count) {
    for (int i = 0; i < count; ++i) append(entry_of("Deployment d-" + std::to_string(log.tip().newest + 1)));
  }

  std::vector<storage::StateEntry> entries() const {
    std::vector<storage::StateEntry> all;
    for (const auto& [key, value] : stored)
      if (key.starts_with(audit_prefix)) all.push_back({key, value, {}, {}});
    return all;
  }
  AuditRecord record(uint64_t sequence) const {
    return decode_audit(audit_key(sequence), stored.at(audit_key(sequence))).value();
  }
  AuditCheck::Verdict verify() const {
    AuditCheck check(log.tip());
    for (const storage::StateEntry& entry : entries()) check.add(entry);
    return check.finish();
  }
  /// As a head that starts reads it.
  std::vector<Error> restart() {
    log = AuditLog(limits);
    const auto tip = stored.find(std::string(audit_tip_key));
    return log.restore(entries(), tip == stored.end() ? std::nullopt : std::optional(tip->second));
  }
  void change(uint64_t sequence, const std::function<void(AuditRecord&)>& edit) {
    AuditRecord changed = record(sequence);
    edit(changed);
    stored[audit_key(sequence)] = encode(changed);
  }

  AuditLimits limits;
  AuditLog log;
  std::map<std::string, std::string> stored;
};

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(audit_log)

BOOST_AUTO_TEST_CASE(a_record_says_who_did_what_and_follows_the_one_before) {
  Chain chain;
  chain.append(2);

  const AuditRecord second = chain.record(2);
  BOOST_TEST(second.sequence == 2U);
  BOOST_TEST(second.who == "admin key 3f0a9c1b22de");
  BOOST_TEST(second.from == "127.0.0.1:50312");
  BOOST_TEST(second.action == "apply");
  BOOST_TEST(second.object == "Deployment d-2");
  BOOST_TEST(second.change == "x1 -> x2");
  BOOST_TEST((second.outcome == AuditOutcome::done));
  BOOST_TEST(second.time_unix_us == unix_microseconds(noon));
  BOOST_TEST(second.previous == chain.record(1).hash);
  BOOST_TEST(chain.record(1).previous == audit_origin());
  BOOST_TEST(!chain.verify().broken_at.has_value());
}

BOOST_AUTO_TEST_CASE(a_new_log_is_whole_and_empty) {
  const auto verdict = Chain().verify();

  BOOST_TEST(!verdict.broken_at.has_value());
  BOOST_TEST(verdict.records == 0U);
}

BOOST_AUTO_TEST_CASE(what_is_not_stored_is_no_part_of_the_chain) {
  Chain chain;
  chain.append(1);

  static_cast<void>(chain.log.next(entry_of("lost"), noon));
  chain.append(1);

  BOOST_TEST(chain.record(2).object == "Deployment d-2");
  BOOST_TEST(!chain.verify().broken_at.has_value());
}

BOOST_AUTO_TEST_CASE(whatever_is_changed_in_a_record_is_found_at_it) {
  const std::vector<std::function<void(AuditRecord&)>> edits{
      [](AuditRecord& r) { r.who = "admin key 000000000000"; },
      [](AuditRecord& r) { r.from = "10.0.0.9:1"; },
      [](AuditRecord& r) { r.action = "delete"; },
      [](AuditRecord& r) { r.object += "x"; },
      [](AuditRecord& r) { r.outcome = AuditOutcome::failed; },
      [](AuditRecord& r) { r.error = "no"; },
      [](AuditRecord& r) { r.change.clear(); },
      [](AuditRecord& r) { r.time_unix_us -= 1; },
      [](AuditRecord& r) { r.left_out = 3; },
      [](AuditRecord& r) { r.previous = audit_origin(); },
      [](AuditRecord& r) { r.sequence = 4; },
      [](AuditRecord& r) { r.hash[0] = r.hash[0] == '0' ? '1' : '0'; },
  };
  for (size_t i = 0; i < edits.size(); ++i) {
    Chain chain;
    chain.append(5);
    chain.change(3, edits[i]);

    const auto verdict = chain.verify();
    BOOST_TEST_CONTEXT("edit " << i) {
      BOOST_REQUIRE(verdict.broken_at.has_value());
      BOOST_TEST(*verdict.broken_at == 3U);
      BOOST_TEST(!verdict.reason.empty());
    }
  }
}

BOOST_AUTO_TEST_CASE(a_record_that_was_sealed_anew_breaks_the_chain_behind_it) {
  Chain chain;
  chain.append(5);
  chain.change(3, [](AuditRecord& r) {
    r.who = "nobody";
    r.hash = hash_of(r);
  });

  const auto verdict = chain.verify();
  BOOST_TEST(verdict.broken_at.value() == 4U);
  BOOST_TEST(has(verdict.reason, "does not follow"));

  Chain last;
  last.append(5);
  last.change(5, [](AuditRecord& r) {
    r.who = "nobody";
    r.hash = hash_of(r);
  });
  BOOST_TEST(last.verify().broken_at.value() == 5U);
}

BOOST_AUTO_TEST_CASE(a_record_that_is_missing_or_stands_where_another_was_is_named) {
  for (const uint64_t gone : {1, 3, 5}) {
    Chain chain;
    chain.append(5);
    chain.stored.erase(audit_key(gone));
    BOOST_TEST(chain.verify().broken_at.value() == gone);
    BOOST_TEST(has(chain.verify().reason, "missing"));
  }
  Chain swapped;
  swapped.append(5);
  std::swap(swapped.stored[audit_key(2)], swapped.stored[audit_key(3)]);
  BOOST_TEST(swapped.verify().broken_at.value() == 2U);
  BOOST_TEST(has(swapped.verify().reason, "record 3 lies in its place"));
}

BOOST_AUTO_TEST_CASE(bytes_that_are_no_record_or_more_than_one_are_damage) {
  Chain chain;
  chain.append(3);
  const std::string good = chain.stored[audit_key(2)];
  for (const std::string& bad : {std::string(), std::string("x"), good.substr(0, good.size() - 1), good + '\0'}) {
    chain.stored[audit_key(2)] = bad;
    BOOST_TEST(!decode_audit(audit_key(2), bad).has_value());
    BOOST_TEST(chain.verify().broken_at.value() == 2U);
  }
  // One more field than a record has: decoders pass over those, but nothing seals it.
  std::string longer = good;
  longer[0] = static_cast<char>(longer[0] + 1);
  longer += '\x01';
  BOOST_TEST(!decode_audit(audit_key(2), longer).has_value());
}

BOOST_AUTO_TEST_CASE(a_head_that_starts_again_goes_on_with_the_chain) {
  Chain chain;
  chain.append(3);

  BOOST_TEST(chain.restart().empty());
  chain.append(2);

  BOOST_TEST(chain.log.tip().newest == 5U);
  BOOST_TEST(chain.log.size() == 5U);
  BOOST_TEST(!chain.verify().broken_at.has_value());
}

BOOST_AUTO_TEST_CASE(the_end_of_a_log_cannot_go_unseen_and_the_chain_goes_on_behind_the_damage) {
  Chain chain;
  chain.append(5);
  chain.stored.erase(audit_key(5));
  chain.stored[audit_key(2)] = "damaged";

  BOOST_TEST(chain.restart().size() == 1U);
  chain.append(1);

  BOOST_TEST(chain.log.tip().newest == 6U);
  BOOST_TEST(chain.verify().broken_at.value() == 2U);
}

BOOST_AUTO_TEST_CASE(a_damaged_or_missing_tip_is_told_and_made_again) {
  Chain chain;
  chain.append(3);
  chain.stored[std::string(audit_tip_key)] = "?";

  BOOST_TEST(chain.restart().size() == 1U);
  BOOST_TEST(chain.log.tip().newest == 3U);
  BOOST_TEST(!chain.verify().broken_at.has_value());

  chain.stored.erase(std::string(audit_tip_key));
  BOOST_TEST(chain.restart().size() == 1U);
  chain.append(1);
  BOOST_TEST(chain.record(4).previous == chain.record(3).hash);
}

BOOST_AUTO_TEST_CASE(the_newest_records_are_kept_and_verify_from_where_they_begin) {
  Chain chain({.records_max = 10, .bytes_max = 1_MiB});
  chain.append(25);

  BOOST_TEST(chain.entries().size() == 10U);
  BOOST_TEST(chain.log.tip().first == 16U);
  BOOST_TEST(chain.log.tip().anchor == chain.record(16).previous);
  BOOST_TEST(!chain.verify().broken_at.has_value());
  BOOST_TEST(chain.verify().records == 10U);

  chain.stored.erase(audit_key(16));
  BOOST_TEST(chain.verify().broken_at.value() == 16U);
}

BOOST_AUTO_TEST_CASE(bytes_are_bounded_too_and_a_lower_bound_is_reached_by_and_by) {
  Chain chain({.records_max = 1000, .bytes_max = 4_KiB});
  chain.append(50);
  size_t bytes = 0;
  for (const auto& entry : chain.entries()) bytes += entry.value.size();
  BOOST_TEST(bytes <= 4096U);
  BOOST_TEST(chain.entries().size() > 3U);

  chain.limits.records_max = 2;
  BOOST_TEST(chain.restart().empty());
  chain.append(5);
  BOOST_TEST(chain.entries().size() == 2U);
  BOOST_TEST(!chain.verify().broken_at.has_value());
}

BOOST_AUTO_TEST_CASE(long_and_foreign_texts_are_cut_and_made_fit) {
  Chain chain;
  AuditEntry entry = entry_of(std::string(100'000, 'o'));
  entry.error = std::string(100'000, 'e');
  entry.act.from = "\xff\xfe";
  chain.append(entry);

  BOOST_TEST(chain.stored[audit_key(1)].size() < 4096U);
  BOOST_TEST(!chain.verify().broken_at.has_value());
}

BOOST_AUTO_TEST_CASE(what_strangers_call_themselves_does_nothing_to_a_terminal) {
  Chain chain;
  AuditEntry entry = entry_of(
      "Node \x1b[2Jevil\n\x7f \xc2\x9b"
      "31m \xc3\xa9");
  chain.append(entry);

  BOOST_TEST(chain.record(1).object == "Node  [2Jevil    31m \xc3\xa9");
}

BOOST_AUTO_TEST_CASE(acts_without_a_record_are_counted_in_the_next_one_that_is_stored) {
  Chain chain;
  chain.log.leave_out(7);
  static_cast<void>(chain.log.next(entry_of("not stored"), noon));
  const AuditAppend next = chain.log.next(entry_of("stored"), noon);
  chain.log.leave_out(2);
  chain.log.stored(next);

  BOOST_TEST(next.left_out == 7U);
  BOOST_TEST(chain.log.left_out() == 2U);
}

BOOST_AUTO_TEST_CASE(records_that_go_while_a_chain_is_checked_are_passed_over) {
  Chain chain({.records_max = 10, .bytes_max = 1_MiB});
  chain.append(10);
  AuditCheck check(chain.log.tip());
  const auto before = chain.entries();
  for (size_t i = 0; i < 3; ++i) check.add(before[i]);
  chain.append(6);

  check.pruned(chain.log.tip());
  for (const auto& entry : chain.entries()) check.add(entry);

  const auto verdict = check.finish();
  BOOST_TEST(!verdict.broken_at.has_value());
  BOOST_TEST(verdict.newest == 10U);
}

BOOST_AUTO_TEST_CASE(strangers_get_a_few_records_at_once_and_then_one_in_a_while) {
  RefusalThrottle throttle;
  Time now{1h};
  const auto admitted = [&](int asked) {
    int count = 0;
    for (int i = 0; i < asked; ++i) count += throttle.admit(now);
    return count;
  };

  BOOST_TEST(admitted(100'000) == 20);
  now += RefusalThrottle::every - 1ms;
  BOOST_TEST(admitted(100) == 0);
  now += 1ms;
  BOOST_TEST(admitted(100) == 1);
  now += RefusalThrottle::every * 3;
  BOOST_TEST(admitted(100) == 3);
  now += 24h * 365;
  BOOST_TEST(admitted(100) == 20);
}

BOOST_AUTO_TEST_CASE(keys_are_in_the_order_of_records_and_a_block_is_a_prefix) {
  BOOST_TEST(audit_key(9) < audit_key(10));
  BOOST_TEST(audit_key(999'999) < audit_key(1'000'000));
  BOOST_TEST(audit_key(UINT64_MAX).size() == audit_key(1).size());
  BOOST_TEST(audit_key(1999).starts_with(prefix_of_block(1000)));
  BOOST_TEST(!audit_key(2000).starts_with(prefix_of_block(1999)));
  BOOST_TEST(sequence_of(audit_key(42)).value() == 42U);
  for (const char* key : {"audit/42", "audit/0000000000000000004x", "audit/", "deployment/d"})
    BOOST_TEST(!sequence_of(key).has_value());
}

BOOST_AUTO_TEST_CASE(a_change_behind_the_heads_back_in_its_database_is_found) {
  test::TempDirectory temp;
  const auto folder = temp.path() / "control";
  const auto each = [](storage::StateStore& store, std::vector<storage::StateOp> ops) {
    std::promise<Result<storage::Revision>> done;
    storage::Transaction transaction;
    transaction.ops = std::move(ops);
    store.commit(std::move(transaction),
                 [&](Result<storage::Revision> revision) { done.set_value(std::move(revision)); });
    BOOST_REQUIRE(done.get_future().get().has_value());
  };
  const auto range = [](storage::StateStore& store) {
    std::promise<Result<storage::RangeResult>> done;
    store.range(std::string(audit_prefix),
                [&](Result<storage::RangeResult> found) { done.set_value(std::move(found)); });
    return done.get_future().get().value().entries;
  };
  AuditLog log;
  {
    const auto store = storage::open_rocksdb_state_store(folder).value();
    for (int i = 0; i < 5; ++i) {
      const AuditAppend append = log.next(entry_of("d"), noon);
      each(*store, append.ops);
      log.stored(append);
    }
  }
  {
    const auto store = storage::open_rocksdb_state_store(folder).value();
    AuditRecord record = decode_audit(audit_key(4), range(*store)[3].value).value();
    record.who = "somebody else";
    each(*store, {storage::Put{audit_key(4), encode(record)}});
  }

  const auto store = storage::open_rocksdb_state_store(folder).value();
  AuditCheck check(log.tip());
  for (const auto& entry : range(*store)) check.add(entry);
  BOOST_TEST(check.finish().broken_at.value() == 4U);
}

BOOST_AUTO_TEST_CASE(a_deployments_change_is_told_in_short) {
  DeploymentRecord before;
  before.model = "clerk";
  before.version = "2";
  before.replicas = 2;
  DeploymentRecord after = before;
  BOOST_TEST(change_of(nullptr, before) == "created: clerk@2 x2, weight 1");
  after.replicas = 4;
  after.weight = 0.5;
  BOOST_TEST(change_of(&before, after) == "x2 -> x4, weight 1 -> 0.5");
  after = before;
  after.version = "3";
  after.settings["a"] = "b";
  BOOST_TEST(change_of(&before, after) == "clerk@2 -> clerk@3, settings");
}

BOOST_AUTO_TEST_SUITE_END()
