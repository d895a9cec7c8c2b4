#pragma once
// The layout of a model store's directory, for what fills it: ModelStore and ModelIntake.

#include <filesystem>

#include "runtime/base/result.hpp"
#include "storage/model_manifest.hpp"

namespace troupe::storage {

/// Where versions are filled: invisible.
std::filesystem::path incoming_folder(const std::filesystem::path& root);

/// Errors: not_found, corrupt_data, io_error.
Result<ModelManifest> read_model_manifest(const std::filesystem::path& directory);

/// Renames `incoming` to `target`, ROOT/NAME/VERSION, durably. Errors: already_exists, and write_failure()'s.
Status publish_folder(const std::filesystem::path& root, const std::filesystem::path& incoming,
                      const std::filesystem::path& target);

}  // namespace troupe::storage
