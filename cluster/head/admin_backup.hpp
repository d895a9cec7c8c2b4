#pragma once
// POST /api/v1/backups: what its body says, and what its answer does.

#include <string>

#include "cluster/head/admin.hpp"
#include "storage/backup_manifest.hpp"

namespace troupe::cluster {

/// {"directory": "/backups/monday"}. invalid_argument says what is wrong.
Result<CreateBackup> parse_create_backup(const std::string& body);

/// {"directory":…,"cluster":…,"epoch":…,"revision":…,"files":…,"bytes":…}
std::string backup_answer(const std::string& directory, const storage::BackupManifest& manifest);

}  // namespace troupe::cluster
