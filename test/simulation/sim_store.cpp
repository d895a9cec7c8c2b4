#include "test/simulation/sim_store.hpp"

namespace troupe::sim {

storage::RangeResult SimDisk::read(const std::string& prefix) {
  storage::RangeResult found;
  store_->range(prefix, [&](Result<storage::RangeResult> range) { found = std::move(*range); });
  store_->run_pending();
  return found;
}

Result<storage::Revision> SimDisk::write(storage::Transaction transaction) {
  Result<storage::Revision> written;
  store_->commit(std::move(transaction), [&](Result<storage::Revision> revision) { written = std::move(revision); });
  store_->run_pending();
  return written;
}

void SimStore::submit(Call call) {
  if (!delayed_) return call.run();
  calls_.push_back(std::move(call));
  if (calls_.size() == 1) plan();
}

void SimStore::plan() {
  const auto spread = static_cast<uint64_t>(options_.delay_max.count());
  const Duration delay{static_cast<int64_t>(schedule_.random().below(spread + 1))};
  schedule_.after(owner_, delay, [this] {
    const Call call = std::move(calls_.front());
    calls_.pop_front();
    if (!calls_.empty()) plan();
    call.run();
  });
}

void SimStore::range(std::string prefix, storage::RangeCallback done) {
  submit({std::nullopt, [this, prefix = std::move(prefix), done = std::move(done)] { done(disk_.read(prefix)); }});
}

void SimStore::commit(storage::Transaction transaction, storage::CommitCallback done) {
  submit({transaction, [this, transaction, done = std::move(done)] {
            Random& random = schedule_.random();
            if (delayed_ && options_.lost_chance > 0 && random.uniform() < options_.lost_chance)
              return done(storage::Revision{disk_.read("").revision.value + 1});
            if (delayed_ && options_.error_chance > 0 && random.uniform() < options_.error_chance) {
              if (random.below(2) == 0) static_cast<void>(disk_.write(transaction));
              return done(fail(Errc::io_error, "the simulated disk failed"));
            }
            done(disk_.write(transaction));
          }});
}

Result<storage::WatchHandle> SimStore::watch(std::string, storage::Revision, storage::WatchCallback) {
  return fail(Errc::unimplemented, "nobody watches in a simulation");
}

void SimStore::die() {
  const size_t written = schedule_.random().below(calls_.size() + 1);
  for (size_t i = 0; i < written; ++i)
    if (calls_[i].transaction) static_cast<void>(disk_.write(*calls_[i].transaction));
  calls_.clear();
}

}  // namespace troupe::sim
