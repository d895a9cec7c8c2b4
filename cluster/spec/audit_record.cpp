#include "cluster/spec/audit_record.hpp"

#include <charconv>

#include "cluster/spec/decode_record.hpp"
#include "runtime/wire/schema.hpp"
#include "storage/sha256.hpp"

namespace troupe::cluster {
namespace {

constexpr size_t sequence_digits = 20;  // Of the largest, so that keys are in the order of the sequence.
constexpr size_t block_digits = 3;

template <class Record>
Result<Record> decode_exactly(std::string_view key, const std::string& value) {
  TROUPE_TRY(Record record, decode_record<Record>(key, value));
  // What a decoder passes over would not be under the hash.
  if (encode(record) != value)
    return fail(Errc::corrupt_data, "the record '{}' in the control state is not as it was written", key);
  return record;
}

}  // namespace

const char* to_string(AuditOutcome outcome) noexcept {
  switch (outcome) {
    case AuditOutcome::done:
      return "done";
    case AuditOutcome::refused:
      return "refused";
    case AuditOutcome::failed:
      return "failed";
  }
  return "unknown";
}

std::string audit_origin() {
  return std::string(64, '0');
}

std::string hash_of(AuditRecord record) {
  record.hash.clear();
  return storage::sha256_hex(encode(record));
}

std::string audit_key(uint64_t sequence) {
  return fmt::format("{}{:0{}}", audit_prefix, sequence, sequence_digits);
}

std::optional<uint64_t> sequence_of(std::string_view key) {
  if (!key.starts_with(audit_prefix)) return std::nullopt;
  key.remove_prefix(audit_prefix.size());
  uint64_t sequence = 0;
  const auto parsed = std::from_chars(key.data(), key.data() + key.size(), sequence);
  const bool is_whole = parsed.ec == std::errc{} && parsed.ptr == key.data() + key.size();
  if (key.size() != sequence_digits || !is_whole) return std::nullopt;
  return sequence;
}

std::string prefix_of_block(uint64_t sequence) {
  std::string key = audit_key(sequence);
  key.resize(key.size() - block_digits);
  return key;
}

std::string encode(const AuditRecord& record) {
  return std::string(wire::encode_body(record).data.view());
}

std::string encode(const AuditTip& tip) {
  return std::string(wire::encode_body(tip).data.view());
}

Result<AuditRecord> decode_audit(std::string_view key, const std::string& value) {
  return decode_exactly<AuditRecord>(key, value);
}

Result<AuditTip> decode_audit_tip(const std::string& value) {
  return decode_exactly<AuditTip>(audit_tip_key, value);
}

}  // namespace troupe::cluster
