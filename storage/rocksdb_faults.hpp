#pragma once
// What every RocksDB database of ours makes of a disk that refuses or has damaged its files. Any thread; blocks on
// disk.

#include <filesystem>
#include <optional>
#include <string>

namespace rocksdb {
class Env;
class Status;
}  // namespace rocksdb

namespace troupe::storage {

/// Whether a database did not open because another process has it open.
bool is_held_by_another(const rocksdb::Status& status);

/// RocksDB would take a database without its CURRENT for a new one and delete what is left of the old: says what is
/// left there, where that is so.
std::optional<std::string> find_beheaded(const std::filesystem::path& directory);

/// What RocksDB says of a damaged database, with the files that it may mean where it names none: it names those of
/// tables and manifests, but not of logs.
std::string damage_with_file(const rocksdb::Status& status, const std::string& directory);

/// Whether the disk takes `bytes` at the moment: writes, syncs and removes a file in `directory`.
rocksdb::Status probe_disk(rocksdb::Env& env, const std::string& directory, size_t bytes);

}  // namespace troupe::storage
