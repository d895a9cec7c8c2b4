#pragma once
// MemoryStateStore: a StateStore in memory for unit tests and the simulator. Nothing happens until run_pending(), which
// then runs on the caller's thread: tests decide when results come. One thread.

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "storage/state_store.hpp"
#include "storage/state_transaction.hpp"
#include "storage/watch_hub.hpp"

namespace troupe::test {

class MemoryStateStore final : public storage::StateStore {
 public:
  struct Call {
    enum class Kind : uint8_t { range, commit, watch };
    Kind kind = Kind::range;
    std::string prefix;                ///< Of a range or watch.
    storage::Transaction transaction;  ///< Of a commit.
  };

  explicit MemoryStateStore(const storage::StateStoreOptions& options = {})
      : options_(options), hub_({}, options.history_events_max, options.history_bytes_max) {}
  ~MemoryStateStore() override { run_pending(); }

  /// Answers all calls made so far and those made by their callbacks; returns how many.
  size_t run_pending() {
    size_t done = 0;
    for (; !pending_.empty(); ++done) {
      const auto task = std::move(pending_.front());
      pending_.pop_front();
      task();
    }
    return done;
  }

  /// The next call that passes its checks fails with `code` and does nothing else; several are used up in order.
  void fail_next(Errc code) { failures_.push_back(code); }

  const std::vector<Call>& calls() const { return calls_; }
  storage::Revision revision() const { return revision_; }

  void range(std::string prefix, storage::RangeCallback done) override {
    calls_.push_back({Call::Kind::range, prefix, {}});
    if (auto valid = storage::check_state_prefix(prefix); !valid) return done(fail(std::move(valid.error())));
    submit<storage::RangeResult>(std::move(done), [this, prefix = std::move(prefix)] { return read(prefix); });
  }

  void commit(storage::Transaction transaction, storage::CommitCallback done) override {
    calls_.push_back({Call::Kind::commit, {}, transaction});
    if (auto valid = storage::check_transaction(transaction); !valid) return done(fail(std::move(valid.error())));
    submit<storage::Revision>(std::move(done), [this, transaction = std::move(transaction)]() mutable {
      return apply(std::move(transaction));
    });
  }

  Result<storage::WatchHandle> watch(std::string prefix, storage::Revision after,
                                     storage::WatchCallback on_event) override {
    calls_.push_back({Call::Kind::watch, prefix, {}});
    TROUPE_CHECK(storage::check_state_prefix(prefix));
    if (auto failure = take_failure()) return fail(std::move(*failure));
    if (pending_.size() >= options_.queue_length_max) return fail(queue_full());
    auto watcher = std::make_shared<storage::Watcher>(std::move(prefix), std::move(on_event));
    pending_.push_back([this, watcher, after] { hub_.add(watcher, after); });
    return storage::make_watch_handle(std::move(watcher));
  }

 private:
  std::optional<Error> take_failure() {
    if (failures_.empty()) return std::nullopt;
    const Errc code = failures_.front();
    failures_.pop_front();
    return Error{code, "a failure that the test asked for", {}, {}};
  }

  static Error queue_full() { return {Errc::overloaded, "the store's queue is full", {}, {}}; }

  template <class T>
  void submit(std::function<void(Result<T>)> done, std::function<Result<T>()> work) {
    if (pending_.size() >= options_.queue_length_max) return done(fail(queue_full()));
    if (auto failure = take_failure())
      pending_.push_back([done = std::move(done), failure = *failure] { done(fail(failure)); });
    else
      pending_.push_back([done = std::move(done), work = std::move(work)] { done(work()); });
  }

  Result<storage::RangeResult> read(const std::string& prefix) const {
    storage::RangeResult result{{}, revision_};
    for (auto it = entries_.lower_bound(prefix); it != entries_.end() && it->first.starts_with(prefix); ++it)
      result.entries.push_back(it->second);
    return result;
  }

  Result<storage::Revision> apply(storage::Transaction transaction) {
    const auto lookup = [this](const std::string& key) -> Result<std::optional<storage::KeyFacts>> {
      const auto it = entries_.find(key);
      if (it == entries_.end()) return std::nullopt;
      return storage::KeyFacts{it->second.create_revision, it->second.mod_revision, it->second.value.size()};
    };
    const storage::Revision next{revision_.value + 1};
    TROUPE_TRY(storage::CommitPlan plan,
               storage::plan_commit(std::move(transaction), next, live_bytes_, options_.live_bytes_max, lookup));
    if (plan.changes.empty()) return revision_;
    for (const storage::KeyChange& change : plan.changes) {
      if (change.value)
        entries_[change.key] = {change.key, *change.value, change.create_revision, next};
      else
        entries_.erase(change.key);
    }
    revision_ = next;
    live_bytes_ = plan.live_bytes;
    hub_.publish({storage::WatchEvent::Kind::changed, next, std::move(plan.changes)});
    return next;
  }

  storage::StateStoreOptions options_;
  std::map<std::string, storage::StateEntry> entries_;
  storage::Revision revision_;
  uint64_t live_bytes_ = 0;
  storage::WatchHub hub_;
  std::deque<std::function<void()>> pending_;
  std::deque<Errc> failures_;
  std::vector<Call> calls_;
};

}  // namespace troupe::test
