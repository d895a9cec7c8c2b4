#pragma once
// AnswerTable: which requests with an idempotency key run, who waits for them, and what they answered. Pure: it knows
// requests by name, attempts and those who wait by id; the actor around it runs, stores and answers.
//
// A key is free; then its request runs (first durably begun), then settles (its answer is being made durable), then is
// finished until it expires. After a crash one that had begun may have run: it runs again for the next who asks.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "actors/balancer/messages.hpp"
#include "actors/gateway/idempotency/answer_record.hpp"
#include "runtime/base/clock.hpp"
#include "runtime/base/units.hpp"

namespace troupe::gateway {

struct AnswerTableOptions {
  size_t records_max = 65536;          ///< Then the oldest that does not run goes; where all run, nobody more gets in.
  ByteCount bytes_max = 64_MiB;        ///< Of all answers; the oldest go first.
  ByteCount answer_bytes_max = 1_MiB;  ///< A longer one goes to those who wait, and is not kept.
  size_t waiting_max = 4096;           ///< Who may wait at a time.
  Duration retention = std::chrono::hours{24};  ///< From the end of a request, or the beginning of one that was lost.
};

class AnswerTable {
 public:
  using Id = balancer::DispatchId;

  enum class Outcome : uint8_t {
    first,         ///< Must run: nothing is known of it.
    again,         ///< Must run: an attempt of before a crash may have run, but left no answer.
    joined,        ///< Waits for the attempt that runs.
    replayed,      ///< Has its answer.
    reused,        ///< The key stands for another request.
    unrepeatable,  ///< It has run, or runs, and its answer is too long to be given again.
    full,          ///< Too many run, or wait.
  };
  struct Arrival {
    Outcome outcome;
    std::vector<PartPtr> parts{};          ///< replayed: the answer. joined: what has come so far, where it streams.
    std::optional<AnswerRecord> record{};  ///< first, again: to be made durable before it runs.
  };
  struct Delivery {
    Id waiter;
    std::vector<PartPtr> parts;  ///< To the end of the answer; empty: it is too long to be given to this one.
  };

  explicit AnswerTable(AnswerTableOptions options) : options_(options) {}

  /// Of the store, at the start.
  void restore(std::string name, AnswerRecord record);

  /// `waiter` asks; where it is first (or again), it waits for the attempt `attempt`, which must begin.
  Arrival arrive(const std::string& name, const std::string& fingerprint, Id attempt, Id waiter, bool streams,
                 WallTime now);
  /// Whether there is an answer, or an attempt that makes it, or one of before a crash.
  bool knows(const std::string& name, WallTime now);
  /// Who asked wants no more. The attempt goes on.
  void withdraw(Id waiter);

  /// A part that is not the last: who gets it at once. Unknown attempts are ignored, here and below.
  std::vector<Id> add(const std::string& name, Id attempt, PartPtr part);
  /// The last part: what must be made durable before anybody gets it.
  std::optional<AnswerRecord> finish(const std::string& name, Id attempt, PartPtr last, WallTime now);
  /// It is durable: who gets what. The key is finished.
  std::vector<Delivery> settle(const std::string& name, Id attempt);
  /// The attempt failed: who waited for it. The key is free.
  std::vector<Id> abandon(const std::string& name, Id attempt);

  void expire(WallTime now);
  /// Records that went since the last call, to be deleted from the store.
  std::vector<std::string> take_dropped();

  size_t size() const noexcept { return entries_.size(); }
  uint64_t bytes() const noexcept { return bytes_; }
  size_t waiting() const noexcept { return waiting_.size(); }

 private:
  enum class State : uint8_t { running, settling, lost, finished };
  struct Waiter {
    Id id;
    bool streams = false;
  };
  struct Entry {
    State state = State::running;
    std::string fingerprint;
    int64_t at_unix_us = 0;
    uint32_t attempts = 0;
    uint64_t bytes = 0;
    Id attempt;                    ///< running, settling
    std::vector<Waiter> waiters;   ///< running, settling
    std::vector<PartPtr> parts;    ///< running, settling: what came, but the last. finished: the answer.
    bool is_repeatable = true;     ///< False: `parts` was too long and is dropped.
    PartPtr last{};                ///< settling
    std::vector<PartPtr> whole{};  ///< settling: what will be `parts`.
  };
  using Entries = std::unordered_map<std::string, Entry>;

  Arrival begin(const std::string& name, Entry& entry, Id attempt, Waiter waiter, WallTime now);
  Arrival join(const std::string& name, Entry& entry, Waiter waiter);
  Entry* of_attempt(const std::string& name, Id attempt);
  AnswerRecord record_of(const Entry& entry) const;
  bool reserve(uint64_t bytes);
  bool drop_oldest();
  void erase(Entries::iterator found);
  void forget_parts(Entry& entry);
  void rest(const std::string& name, Entry& entry);
  void unrest(const std::string& name, const Entry& entry);

  AnswerTableOptions options_;
  Entries entries_;
  std::multimap<int64_t, std::string> resting_;  ///< Those that do not run, the oldest first.
  std::unordered_map<Id, std::string> waiting_;  ///< For which name.
  std::vector<std::string> dropped_;
  uint64_t bytes_ = 0;
};

}  // namespace troupe::gateway
