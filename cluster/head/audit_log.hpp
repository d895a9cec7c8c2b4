#pragma once
// AuditLog: the chain of what was done to a cluster: what its next record says, which old ones go, and how it is
// checked. Pure: it says what is to be stored, and is told when that is done; `now` is an argument.

#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "cluster/spec/audit_record.hpp"
#include "runtime/base/clock.hpp"
#include "runtime/base/units.hpp"
#include "storage/state_store.hpp"

namespace troupe::cluster {

struct AuditLimits {
  size_t records_max = 20'000;  ///< The newest are kept.
  ByteCount bytes_max = 16_MiB;
};

/// A record that is to be stored, and what goes with it into the same transaction.
struct AuditAppend {
  std::vector<storage::StateOp> ops;  ///< At most audit_ops_max.
  AuditTip tip;                       ///< As it is then.
  std::string previous;
  size_t bytes = 0;
  size_t pruned = 0;
  uint64_t left_out = 0;
};
inline constexpr size_t audit_ops_max = 10;

class AuditLog {
 public:
  explicit AuditLog(AuditLimits limits = {}) : limits_(limits) { tip_.anchor = tip_.newest_hash = audit_origin(); }

  /// What the state store holds at the start: the entries under audit_prefix, and audit_tip_key's value. Damage is for
  /// the log and for AuditCheck; the chain goes on behind it.
  std::vector<Error> restore(const std::vector<storage::StateEntry>& records, const std::optional<std::string>& tip);

  /// The next record: texts are cut to what is kept of them. Nothing has changed until it is stored.
  AuditAppend next(const AuditEntry& entry, WallTime now) const;
  void stored(const AuditAppend& append);

  /// Acts refused or failed that get no record: the next one says how many.
  void leave_out(uint64_t acts) { left_out_ += acts; }
  uint64_t left_out() const noexcept { return left_out_; }

  const AuditTip& tip() const noexcept { return tip_; }
  size_t size() const noexcept { return kept_.size(); }

 private:
  struct Kept {
    std::string previous;  ///< Empty where the record is damaged.
    size_t bytes = 0;
    uint64_t sequence = 0;
  };

  AuditLimits limits_;
  AuditTip tip_;
  std::deque<Kept> kept_;
  uint64_t bytes_ = 0;
  uint64_t left_out_ = 0;
};

/// Which refused acts get a record each: so many at once, then one in a while. Strangers can neither fill the disk nor
/// push out what others did. `now` must not go backwards.
class RefusalThrottle {
 public:
  static constexpr uint32_t burst = 20;
  static constexpr Duration every = std::chrono::minutes{10};

  bool admit(Time now);

 private:
  uint32_t spent_ = 0;
  Time refilled_{};  ///< When `spent_` was last lowered, or rose from 0.
};

/// Follows a chain from its anchor to its newest record.
class AuditCheck {
 public:
  struct Verdict {
    uint64_t first = 1;    ///< Where the check began,
    uint64_t newest = 0;   ///< and to which record it went.
    std::string hash;      ///< Of that one.
    uint64_t records = 0;  ///< That are in order.
    std::optional<uint64_t> broken_at;
    std::string reason;
  };

  /// Of the records as `tip` has them now; what comes later is not looked at.
  explicit AuditCheck(const AuditTip& tip);

  /// The entries under audit_prefix, oldest first.
  void add(const storage::StateEntry& entry);
  /// Meanwhile old records have gone; call before what was read then is added.
  void pruned(const AuditTip& tip);
  /// First sequence that has not been looked at.
  uint64_t next() const noexcept { return next_; }
  bool is_over() const noexcept { return verdict_.broken_at || next_ > verdict_.newest; }
  Verdict finish();

 private:
  void end_at(uint64_t sequence, std::string reason);

  Verdict verdict_;
  uint64_t next_;
  std::string running_;  ///< Hash of the record before `next_`.
};

}  // namespace troupe::cluster
