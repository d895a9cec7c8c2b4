#include "cluster/head/catalog_actor.hpp"

#include <algorithm>

#include "runtime/base/nearest.hpp"
#include "storage/file_tree.hpp"
#include "storage/model_card.hpp"

namespace troupe::cluster {
namespace {

constexpr size_t uploads_max = 8;
/// One that is not written to for so long is closed; it may be begun again.
constexpr Duration upload_patience = std::chrono::minutes{10};
constexpr ByteCount readme_bytes_max = 1_MiB;

template <class M>
void answer(actor::Reply& reply, Result<M> result) {
  result ? reply.finish(std::move(*result)) : reply.fail(result.error());
}

UploadPosition position_of(const storage::ModelIntake& intake) {
  return {intake.position(), intake.is_whole()};
}

}  // namespace

CatalogActor::CatalogActor(actor::Context& context, std::filesystem::path root,
                           std::shared_ptr<storage::ModelStore> store, std::shared_ptr<storage::ModelBucket> bucket)
    : Actor(context), root_(std::move(root)), store_(std::move(store)), bucket_(std::move(bucket)) {
  serve<StoreModel>([this](const auto& model, actor::Reply reply) { answer(reply, this->store(*model)); });
  serve<RemoveModel>([this](const auto& model, actor::Reply reply) {
    if (const Status removed = remove(*model); removed) {
      reply.finish(StoredModel{});
    } else {
      reply.fail(removed.error());
    }
  });
  serve<StartUpload>([this](const auto& upload, actor::Reply reply) { answer(reply, start(*upload)); });
  serve<WriteUpload>([this](const auto& piece, actor::Reply reply) { answer(reply, write(*piece)); });
  serve<FinishUpload>([this](const auto& upload, actor::Reply reply) { answer(reply, finish(*upload)); });
  serve<DropUpload>([this](const auto& upload, actor::Reply reply) { answer(reply, drop(*upload)); });
  serve<ReadStoredFile>([this](const auto& wish, actor::Reply reply) { answer(reply, read(*wish)); });
  serve<MakeBackup>([this](const auto& backup, actor::Reply reply) {
    // A bucket is not the head's to back up.
    auto made = storage::create_backup(backup->data_dir, backup->state, bucket_ ? nullptr : store_.get(), backup->about,
                                       backup->target);
    if (made) {
      reply.finish(MadeBackup{std::move(*made)});
    } else {
      reply.fail(made.error());
    }
  });
}

/// What the folder's model card says goes into the manifest where the caller says nothing else.
Result<StoredModel> CatalogActor::store(const StoreModel& model) {
  auto metadata = model.metadata;
  if (const auto readme = storage::read_file(std::filesystem::path(model.source) / "README.md", readme_bytes_max))
    metadata.merge(storage::model_card_metadata(*readme));
  TROUPE_CHECK(drop_unpublished(model.name, model.version));
  TROUPE_TRY(storage::ModelManifest manifest,
             store_->add(model.name, model.version, model.source, context().wall(), metadata));
  return publish(std::move(manifest));
}

Result<storage::ModelManifest> CatalogActor::published(const std::string& name, const std::string& version) const {
  return bucket_ ? bucket_->find(name, version) : store_->find(name, version);
}

Status CatalogActor::drop_unpublished(const std::string& name, const std::string& version) {
  if (!bucket_ || !store_->find(name, version)) return {};
  const auto known = bucket_->find(name, version);
  if (known) return {};
  return known.error().code == Errc::not_found ? store_->remove(name, version) : fail(known.error());
}

Result<StoredModel> CatalogActor::publish(storage::ModelManifest manifest) {
  if (!bucket_) return StoredModel{std::move(manifest)};
  TROUPE_TRY(const auto folder, store_->path_of(manifest.name, manifest.version));
  if (const Status there = bucket_->publish(manifest, folder); !there) {
    // Where this fails too, drop_unpublished() does it.
    static_cast<void>(store_->remove(manifest.name, manifest.version));
    return fail(there.error());
  }
  TROUPE_TRY(storage::ModelManifest known, bucket_->find(manifest.name, manifest.version));
  return StoredModel{std::move(known)};
}

Status CatalogActor::remove(const RemoveModel& model) {
  if (bucket_) TROUPE_CHECK(bucket_->remove(model.name, model.version));
  const Status removed = store_->remove(model.name, model.version);
  // Of what is in a bucket there need be no copy.
  return !removed && bucket_ && removed.error().code == Errc::not_found ? Status{} : removed;
}

Result<UploadPosition> CatalogActor::start(const StartUpload& wanted) {
  storage::ModelManifest manifest = wanted.manifest;
  manifest.created = context().wall();
  const std::string upload = manifest.name + "@" + manifest.version;
  const auto known = published(manifest.name, manifest.version);
  if (known && known->files != manifest.files)
    return fail(Errc::already_exists, "{} exists with other content, and versions are immutable", upload);
  if (!known && known.error().code != Errc::not_found) return fail(known.error());
  TROUPE_CHECK(drop_unpublished(manifest.name, manifest.version));
  forget_idle();
  if (const auto open = uploads_.find(upload); open != uploads_.end()) {
    if (open->second.intake.manifest().files == manifest.files) {
      open->second.used = context().now();
      return position_of(open->second.intake);
    }
    uploads_.erase(open);
  }
  if (uploads_.size() >= uploads_max)
    return fail(Errc::overloaded, "{} uploads are open already; finish one or wait", uploads_.size());
  TROUPE_TRY(storage::ModelIntake intake, storage::ModelIntake::open(root_, std::move(manifest)));
  const auto entry = uploads_.emplace(upload, Upload{std::move(intake), context().now()}).first;
  return position_of(entry->second.intake);
}

Result<CatalogActor::Upload*> CatalogActor::find(const std::string& upload) {
  const auto found = uploads_.find(upload);
  if (found != uploads_.end()) {
    found->second.used = context().now();
    return &found->second;
  }
  std::vector<std::string> open;
  for (const auto& [name, other] : uploads_) open.push_back(name);
  return fail(Errc::not_found, "no upload of {} is open{}; begin it, and it goes on where it was", upload,
              did_you_mean(upload, open));
}

Result<UploadPosition> CatalogActor::write(const WriteUpload& piece) {
  TROUPE_TRY(Upload* const upload, find(piece.upload));
  storage::ModelIntake& intake = upload->intake;
  const storage::FetchPosition next = intake.position();
  if (intake.is_whole() || piece.at != next)
    return fail(Errc::failed_precondition,
                "the upload of {} goes on with file {} at byte {}, not with file {} at byte {}", piece.upload,
                next.file, next.offset, piece.at.file, piece.at.offset);
  const storage::ModelFile& file = intake.manifest().files[next.file];
  if (piece.bytes->empty() || piece.bytes->size() > file.size.value - next.offset)
    return fail(Errc::invalid_argument, "a piece of {} bytes, where {} are missing of {}", piece.bytes->size(),
                file.size.value - next.offset, file.path);
  TROUPE_CHECK(intake.write(*piece.bytes));
  return position_of(intake);
}

Result<StoredModel> CatalogActor::finish(const FinishUpload& wanted) {
  TROUPE_TRY(Upload* const upload, find(wanted.upload));
  storage::ModelIntake& intake = upload->intake;
  const storage::ModelManifest manifest = intake.manifest();
  if (!intake.is_whole()) {
    const storage::FetchPosition next = intake.position();
    return fail(Errc::failed_precondition, "the upload of {} is not whole: {} is missing from byte {} on",
                wanted.upload, manifest.files[next.file].path, next.offset);
  }
  const Status published = intake.publish();
  uploads_.erase(wanted.upload);
  if (!published) return fail(published.error());
  TROUPE_TRY(storage::ModelManifest stored, store_->find(manifest.name, manifest.version));
  return publish(std::move(stored));
}

Result<UploadPosition> CatalogActor::drop(const DropUpload& wanted) {
  TROUPE_TRY(Upload* const upload, find(wanted.upload));
  upload->intake.discard();
  uploads_.erase(wanted.upload);
  return UploadPosition{};
}

void CatalogActor::forget_idle() {
  std::erase_if(uploads_, [this](const auto& entry) { return context().now() - entry.second.used > upload_patience; });
}

Result<ModelBytes> CatalogActor::read(const ReadStoredFile& wish) const {
  TROUPE_TRY(const storage::ModelManifest manifest, published(wish.name, wish.version));
  const auto file = std::ranges::find(manifest.files, wish.path, &storage::ModelFile::path);
  if (file == manifest.files.end()) {
    std::vector<std::string> paths;
    for (const storage::ModelFile& known : manifest.files) paths.push_back(known.path);
    return fail(Errc::not_found, "{}@{} has no file {}{}", wish.name, wish.version, wish.path,
                did_you_mean(wish.path, paths));
  }
  if (bucket_) {
    const auto index = static_cast<size_t>(file - manifest.files.begin());
    TROUPE_TRY(std::string piece, bucket_->read(manifest, {index, wish.offset}, wish.size));
    return ModelBytes{std::move(piece)};
  }
  TROUPE_TRY(const auto folder, store_->path_of(wish.name, wish.version));
  TROUPE_TRY(const storage::FileDescriptor open, storage::open_regular(folder / file->path));
  const uint64_t left = file->size.value - std::min(wish.offset, file->size.value);
  TROUPE_TRY(std::string bytes,
             storage::read_at(open, wish.offset, static_cast<size_t>(std::min<uint64_t>(left, wish.size)), file->path));
  return ModelBytes{std::move(bytes)};
}

}  // namespace troupe::cluster
