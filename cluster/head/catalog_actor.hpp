#pragma once
// CatalogActor: the model store behind messages, on a thread of its own, because disks block.

#include <memory>

#include "runtime/actor/actor.hpp"
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
  }

 private:
  std::shared_ptr<storage::ModelStore> store_;
};

}  // namespace troupe::cluster
