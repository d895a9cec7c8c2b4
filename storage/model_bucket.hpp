#pragma once
// ModelBucket: published model versions in a bucket of an S3-compatible server, PREFIX/NAME/VERSION/…, laid out as a
// ModelStore's directory. A version is there once its manifest is, which is written last and removed first: it appears
// and disappears whole. Files beside which there is no manifest are of a publication that broke off; the next one of
// that name writes over them.
//
// Everything here blocks on the network: never on a scheduler thread. One thread at a time. Errors of the server and
// the connection are as s3_client.hpp says.

#include <filesystem>
#include <string_view>
#include <vector>

#include "storage/fetch_plan.hpp"
#include "storage/model_manifest.hpp"
#include "storage/s3_client.hpp"

namespace troupe::storage {

class ModelBucket {
 public:
  ModelBucket(S3Options options, const Clock& clock) : client_(std::move(options), clock) {}

  std::string url() const { return client_.options().url(); }

  /// All versions, by name and then by version_before(). A damaged manifest is named in `damaged` and passed over.
  Result<std::vector<ModelManifest>> list(std::vector<Error>& damaged);
  /// Errors: not_found, corrupt_data.
  Result<ModelManifest> find(std::string_view name, std::string_view version);
  /// Writes the files of `manifest`, which lie in `folder`, and then the manifest. The same content again changes
  /// nothing. Errors: already_exists (other content under this version).
  Status publish(const ModelManifest& manifest, const std::filesystem::path& folder);
  /// At most `size` bytes of a file, up to its end. The caller compares checksums: ModelIntake does.
  Result<std::string> read(const ModelManifest& manifest, FetchPosition from, uint64_t size);
  /// The version disappears at once. Errors: not_found.
  Status remove(std::string_view name, std::string_view version);

 private:
  S3Client client_;
};

}  // namespace troupe::storage
