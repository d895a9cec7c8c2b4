// Any bytes in the files and records that a node finds on its disk: an error that says where, or what is the same after
// being written and read again. The first byte chooses what they are.

#include <cstdint>
#include <string>
#include <string_view>

#include "cluster/head/audit_log.hpp"
#include "cluster/head/key_book.hpp"
#include "cluster/spec/records.hpp"
#include "cluster/spec/trust_records.hpp"
#include "runtime/base/assert.hpp"
#include "storage/backup_manifest.hpp"
#include "storage/model_manifest.hpp"
#include "storage/state_image.hpp"
#include "storage/state_record.hpp"

namespace {

using namespace troupe;

/// `read` of what `write` makes of `found` must be it again.
template <class T, class Write, class Read>
void check(const Result<T>& found, const Write& write, const Read& read) {
  if (!found) {
    TROUPE_ASSERT(!found.error().message.empty());
    return;
  }
  const std::string written = write(*found);
  const auto again = read(written);
  TROUPE_ASSERT(again.has_value() && write(*again) == written);
}

void try_model_manifest(std::string_view text) {
  const auto read = [](std::string_view t) { return storage::manifest_from_json(t, "fuzz"); };
  check(
      read(text), [](const storage::ModelManifest& manifest) { return to_json(manifest).value(); }, read);
}

void try_backup_manifest(std::string_view text) {
  const auto read = [](std::string_view t) { return storage::backup_manifest_from_json(t, "fuzz"); };
  check(
      read(text), [](const storage::BackupManifest& manifest) { return to_json(manifest); }, read);
}

void try_state_image(std::string_view bytes) {
  const auto read = [](std::string_view b) { return storage::decode_state_image(b, "fuzz"); };
  check(
      read(bytes), [](const storage::RangeResult& state) { return storage::encode_state_image(state); }, read);
}

void try_state_record(std::string_view bytes) {
  const auto read = [](std::string_view b) { return storage::decode_record("key", b); };
  const auto write = [](const storage::StateRecord& record) {
    return storage::encode_record(record.create_revision, record.mod_revision, record.value);
  };
  check(read(bytes), write, read);
}

/// A record of the control state; `decode` is one of cluster/spec.
template <class Decode>
void try_control_record(std::string_view bytes, const Decode& decode) {
  const auto read = [&](std::string_view b) { return decode(std::string(b)); };
  check(
      read(bytes), [](const auto& record) { return encode(record); }, read);
}

/// A head starts with a log whose last record or tip is any bytes, goes on, and the check says that it is broken.
void try_audit_log(std::string_view bytes) {
  const cluster::AuditEntry entry{{"who", "from", "action", "object"}, cluster::AuditOutcome::done, {}, {}};
  cluster::AuditLog log;
  const cluster::AuditAppend first = log.next(entry, {});
  const std::string tip = std::get<storage::Put>(first.ops.back()).value;
  const storage::StateEntry found{cluster::audit_key(1), std::string(bytes), {}, {}};
  static_cast<void>(log.restore({found}, tip));
  log.stored(log.next(entry, {}));
  cluster::AuditCheck check(log.tip());
  check.add(found);
  TROUPE_ASSERT(check.finish().broken_at.has_value());
  cluster::AuditLog other;
  static_cast<void>(other.restore({found}, std::string(bytes)));
  other.stored(other.next(entry, {}));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 12) {
    case 0:
      try_model_manifest(rest);
      break;
    case 1:
      try_backup_manifest(rest);
      break;
    case 2:
      try_state_image(rest);
      break;
    case 3:
      try_state_record(rest);
      break;
    case 4:
      try_control_record(rest, [](const std::string& b) { return cluster::decode_deployment("deployment/d", b); });
      break;
    case 5:
      try_control_record(rest, [](const std::string& b) { return cluster::decode_cluster(b); });
      break;
    case 6:
      try_control_record(rest, [](const std::string& b) { return cluster::decode_token("token/t", b); });
      break;
    case 7:
      try_control_record(rest, [](const std::string& b) { return cluster::decode_node("node/n", b); });
      break;
    case 8:
      try_control_record(rest, [](const std::string& b) { return cluster::decode_audit("audit/1", b); });
      break;
    case 9:
      try_control_record(rest, [](const std::string& b) { return cluster::decode_audit_tip(b); });
      break;
    case 10:
      try_control_record(rest, [](const std::string& b) { return cluster::decode_key("key/k", b); });
      break;
    default:
      try_audit_log(rest);
      break;
  }
  return 0;
}
