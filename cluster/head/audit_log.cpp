#include "cluster/head/audit_log.hpp"

#include <algorithm>

#include "runtime/observe/text.hpp"

namespace troupe::cluster {
namespace {

constexpr size_t name_bytes_max = 200;   ///< Of who, from, action and object.
constexpr size_t text_bytes_max = 1000;  ///< Of error and change.
constexpr size_t pruned_max = audit_ops_max - 2;

/// UTF-8 on one line that no terminal takes for a command: strangers name themselves in it.
std::string fit(const std::string& text, size_t bytes_max) {
  std::string out = observe::sanitize(text, bytes_max);
  for (size_t i = 0; i < out.size(); ++i) {
    const auto byte = static_cast<unsigned char>(out[i]);
    // C1 controls, U+0080 to U+009F, have two bytes, of which the first is this.
    const bool is_c1 = byte == 0xc2 && i + 1 < out.size() && static_cast<unsigned char>(out[i + 1]) < 0xa0;
    if (is_c1) out.replace(i, 2, " ");
    if (byte < 0x20 || byte == 0x7f) out[i] = ' ';
  }
  return out;
}

}  // namespace

std::vector<Error> AuditLog::restore(const std::vector<storage::StateEntry>& records,
                                     const std::optional<std::string>& tip) {
  std::vector<Error> damage;
  std::string last_hash = audit_origin();
  for (const storage::StateEntry& entry : records) {
    const auto sequence = sequence_of(entry.key);
    if (!sequence) {
      damage.push_back({Errc::corrupt_data, fmt::format("'{}' is no key of an audit record", entry.key), {}, {}});
      continue;
    }
    auto record = decode_audit(entry.key, entry.value);
    kept_.push_back({record ? record->previous : std::string(), entry.value.size(), *sequence});
    bytes_ += entry.value.size();
    last_hash = record ? record->hash : std::string();
    if (!record) damage.push_back(std::move(record.error()));
  }
  auto stored = tip ? decode_audit_tip(*tip) : Result<AuditTip>(AuditTip{1, 1, audit_origin(), 0, audit_origin()});
  if (!stored) damage.push_back(stored.error());
  if (stored) tip_ = std::move(*stored);
  if (kept_.empty()) return damage;
  if (kept_.back().sequence > tip_.newest) {
    if (stored)
      damage.push_back(
          {Errc::corrupt_data, fmt::format("the audit log goes on past its last record {}", tip_.newest), {}, {}});
    tip_.newest = kept_.back().sequence;
    tip_.newest_hash = last_hash;
  }
  if (!stored) {
    tip_.first = kept_.front().sequence;
    tip_.anchor = kept_.front().previous;
  }
  return damage;
}

AuditAppend AuditLog::next(const AuditEntry& entry, WallTime now) const {
  AuditRecord record;
  record.sequence = tip_.newest + 1;
  record.previous = tip_.newest_hash;
  record.time_unix_us = unix_microseconds(now);
  record.who = fit(entry.act.who, name_bytes_max);
  record.from = fit(entry.act.from, name_bytes_max);
  record.action = fit(entry.act.action, name_bytes_max);
  record.object = fit(entry.act.object, name_bytes_max);
  record.outcome = entry.outcome;
  record.error = fit(entry.error, text_bytes_max);
  record.change = fit(entry.change, text_bytes_max);
  record.left_out = left_out_;
  record.hash = hash_of(record);

  AuditAppend append;
  append.previous = record.previous;
  append.left_out = left_out_;
  std::string value = encode(record);
  append.bytes = value.size();
  uint64_t bytes = bytes_ + append.bytes;
  const auto is_over = [&] {
    return kept_.size() + 1 - append.pruned > limits_.records_max || bytes > limits_.bytes_max.value;
  };
  while (append.pruned < std::min(kept_.size(), pruned_max) && is_over()) {
    const Kept& old = kept_[append.pruned++];
    bytes -= old.bytes;
    append.ops.push_back(storage::Delete{audit_key(old.sequence)});
  }
  append.ops.push_back(storage::Put{audit_key(record.sequence), std::move(value)});
  append.tip = tip_;
  append.tip.newest = record.sequence;
  append.tip.newest_hash = record.hash;
  if (append.pruned > 0) {
    const bool is_any_left = append.pruned < kept_.size();
    append.tip.first = is_any_left ? kept_[append.pruned].sequence : record.sequence;
    append.tip.anchor = is_any_left ? kept_[append.pruned].previous : record.previous;
  }
  append.ops.push_back(storage::Put{std::string(audit_tip_key), encode(append.tip)});
  return append;
}

void AuditLog::stored(const AuditAppend& append) {
  for (size_t i = 0; i < append.pruned; ++i) {
    bytes_ -= kept_.front().bytes;
    kept_.pop_front();
  }
  kept_.push_back({append.previous, append.bytes, append.tip.newest});
  bytes_ += append.bytes;
  tip_ = append.tip;
  left_out_ -= append.left_out;
}

bool RefusalThrottle::admit(Time now) {
  if (spent_ == 0) refilled_ = now;
  const int64_t back = (now - refilled_) / every;
  spent_ -= static_cast<uint32_t>(std::min<int64_t>(back, spent_));
  refilled_ += every * back;
  if (spent_ >= burst) return false;
  ++spent_;
  return true;
}

AuditCheck::AuditCheck(const AuditTip& tip) : next_(tip.first), running_(tip.anchor) {
  verdict_.first = tip.first;
  verdict_.newest = tip.newest;
  verdict_.hash = tip.newest_hash;
}

void AuditCheck::add(const storage::StateEntry& entry) {
  if (is_over()) return;
  const auto sequence = sequence_of(entry.key);
  if (!sequence) return end_at(next_, fmt::format("'{}' is no key of a record", entry.key));
  if (*sequence < next_ || *sequence > verdict_.newest) return;
  if (*sequence > next_) return end_at(next_, "it is missing");
  const auto record = decode_audit(entry.key, entry.value);
  if (!record) return end_at(next_, record.error().message);
  if (record->sequence != next_) return end_at(next_, fmt::format("record {} lies in its place", record->sequence));
  if (hash_of(*record) != record->hash) return end_at(next_, "it is not as it was written: its hash is another");
  if (record->previous != running_) return end_at(next_, "it does not follow the record before it");
  running_ = record->hash;
  ++next_;
  ++verdict_.records;
}

void AuditCheck::pruned(const AuditTip& tip) {
  if (verdict_.broken_at || tip.first <= next_) return;
  next_ = tip.first;
  running_ = tip.anchor;
}

AuditCheck::Verdict AuditCheck::finish() {
  if (!verdict_.broken_at && next_ <= verdict_.newest) end_at(next_, "it is missing");
  if (!verdict_.broken_at && running_ != verdict_.hash)
    end_at(verdict_.newest, "it is not the one that was written last");
  return verdict_;
}

void AuditCheck::end_at(uint64_t sequence, std::string reason) {
  verdict_.broken_at = sequence;
  verdict_.reason = std::move(reason);
}

}  // namespace troupe::cluster
