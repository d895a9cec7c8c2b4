// HeadActor: the model store and what is kept about its versions.

#include <algorithm>

#include "cluster/head/catalog_actor.hpp"
#include "cluster/head/head_actor.hpp"
#include "cluster/head/mirror_actor.hpp"
#include "cluster/head/views.hpp"
#include "runtime/base/nearest.hpp"
#include "storage/model_ref.hpp"

namespace troupe::cluster {

using observe::kv;

namespace {

constexpr Duration mirror_patience = std::chrono::seconds{3};

std::string name_of(const std::string& name, const std::string& version) {
  return name + "@" + version;
}

nlohmann::json json_of(const UploadPosition& position) {
  return {{"file", position.next.file}, {"offset", position.next.offset}, {"whole", position.is_whole}};
}

std::string text_of(const std::map<std::string, std::string>& notes) {
  std::string text;
  for (const auto& [key, value] : notes) text += (text.empty() ? "" : ", ") + key + "=" + value;
  return text;
}

}  // namespace

void HeadActor::restore_models() {
  for (const storage::ModelManifest& model : models_) digests_[name_of(model.name, model.version)] = model.digest();
  for (const storage::StateEntry& entry : options_.model_records) {
    auto record = decode_model(entry.key, entry.value);
    if (!record) {
      options_.log.error("labels and notes of a model not restored", kv("key", entry.key),
                         kv("error", record.error().message));
      continue;
    }
    model_revisions_[entry.key] = entry.mod_revision;
    keep_model_record(*record);
  }
}

void HeadActor::keep_model_record(const ModelRecord& record) {
  state_.set_labels(record.name, record.labels, context().now());
  book_.set(record);
}

/// Its folder may not be there yet, where a bucket has it.
StoredVersion HeadActor::stored(const std::string& model, const std::string& version) const {
  if (manifest_of(name_of(model, version)) == nullptr) return {};
  const auto folder =
      options_.mirror ? options_.models_root / model / version : options_.models->path_of(model, version).value_or("");
  return {folder.string(), digests_.at(name_of(model, version)), book_.is_retired(model, version)};
}

const storage::ModelManifest* HeadActor::manifest_of(const std::string& reference) const {
  const auto found = std::ranges::find_if(
      models_, [&](const auto& manifest) { return name_of(manifest.name, manifest.version) == reference; });
  return found == models_.end() ? nullptr : &*found;
}

std::map<std::string, std::string> HeadActor::metadata_of(const std::string& reference) const {
  const storage::ModelManifest* const manifest = manifest_of(reference);
  return manifest == nullptr ? std::map<std::string, std::string>{} : book_.metadata_of(*manifest);
}

/// "clerk@stable" is the version that the label points to now.
std::string HeadActor::without_label(const std::string& reference) const {
  const auto ref = storage::parse_model_ref(reference);
  if (!ref || !stored(ref->name, ref->version).folder.empty()) return reference;
  const std::string version = book_.version_of(ref->name, ref->version);
  return version.empty() ? reference : name_of(ref->name, version);
}

void HeadActor::find_model(const protocol::FindModel& wish, actor::Reply reply) {
  StoredVersion version = stored(wish.model, wish.version);
  if (version.folder.empty())
    return reply.fail({Errc::not_found, fmt::format("the store has no {}@{}", wish.model, wish.version), {}, {}});
  protocol::ModelSources sources{std::move(version.digest),
                                 state_.model_sources(wish.model, wish.version, reply.source())};
  if (!options_.mirror) return reply.finish(std::move(sources));
  const auto shared = std::make_shared<actor::Reply>(std::move(reply));
  context().call(options_.mirror, BringModel{*manifest_of(name_of(wish.model, wish.version)), deployed_models()},
                 {.deadline = context().now() + mirror_patience},
                 [shared, sources = std::move(sources)](const actor::ReplyEvent& event) {
                   if (!event.error) return shared->finish(sources);
                   // It is between two pieces only that it answers.
                   const bool is_busy = event.error->code == Errc::deadline_exceeded;
                   shared->fail(is_busy ? Error{Errc::overloaded, "it comes from the bucket", {}, {}} : *event.error);
                 });
}

std::set<storage::ModelRef> HeadActor::deployed_models() const {
  std::set<storage::ModelRef> models;
  for (const auto& [name, view] : state_.deployments()) models.insert({view.record.model, view.record.version});
  return models;
}

// --- Files -----------------------------------------------------------------------------------------------------------

void HeadActor::add_model(const AddModel& model, const AuditAct& by, Done done) {
  if (const Status free = book_.check_version_name(model.name, model.version); !free) return done(fail(free.error()));
  auto metadata = model.metadata;
  metadata.emplace("added_by", by.who);
  context().call(options_.catalog, StoreModel{model.name, model.version, model.source, std::move(metadata)}, {},
                 [this, by, done = std::move(done)](const actor::ReplyEvent& event) {
                   if (event.error) return done(fail(*event.error));
                   take_stored(event.body.get<StoredModel>()->manifest, by, done);
                 });
}

void HeadActor::take_stored(const storage::ModelManifest& manifest, const AuditAct& by, const Done& done) {
  const auto known = std::ranges::find_if(
      models_, [&](const auto& m) { return m.name == manifest.name && m.version == manifest.version; });
  const bool is_known = known != models_.end();
  is_known ? void(*known = manifest) : models_.push_back(manifest);
  const std::string digest = digests_[name_of(manifest.name, manifest.version)] = manifest.digest();
  options_.log.info("model stored", kv("model", manifest.name), kv("version", manifest.version));
  const uint64_t bytes = manifest.total_bytes().value;
  std::string answer = to_text({{"name", manifest.name},
                                {"version", manifest.version},
                                {"bytes", bytes},
                                {"files", manifest.files.size()},
                                {"digest", digest}});
  if (is_known) return done(std::move(answer));
  record_done(by, fmt::format("{} files, {} bytes, from {}", manifest.files.size(), bytes, manifest.source),
              std::move(answer), done);
}

void HeadActor::start_upload(const BeginUpload& upload, const AuditAct& by, const Done& done) {
  const storage::ModelManifest& manifest = upload.manifest;
  if (const Status free = book_.check_version_name(manifest.name, manifest.version); !free)
    return done(fail(free.error()));
  StartUpload start{manifest};
  start.manifest.metadata.emplace("added_by", by.who);
  context().call(options_.catalog, std::move(start), {},
                 [done, name = name_of(manifest.name, manifest.version)](const actor::ReplyEvent& event) {
                   if (event.error) return done(fail(*event.error));
                   nlohmann::json answer = json_of(*event.body.get<UploadPosition>());
                   answer["upload"] = name;
                   done(to_text(answer));
                 });
}

void HeadActor::write_upload(const UploadPiece& piece, const Done& done) {
  context().call(options_.catalog, WriteUpload{piece.upload, {piece.file, piece.offset}, piece.bytes}, {},
                 [done](const actor::ReplyEvent& event) {
                   if (event.error) return done(fail(*event.error));
                   done(to_text(json_of(*event.body.get<UploadPosition>())));
                 });
}

void HeadActor::end_upload(const EndUpload& upload, const AuditAct& by, const Done& done) {
  if (!upload.publishes) {
    context().call(options_.catalog, DropUpload{upload.upload}, {},
                   [done, name = upload.upload](const actor::ReplyEvent& event) {
                     done(event.error ? Result<std::string>(fail(*event.error)) : to_text({{"dropped", name}}));
                   });
    return;
  }
  context().call(options_.catalog, FinishUpload{upload.upload}, {}, [this, by, done](const actor::ReplyEvent& event) {
    if (event.error) return done(fail(*event.error));
    take_stored(event.body.get<StoredModel>()->manifest, by, done);
  });
}

void HeadActor::read_model(const ReadModelBytes& wish, const Done& done) {
  const auto known =
      std::ranges::find_if(models_, [&](const auto& m) { return m.name == wish.name && m.version == wish.version; });
  if (known == models_.end()) {
    std::vector<std::string> names;
    for (const storage::ModelManifest& model : models_) names.push_back(name_of(model.name, model.version));
    const std::string asked = name_of(wish.name, wish.version);
    return done(fail(Errc::not_found, "there is no model {}{}", asked, did_you_mean(asked, names)));
  }
  if (wish.path.empty()) return done(storage::to_json(*known));
  context().call(options_.catalog, ReadStoredFile{wish.name, wish.version, wish.path, wish.offset, wish.size}, {},
                 [done](const actor::ReplyEvent& event) {
                   if (event.error) return done(fail(*event.error));
                   done(event.body.get<ModelBytes>()->bytes);
                 });
}

void HeadActor::delete_model(const DeleteModel& model, const AuditAct& by, Done done) {
  for (const auto& [name, view] : state_.deployments())
    if (view.record.model == model.name && view.record.version == model.version)
      return done(fail(Errc::failed_precondition, "deployment {} serves {}@{}; delete the deployment first", name,
                       model.name, model.version));
  const auto notes = book_.without_version(model.name, model.version);
  if (!notes) return done(fail(notes.error()));
  context().call(options_.catalog, RemoveModel{model.name, model.version}, {},
                 [this, model, by, notes = *notes, done = std::move(done)](const actor::ReplyEvent& event) {
                   if (event.error) return done(fail(*event.error));
                   std::erase_if(models_,
                                 [&](const auto& m) { return m.name == model.name && m.version == model.version; });
                   std::string answer = to_text({{"deleted", name_of(model.name, model.version)}});
                   constexpr const char* change = "its files are removed";
                   if (!notes) return record_done(by, change, std::move(answer), done);
                   store_model_record(*notes, {by, AuditOutcome::done, {}, change}, [done, answer](const Status& kept) {
                     done(kept ? Result<std::string>(answer) : fail(kept.error()));
                   });
                 });
}

// --- Labels and notes ------------------------------------------------------------------------------------------------

void HeadActor::store_model_record(const ModelRecord& record, AuditEntry entry, std::function<void(Status)> done) {
  const std::string key = key_of(record);
  storage::Transaction transaction;
  transaction.compares.push_back({key, model_revisions_[key]});
  transaction.ops.push_back(storage::Put{key, encode(record)});
  commit(std::move(transaction), std::move(entry),
         [this, key, record, done = std::move(done)](const Result<storage::Revision>& revision) {
           if (!revision) {
             reread_model_record(key);
             return done(fail(revision.error()));
           }
           model_revisions_[key] = *revision;
           keep_model_record(record);
           send_messages();
           done({});
         });
}

void HeadActor::reread_model_record(const std::string& key) {
  options_.store->range(
      key, context().bind<Result<storage::RangeResult>>([this, key](const Result<storage::RangeResult>& range) {
        if (!range)
          return options_.log.error("labels and notes of a model could not be read again", kv("key", key),
                                    kv("error", range.error().message));
        for (const storage::StateEntry& entry : range->entries) {
          if (entry.key != key) continue;
          model_revisions_[key] = entry.mod_revision;
          if (const auto record = decode_model(key, entry.value)) keep_model_record(*record);
        }
        send_messages();
      }));
}

void HeadActor::change_model(const Result<ModelRecord>& record, const AuditAct& by, std::string change,
                             nlohmann::json answer, const Done& done) {
  if (!record) return done(fail(record.error()));
  store_model_record(*record, {by, AuditOutcome::done, {}, std::move(change)},
                     [done, answer = std::move(answer)](const Status& stored) {
                       done(stored ? Result<std::string>(to_text(answer)) : fail(stored.error()));
                     });
}

void HeadActor::label_model(const LabelModel& wish, const AuditAct& by, const Done& done) {
  const std::string was = book_.version_of(wish.name, wish.label);
  change_model(book_.promoted(wish.name, wish.version, wish.label, models_), by,
               fmt::format("{}: {} -> {}", wish.label, was.empty() ? "none" : was, wish.version),
               {{"name", wish.name}, {"label", wish.label}, {"version", wish.version}, {"was", was}}, done);
}

void HeadActor::unlabel_model(const UnlabelModel& wish, const AuditAct& by, const Done& done) {
  const std::string was = book_.version_of(wish.name, wish.label);
  change_model(book_.without_label(wish.name, wish.label), by, fmt::format("{}: {} -> none", wish.label, was),
               {{"name", wish.name}, {"label", wish.label}, {"was", was}}, done);
}

void HeadActor::retire_model(const RetireModel& wish, const AuditAct& by, const Done& done) {
  change_model(book_.retired(wish.name, wish.version, wish.is_retired, models_), by,
               wish.is_retired ? "no new deployments" : "may be deployed again",
               {{"model", name_of(wish.name, wish.version)}, {"retired", wish.is_retired}}, done);
}

void HeadActor::annotate_model(const AnnotateModel& wish, const AuditAct& by, const Done& done) {
  const auto noted = book_.noted(wish.name, wish.version, wish.metadata, models_);
  change_model(noted, by, text_of(wish.metadata), {{"model", name_of(wish.name, wish.version)}}, done);
}

}  // namespace troupe::cluster
