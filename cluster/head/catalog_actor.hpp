#pragma once
// CatalogActor: the model store behind messages, on a thread of its own, because disks block.

#include <map>
#include <memory>

#include "runtime/actor/actor.hpp"
#include "storage/backup.hpp"
#include "storage/model_bucket.hpp"
#include "storage/model_intake.hpp"
#include "storage/model_store.hpp"

namespace troupe::cluster {

/// Serves these with StoredModel, or ends them with the store's Error.
struct StoreModel {
  std::string name;
  std::string version;
  std::string source;
  std::map<std::string, std::string> metadata;
};
struct RemoveModel {
  std::string name;
  std::string version;
};
struct StoredModel {
  storage::ModelManifest manifest;
};

/// A version that a client sends piece by piece. Begun again with the same content it goes on where it was, also after
/// the head has started anew. Served with UploadPosition.
struct StartUpload {
  storage::ModelManifest manifest;  ///< `created` is filled in.
};
struct WriteUpload {
  std::string upload;  ///< NAME@VERSION.
  storage::FetchPosition at;
  std::shared_ptr<const std::string> bytes;
};
struct UploadPosition {
  storage::FetchPosition next;
  bool is_whole = false;
};
/// Publishes it. Served with StoredModel.
struct FinishUpload {
  std::string upload;
};
/// What has come is thrown away. Served with UploadPosition.
struct DropUpload {
  std::string upload;
};

/// Served with ModelBytes: of a file of a published version.
struct ReadStoredFile {
  std::string name;
  std::string version;
  std::string path;
  uint64_t offset = 0;
  uint32_t size = 0;  ///< Less comes at the end of the file.
};
struct ModelBytes {
  std::string bytes;
};

/// Served with MadeBackup. Nothing is added or removed meanwhile: this actor would do it.
struct MakeBackup {
  std::filesystem::path data_dir;
  std::filesystem::path target;
  storage::RangeResult state;
  storage::BackupManifest about;
};
struct MadeBackup {
  storage::BackupManifest manifest;
};

class CatalogActor final : public actor::Actor {
 public:
  /// `bucket`: what is stored goes there too, and is there before it is acknowledged; the store over `root` is a copy
  /// of a part of it then. Used by this actor alone; may be empty.
  CatalogActor(actor::Context& context, std::filesystem::path root, std::shared_ptr<storage::ModelStore> store,
               std::shared_ptr<storage::ModelBucket> bucket = {});

 private:
  struct Upload {
    storage::ModelIntake intake;
    Time used;
  };

  Result<StoredModel> store(const StoreModel& model);
  Status remove(const RemoveModel& model);
  /// As the bucket has it, or the store where there is none.
  Result<storage::ModelManifest> published(const std::string& name, const std::string& version) const;
  /// Into the bucket, where there is one; on failure it leaves the store.
  Result<StoredModel> publish(storage::ModelManifest manifest);
  /// What broke off between the two.
  Status drop_unpublished(const std::string& name, const std::string& version);
  Result<UploadPosition> start(const StartUpload& upload);
  Result<UploadPosition> write(const WriteUpload& piece);
  Result<StoredModel> finish(const FinishUpload& upload);
  Result<UploadPosition> drop(const DropUpload& upload);
  Result<Upload*> find(const std::string& upload);
  Result<ModelBytes> read(const ReadStoredFile& wish) const;
  void forget_idle();

  const std::filesystem::path root_;
  std::shared_ptr<storage::ModelStore> store_;
  std::shared_ptr<storage::ModelBucket> bucket_;
  std::map<std::string, Upload> uploads_;  ///< Those that are open; what has come of others lies on disk.
};

}  // namespace troupe::cluster
