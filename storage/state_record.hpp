#pragma once
// How an entry of the control state lies on disk: one version byte (1), create and mod revision as little-endian u64,
// then the value. RocksDB's own block and log checksums guard it.

#include <string>
#include <string_view>

#include "storage/state_store.hpp"

namespace troupe::storage {

std::string encode_record(Revision create_revision, Revision mod_revision, std::string_view value);

struct StateRecord {
  Revision create_revision;
  Revision mod_revision;
  std::string_view value;  ///< Into the decoded bytes.
};

/// Errors: corrupt_data, naming `key`.
Result<StateRecord> decode_record(std::string_view key, std::string_view bytes);

std::string encode_u64(uint64_t value);
/// Errors: corrupt_data, naming `what`.
Result<uint64_t> decode_u64(std::string_view what, std::string_view bytes);

}  // namespace troupe::storage
