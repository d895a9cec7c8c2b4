#pragma once
// Both implementations of StateStore behind one face, with calls that wait for their answer.

#include <future>
#include <memory>
#include <mutex>
#include <tuple>
#include <vector>

#include "storage/rocksdb_state_store.hpp"
#include "temp_directory.hpp"
#include "test/fakes/memory_state_store.hpp"

namespace troupe::test {

class MemoryHarness {
 public:
  explicit MemoryHarness(const storage::StateStoreOptions& options = {})
      : store_(std::make_unique<MemoryStateStore>(options)) {}

  storage::StateStore& store() { return *store_; }
  void run() { store_->run_pending(); }
  void destroy() { store_.reset(); }

 private:
  std::unique_ptr<MemoryStateStore> store_;
};

class RocksdbHarness {
 public:
  explicit RocksdbHarness(const storage::StateStoreOptions& options = {})
      : store_(storage::open_rocksdb_state_store(directory_.path(), options).value()) {}

  storage::StateStore& store() { return *store_; }
  void run() {}
  void destroy() { store_.reset(); }

 private:
  TempDirectory directory_;
  std::unique_ptr<storage::StateStore> store_;
};

using StateHarnesses = std::tuple<MemoryHarness, RocksdbHarness>;

template <class Run>
Result<storage::RangeResult> range(storage::StateStore& store, Run&& run, std::string prefix) {
  const auto answer = std::make_shared<std::promise<Result<storage::RangeResult>>>();
  store.range(std::move(prefix),
              [answer](Result<storage::RangeResult> result) { answer->set_value(std::move(result)); });
  run();
  return answer->get_future().get();
}

template <class Run>
Result<storage::Revision> commit(storage::StateStore& store, Run&& run, storage::Transaction transaction) {
  const auto answer = std::make_shared<std::promise<Result<storage::Revision>>>();
  store.commit(std::move(transaction),
               [answer](Result<storage::Revision> result) { answer->set_value(std::move(result)); });
  run();
  return answer->get_future().get();
}

template <class Harness>
Result<storage::RangeResult> range(Harness& harness, std::string prefix) {
  return range(
      harness.store(), [&] { harness.run(); }, std::move(prefix));
}

template <class Harness>
Result<storage::Revision> commit(Harness& harness, storage::Transaction transaction) {
  return commit(
      harness.store(), [&] { harness.run(); }, std::move(transaction));
}

template <class Harness>
Result<storage::Revision> put(Harness& harness, std::string key, std::string value) {
  return commit(harness, {{}, {storage::Put{std::move(key), std::move(value)}}});
}

/// Everything queued before is done: the store answers in the order of the calls.
template <class Harness>
void settle(Harness& harness) {
  BOOST_REQUIRE(range(harness, "").has_value());
}

/// What a watch heard; its callback may run on the store's thread.
class Heard {
 public:
  storage::WatchCallback callback() {
    return [this](const storage::WatchEvent& event) {
      const std::lock_guard lock(mutex_);
      events_.push_back(event);
    };
  }
  std::vector<storage::WatchEvent> events() const {
    const std::lock_guard lock(mutex_);
    return events_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<storage::WatchEvent> events_;
};

}  // namespace troupe::test
