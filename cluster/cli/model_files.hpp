#pragma once
// The files of a model between this machine and the head's store, in pieces over the admin API.

#include <filesystem>
#include <functional>
#include <map>
#include <string>

#include "cluster/cli/admin_client.hpp"
#include "storage/model_manifest.hpp"
#include "storage/model_ref.hpp"

namespace troupe::cli {

/// A folder of this machine that is to be a version. Links to files are followed, as the caches of hubs have them.
struct ModelFolder {
  storage::ModelRef model;
  std::filesystem::path folder;
  std::string source;  ///< Where it is from, for people.
  std::map<std::string, std::string> metadata;
};

/// Of bytes, so many are there.
using OnBytes = std::function<void(uint64_t done, uint64_t total)>;

/// Sends it to the head and publishes it. What an earlier, broken upload of the same content has sent is not sent
/// again. Returns the head's answer.
Result<nlohmann::json> upload_model(const AdminClient& admin, const ModelFolder& model, const OnBytes& on_bytes);

/// Copies a version into `target`, a folder that is new or empty, and verifies it. After an error nothing is there.
Result<storage::ModelManifest> pull_model(const AdminClient& admin, const storage::ModelRef& model,
                                          const std::filesystem::path& target, const OnBytes& on_bytes);

/// Whether `folder` has links, which the head itself does not follow.
bool has_links(const std::filesystem::path& folder);

}  // namespace troupe::cli
