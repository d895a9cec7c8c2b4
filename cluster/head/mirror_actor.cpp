#include "cluster/head/mirror_actor.hpp"

#include "storage/fetch_plan.hpp"
#include "storage/model_cache.hpp"

namespace troupe::cluster {

using observe::kv;
using storage::ModelRef;

namespace {

constexpr size_t jobs_max = 2;  ///< Others wait: they share one connection.
constexpr std::chrono::milliseconds come_back{500};

uint64_t bytes_before(const storage::ModelManifest& manifest, storage::FetchPosition position) {
  uint64_t bytes = position.offset;
  for (size_t file = 0; file < position.file; ++file) bytes += manifest.files[file].size.value;
  return bytes;
}

}  // namespace

MirrorActor::MirrorActor(actor::Context& context, MirrorOptions options)
    : Actor(context), options_(std::move(options)) {
  serve<BringModel>([this](const auto& wish, actor::Reply reply) {
    const auto here = bring(*wish);
    if (!here) return reply.fail(here.error());
    if (*here) return reply.finish(ModelHere{});
    const auto job = jobs_.find({wish->manifest.name, wish->manifest.version});
    const std::string progress =
        job == jobs_.end() ? "it waits for others"
                           : storage::progress_text(job->second.bytes_here, wish->manifest.total_bytes().value);
    reply.fail(
        {Errc::overloaded, fmt::format("it comes from {}: {}", options_.bucket->url(), progress), {}, come_back});
  });
}

Result<bool> MirrorActor::bring(const BringModel& wish) {
  const ModelRef model{wish.manifest.name, wish.manifest.version};
  if (const auto failed = failures_.find(model); failed != failures_.end()) {
    Error error = std::move(failed->second);
    failures_.erase(failed);
    return fail(std::move(error));
  }
  if (jobs_.contains(model)) return false;
  if (const auto here = options_.store->find(model.name, model.version)) {
    if (here->files == wish.manifest.files) {
      TROUPE_CHECK(options_.store->mark_used(model.name, model.version, context().wall()));
      return true;
    }
    TROUPE_CHECK(options_.store->remove(model.name, model.version));
  }
  if (jobs_.size() >= jobs_max) return false;
  TROUPE_CHECK(begin(wish));
  return false;
}

Status MirrorActor::begin(const BringModel& wish) {
  const ModelRef model{wish.manifest.name, wish.manifest.version};
  TROUPE_CHECK(make_room(wish));
  TROUPE_TRY(storage::ModelIntake intake, storage::ModelIntake::open(options_.root, wish.manifest));
  const uint64_t here = bytes_before(intake.manifest(), intake.position());
  jobs_.emplace(model, Job{std::move(intake), here});
  options_.log.info("model comes from the bucket", kv("model", storage::to_string(model)),
                    kv("bytes", wish.manifest.total_bytes().value));
  context().poster()([this, model] { pump(model); });
  return {};
}

Status MirrorActor::make_room(const BringModel& wish) const {
  std::vector<storage::CachedVersion> cached;
  for (const storage::LeftIntake& left : storage::left_intakes(options_.root)) {
    const bool is_own = left.model == ModelRef{wish.manifest.name, wish.manifest.version};
    cached.push_back({left.model, left.size, {}, is_own || jobs_.contains(left.model), true});
  }
  std::vector<Error> damaged;
  TROUPE_TRY(const auto versions, options_.store->list(&damaged));
  for (const storage::ModelManifest& version : versions) {
    const ModelRef model{version.name, version.version};
    const auto used = options_.store->last_used(version.name, version.version);
    cached.push_back({model, version.total_bytes(), used.value_or(WallTime{}), wish.in_use.contains(model), false});
  }
  TROUPE_TRY(const auto gone, storage::make_room(std::move(cached), wish.manifest.total_bytes(), options_.capacity));
  for (const storage::CachedVersion& version : gone) {
    options_.log.info("model's files leave the head; the bucket has them",
                      kv("model", storage::to_string(version.model)));
    if (version.partial) {
      storage::remove_intake(options_.root, version.model);
    } else {
      TROUPE_CHECK(options_.store->remove(version.model.name, version.model.version));
    }
  }
  return {};
}

/// One piece, and a message to itself for the next: others are answered in between.
void MirrorActor::pump(const ModelRef& model) {
  const auto found = jobs_.find(model);
  if (found == jobs_.end()) return;
  Job& job = found->second;
  const bool is_last = job.intake.is_whole();
  const Status done = is_last ? job.intake.publish() : take_piece(job);
  if (done && !is_last) return context().poster()([this, model] { pump(model); });
  jobs_.erase(found);
  if (done) {
    options_.log.info("model is here", kv("model", storage::to_string(model)));
    return;
  }
  options_.log.warn("a model's files could not be had from the bucket", kv("model", storage::to_string(model)),
                    kv("error", done.error().message));
  failures_[model] = done.error();
}

Status MirrorActor::take_piece(Job& job) {
  const storage::FetchPosition from = job.intake.position();
  TROUPE_TRY(const std::string bytes, options_.bucket->read(job.intake.manifest(), from, options_.piece_bytes.value));
  TROUPE_CHECK(job.intake.write(bytes));
  job.bytes_here = bytes_before(job.intake.manifest(), job.intake.position());
  return {};
}

}  // namespace troupe::cluster
