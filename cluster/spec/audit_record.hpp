#pragma once
// What the head keeps in the StateStore of who did what: a record an act, each sealed by a hash over itself and the one
// before.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>

#include "runtime/base/result.hpp"

namespace troupe::cluster {

/// Who did what to what, and from where.
struct AuditAct {
  std::string who;     ///< "admin key 3f0a9c1b22de", "join token 12ab…", "head"; never a secret.
  std::string from;    ///< "127.0.0.1:50312"; empty: the head's own process.
  std::string action;  ///< "create token"
  std::string object;  ///< "Deployment clerk-2"
};

enum class AuditOutcome : uint8_t {
  done = 1,
  refused = 2,  ///< Who asked may not.
  failed = 3,
};
const char* to_string(AuditOutcome outcome) noexcept;

/// What is to be recorded of an act.
struct AuditEntry {
  AuditAct act;
  AuditOutcome outcome = AuditOutcome::done;
  std::string error;   ///< Why it was refused or failed.
  std::string change;  ///< What is otherwise now, in short.
};

/// Written under "audit/SEQUENCE".
struct AuditRecord {
  uint32_t schema = 1;
  uint64_t sequence = 0;  ///< From 1, without gaps.
  std::string previous;   ///< Hash of the record before; of the first: audit_origin().
  int64_t time_unix_us = 0;
  std::string who;
  std::string from;
  std::string action;
  std::string object;
  AuditOutcome outcome = AuditOutcome::done;
  std::string error;
  std::string change;
  uint64_t left_out = 0;  ///< Acts refused or failed since the record before that have none of their own.
  std::string hash;       ///< hash_of() this.

  bool operator==(const AuditRecord&) const = default;
  static constexpr auto fields() {
    using R = AuditRecord;
    return std::tuple{&R::schema, &R::sequence, &R::previous, &R::time_unix_us, &R::who,      &R::from, &R::action,
                      &R::object, &R::outcome,  &R::error,    &R::change,       &R::left_out, &R::hash};
  }
};

/// Written under "audit-log": where the kept records begin and end.
struct AuditTip {
  uint32_t schema = 1;
  uint64_t first = 1;       ///< Sequence of the oldest that is kept,
  std::string anchor;       ///< and the hash of the one before it.
  uint64_t newest = 0;      ///< Sequence of the newest; less than `first`: none is kept.
  std::string newest_hash;  ///< Its hash.

  bool operator==(const AuditTip&) const = default;
  static constexpr auto fields() {
    using T = AuditTip;
    return std::tuple{&T::schema, &T::first, &T::anchor, &T::newest, &T::newest_hash};
  }
};

inline constexpr std::string_view audit_prefix = "audit/";
inline constexpr std::string_view audit_tip_key = "audit-log";
/// So many records lie under one prefix_of_block().
inline constexpr uint64_t audit_block_records = 1000;

/// 64 zeros.
std::string audit_origin();
/// SHA-256, in hex, of the record with an empty `hash`; `previous` is part of it.
std::string hash_of(AuditRecord record);
std::string audit_key(uint64_t sequence);
/// None: no record lies under this key.
std::optional<uint64_t> sequence_of(std::string_view key);
/// Prefix of the keys of all records in the block that has `sequence`.
std::string prefix_of_block(uint64_t sequence);

std::string encode(const AuditRecord& record);
std::string encode(const AuditTip& tip);
/// corrupt_data names the key, also for what encode() would write otherwise; failed_precondition where a newer Troupe
/// wrote it. The hash is not looked at.
Result<AuditRecord> decode_audit(std::string_view key, const std::string& value);
Result<AuditTip> decode_audit_tip(const std::string& value);

}  // namespace troupe::cluster
