#pragma once
// MemoryRecordStore: a RecordStore in memory. Writes are done at once, in the caller's thread, unless a test holds or
// refuses them. Thread-safe.

#include <map>
#include <mutex>

#include "storage/record_store.hpp"

namespace troupe::test {

class MemoryRecordStore final : public storage::RecordStore {
 public:
  void load(std::function<void(Result<storage::Records>)> done) override { done(all()); }

  void write(std::string key, std::optional<std::string> value, std::function<void(Status)> done) override {
    {
      const std::lock_guard lock(mutex_);
      if (is_holding_ && value) {
        held_.push_back({std::move(key), std::move(value), std::move(done)});
        return;
      }
      if (!refusal_ && value) records_.insert_or_assign(std::move(key), std::move(*value));
      if (!refusal_ && !value) records_.erase(key);
    }
    if (done) done(refusal_ ? Status(fail(*refusal_)) : Status{});
  }

  /// From now on puts wait for release().
  void hold() {
    const std::lock_guard lock(mutex_);
    is_holding_ = true;
  }
  size_t held() const {
    const std::lock_guard lock(mutex_);
    return held_.size();
  }
  void release() {
    std::vector<Held> held;
    {
      const std::lock_guard lock(mutex_);
      is_holding_ = false;
      held.swap(held_);
    }
    for (Held& one : held) write(std::move(one.key), std::move(one.value), std::move(one.done));
  }
  /// Set before anybody writes.
  void refuse(Error error) { refusal_ = std::move(error); }

  storage::Records all() const {
    const std::lock_guard lock(mutex_);
    return {records_.begin(), records_.end()};
  }

 private:
  struct Held {
    std::string key;
    std::optional<std::string> value;
    std::function<void(Status)> done;
  };

  mutable std::mutex mutex_;
  std::map<std::string, std::string> records_;
  std::vector<Held> held_;
  bool is_holding_ = false;
  std::optional<Error> refusal_;
};

}  // namespace troupe::test
