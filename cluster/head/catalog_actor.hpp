#pragma once
// CatalogActor: the model store behind messages, on a thread of its own, because disks block.

#include <memory>

#include "runtime/actor/actor.hpp"
#include "storage/backup.hpp"
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
  CatalogActor(actor::Context& context, std::shared_ptr<storage::ModelStore> store)
      : Actor(context), store_(std::move(store)) {
    serve<StoreModel>([this](const auto& model, actor::Reply reply) {
      auto manifest = store_->add(model->name, model->version, model->source, this->context().wall(), model->metadata);
      if (manifest) {
        reply.finish(StoredModel{std::move(*manifest)});
      } else {
        reply.fail(manifest.error());
      }
    });
    serve<RemoveModel>([this](const auto& model, actor::Reply reply) {
      if (const Status removed = store_->remove(model->name, model->version); removed) {
        reply.finish(StoredModel{});
      } else {
        reply.fail(removed.error());
      }
    });
    serve<MakeBackup>([this](const auto& backup, actor::Reply reply) {
      auto made = storage::create_backup(backup->data_dir, backup->state, *store_, backup->about, backup->target);
      if (made) {
        reply.finish(MadeBackup{std::move(*made)});
      } else {
        reply.fail(made.error());
      }
    });
  }

 private:
  std::shared_ptr<storage::ModelStore> store_;
};

}  // namespace troupe::cluster
