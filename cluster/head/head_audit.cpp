// HeadActor: what was done is stored with what it did, in one transaction; and the audit log as others read it.

#include <algorithm>

#include "cluster/head/admin_audit.hpp"
#include "cluster/head/head_actor.hpp"
#include "cluster/head/views.hpp"

namespace troupe::cluster {

using observe::kv;

namespace {

constexpr size_t changes_waiting_max = 256;

bool is_refusal(const Error& error) {
  return error.code == Errc::unauthenticated || error.code == Errc::permission_denied;
}

}  // namespace

struct HeadActor::AuditReading {
  ReadAudit wish;
  uint64_t next = 0;
  nlohmann::json rows = nlohmann::json::array();
  Done done;
};

/// `done`, with a record of what did not succeed. What did has one by then.
HeadActor::Done HeadActor::recording_failure(const AuditAct& by, Done done) {
  return [this, by, done = std::move(done)](Result<std::string> result) {
    if (result) return done(std::move(result));
    AuditEntry entry{by, AuditOutcome::failed, result.error().message, {}};
    if (is_refusal(result.error())) entry.outcome = AuditOutcome::refused;
    record(std::move(entry), [this, done, result = std::move(result)](const Status& stored) {
      if (!stored) options_.audit.leave_out(1);
      done(result);
    });
  };
}

/// `transaction` and the record of it, both or neither. One after the other: each record holds the hash of the one
/// before.
void HeadActor::commit(storage::Transaction transaction, AuditEntry entry,
                       std::function<void(Result<storage::Revision>)> done) {
  if (changes_.size() >= changes_waiting_max)
    return done(fail(Errc::overloaded, "{} changes wait for the disk already; try again", changes_.size()));
  changes_.push_back({std::move(transaction), std::move(entry), std::move(done)});
  commit_next();
}

void HeadActor::commit_next() {
  if (is_committing_ || changes_.empty()) return;
  is_committing_ = true;
  const auto change = std::make_shared<Change>(std::move(changes_.front()));
  changes_.pop_front();
  const auto append = std::make_shared<const AuditAppend>(options_.audit.next(change->entry, context().wall()));
  storage::Transaction& transaction = change->transaction;
  transaction.ops.insert(transaction.ops.end(), append->ops.begin(), append->ops.end());
  options_.store->commit(
      std::move(transaction),
      context().bind<Result<storage::Revision>>([this, change, append](const Result<storage::Revision>& revision) {
        if (revision) {
          options_.audit.stored(*append);
          return end_commit(*change, revision);
        }
        options_.log.error("a change could not be stored", kv("action", change->entry.act.action),
                           kv("object", change->entry.act.object), kv("error", revision.error().message));
        find_tip(change, append, revision);
      }));
}

/// A write failed: whether its record is stored, and so what the next one follows, is known only to the store.
void HeadActor::find_tip(const std::shared_ptr<Change>& change, const std::shared_ptr<const AuditAppend>& append,
                         const Result<storage::Revision>& failed) {
  options_.store->range(std::string(audit_tip_key),
                        context().bind<Result<storage::RangeResult>>(
                            [this, change, append, failed](const Result<storage::RangeResult>& range) {
                              const auto tip = range && !range->entries.empty()
                                                   ? decode_audit_tip(range->entries.front().value)
                                                   : Result<AuditTip>(fail(Errc::not_found, "there is no tip"));
                              if (tip && *tip == append->tip) options_.audit.stored(*append);
                              end_commit(*change, failed);
                            }));
}

void HeadActor::end_commit(const Change& change, const Result<storage::Revision>& revision) {
  is_committing_ = false;
  change.done(revision);
  commit_next();
}

void HeadActor::record(AuditEntry entry, std::function<void(Status)> done) {
  commit({}, std::move(entry), [done = std::move(done)](const Result<storage::Revision>& revision) {
    done(revision ? Status{} : fail(revision.error()));
  });
}

/// What was done elsewhere than in the state store is acknowledged when its record is durable.
void HeadActor::record_done(const AuditAct& by, std::string change, std::string answer, const Done& done) {
  record({by, AuditOutcome::done, {}, std::move(change)}, [answer = std::move(answer), done](const Status& stored) {
    if (stored) return done(answer);
    Error error = stored.error();
    error.message = "it was done, but could not be recorded: " + error.message;
    done(fail(std::move(error)));
  });
}

void HeadActor::take_refusal(const RefusedWrite& refused) {
  if (is_refusal(refused.error)) return record_refusal(refused.act, refused.error);
  // Who has the key may err as often as they like.
  recording_failure(refused.act, [](const Result<std::string>&) {})(fail(refused.error));
}

/// Of a stranger, who may ask without end.
void HeadActor::record_refusal(const AuditAct& act, const Error& error) {
  if (!refusals_.admit(context().now())) return options_.audit.leave_out(1);
  record({act, AuditOutcome::refused, error.message, {}}, [this](const Status& stored) {
    if (!stored) options_.audit.leave_out(1);
  });
}

/// Once nobody asks any more, so that what was left out does not stay untold.
void HeadActor::record_left_out() {
  const uint64_t count = options_.audit.left_out();
  if (count == 0 || !changes_.empty() || is_committing_ || !refusals_.admit(context().now())) return;
  record({{"head", "", "count refusals", ""},
          AuditOutcome::done,
          {},
          fmt::format("{} have no record of their own", count)},
         [](const Status&) {});
}

void HeadActor::read_audit(const ReadAudit& wish, const Done& done) {
  const auto reading = std::make_shared<AuditReading>();
  const AuditTip& tip = options_.audit.tip();
  reading->wish = wish;
  const uint64_t newest_page = tip.newest >= wish.limit ? tip.newest - wish.limit + 1 : 1;
  reading->next = std::max(wish.since.value_or(newest_page), tip.first);
  reading->done = done;
  read_audit_block(reading);
}

void HeadActor::read_audit_block(const std::shared_ptr<AuditReading>& reading) {
  const bool is_full = reading->rows.size() >= reading->wish.limit;
  const AuditTip& tip = options_.audit.tip();
  if (is_full || reading->next > tip.newest)
    return reading->done(to_text(audit_page(std::move(reading->rows), tip, reading->next, options_.audit.left_out())));
  options_.store->range(
      prefix_of_block(reading->next),
      context().bind<Result<storage::RangeResult>>([this, reading](const Result<storage::RangeResult>& block) {
        if (!block) return reading->done(fail(block.error()));
        const uint64_t behind = (reading->next / audit_block_records + 1) * audit_block_records;
        for (const storage::StateEntry& entry : block->entries) {
          const auto sequence = sequence_of(entry.key);
          if (!sequence || *sequence < reading->next) continue;
          if (reading->rows.size() >= reading->wish.limit) return read_audit_block(reading);
          const auto record = decode_audit(entry.key, entry.value);
          reading->rows.push_back(record ? audit_row(*record) : damaged_audit_row(*sequence, record.error()));
          reading->next = *sequence + 1;
        }
        reading->next = std::max(reading->next, std::min(behind, options_.audit.tip().newest + 1));
        read_audit_block(reading);
      }));
}

void HeadActor::verify_audit(const Done& done) {
  check_audit_block(std::make_shared<AuditCheck>(options_.audit.tip()), done);
}

void HeadActor::check_audit_block(const std::shared_ptr<AuditCheck>& check, const Done& done) {
  if (check->is_over()) return done(to_text(verdict_row(check->finish())));
  options_.store->range(
      prefix_of_block(check->next()),
      context().bind<Result<storage::RangeResult>>([this, check, done](const Result<storage::RangeResult>& block) {
        if (!block) return done(fail(block.error()));
        check->pruned(options_.audit.tip());
        const uint64_t before = check->next();
        for (const storage::StateEntry& entry : block->entries) check->add(entry);
        // Nothing of what was looked for lies there.
        if (check->next() == before) return done(to_text(verdict_row(check->finish())));
        check_audit_block(check, done);
      }));
}

}  // namespace troupe::cluster
