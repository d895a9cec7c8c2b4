#include "storage/rocksdb_faults.hpp"

#include <fmt/format.h>
#include <rocksdb/env.h>
#include <rocksdb/status.h>

#include <memory>
#include <vector>

namespace troupe::storage {

namespace fs = std::filesystem;

bool is_held_by_another(const rocksdb::Status& status) {
  // RocksDB has no status code of its own for a held LOCK file; these are its two messages.
  const std::string text = status.ToString();
  return status.IsIOError() && (text.find("While lock file") != std::string::npos ||
                                text.find("lock hold by current process") != std::string::npos);
}

std::optional<std::string> find_beheaded(const fs::path& directory) {
  std::error_code error;
  if (fs::exists(directory / "CURRENT", error)) return std::nullopt;
  for (fs::directory_iterator it(directory, error), end; !error && it != end; it.increment(error)) {
    const std::string name = it->path().filename().string();
    if (name.starts_with("MANIFEST-") || name.ends_with(".sst") || name.ends_with(".log")) return name;
  }
  return std::nullopt;
}

std::string damage_with_file(const rocksdb::Status& status, const std::string& directory) {
  const std::string text = status.ToString();
  if (text.find(directory) != std::string::npos || text.find("CURRENT") != std::string::npos) return text;
  std::vector<std::string> logs;
  std::error_code error;
  for (fs::directory_iterator it(directory, error), end; !error && it != end; it.increment(error))
    if (it->path().extension() == ".log") logs.push_back(it->path().string());
  return fmt::format("{}, in {}", text, fmt::join(logs, " or "));
}

rocksdb::Status probe_disk(rocksdb::Env& env, const std::string& directory, size_t bytes) {
  const std::string path = directory + "/room-probe";
  std::unique_ptr<rocksdb::WritableFile> file;
  rocksdb::Status status = env.NewWritableFile(path, &file, rocksdb::EnvOptions());
  if (status.ok()) status = file->Append(std::string(bytes, '\0'));
  if (status.ok()) status = file->Sync();
  if (file) file->Close().PermitUncheckedError();
  env.DeleteFile(path).PermitUncheckedError();
  return status;
}

}  // namespace troupe::storage
