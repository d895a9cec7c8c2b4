#include "cluster/agent/fetch_actor.hpp"

#include <algorithm>

#include "runtime/actor/host.hpp"
#include "runtime/protocol/paths.hpp"
#include "storage/model_folder.hpp"

namespace troupe::cluster {

using observe::kv;
using What = FetchNews::What;

namespace {

constexpr Duration find_patience = std::chrono::seconds{5};
constexpr Duration progress_interval = std::chrono::milliseconds{500};
constexpr Duration busy_retry = std::chrono::seconds{1};
/// Of the disk that is left to others.
constexpr ByteCount disk_reserve = 64_MiB;

bool is_below(const std::filesystem::path& path, const std::filesystem::path& root) {
  if (root.empty()) return false;
  const auto relative = path.lexically_normal().lexically_relative(root.lexically_normal());
  return !relative.empty() && *relative.begin() != "..";
}

}  // namespace

FetchActor::FetchActor(actor::Context& context, FetchActorOptions options)
    : Actor(context), options_(std::move(options)) {
  on<ModelsWanted>([this](const ModelsWanted& wanted) { want(wanted); });
}

void FetchActor::started() {
  show_progress();
}

void FetchActor::show_progress() {
  for (auto& [key, job] : jobs_)
    if (job.is_active && job.plan && !job.timer)
      tell(job, What::fetching, storage::progress_text(job.plan->bytes_here(), job.plan->bytes_total()));
  context().after(progress_interval, [this] { show_progress(); });
}

// --- What is wanted --------------------------------------------------------------------------------------------------

void FetchActor::want(const ModelsWanted& wanted) {
  head_ = wanted.head;
  tell_ = wanted.tell;
  running_ = {wanted.running.begin(), wanted.running.end()};
  std::set<ReplicaId> starting;
  for (const protocol::ReplicaSpec& spec : wanted.starting) starting.insert(spec.id);
  std::vector<Key> unwanted;
  for (auto& [key, job] : jobs_) {
    std::erase_if(job.waiting, [&](ReplicaId id) { return !starting.contains(id); });
    if (job.waiting.empty()) unwanted.push_back(key);
  }
  for (const Key& key : unwanted) end(key);
  for (const protocol::ReplicaSpec& spec : wanted.starting) want(spec);
  begin_waiting();
}

void FetchActor::want(const protocol::ReplicaSpec& spec) {
  const Key key{spec.model, spec.version};
  if (const auto known = jobs_.find(key); known != jobs_.end() && known->second.digest == spec.digest) {
    if (!known->second.waiting.insert(spec.id).second) return;
    FetchNews news = known->second.news;
    news.replica = spec.id;
    return tell_(news);
  }
  if (std::string folder = folder_of(spec); !folder.empty())
    return tell_({spec.id, What::ready, {}, std::move(folder)});
  if (options_.is_store && !options_.is_mirror)
    return tell_(
        {spec.id,
         What::failed,
         fmt::format("{}@{} is not in this node's own store, or has other content there", spec.model, spec.version),
         {}});
  Job job;
  job.model = key;
  job.digest = spec.digest;
  job.spec = spec;
  job.retry = FetchRetry(options_.retry);
  job.waiting = {spec.id};
  end(key);
  tell(jobs_.emplace(key, std::move(job)).first->second, What::fetching, "waits for other fetches");
}

std::string FetchActor::folder_of(const protocol::ReplicaSpec& spec) {
  if (is_below(spec.folder, options_.shared_root)) {
    const auto manifest = storage::read_model_manifest(spec.folder);
    if (manifest && manifest->digest() == spec.digest) return spec.folder;
  }
  const auto manifest = options_.store->find(spec.model, spec.version);
  if (!manifest || manifest->digest() != spec.digest) return {};
  if (!options_.is_store) {
    if (const Status marked = options_.store->mark_used(spec.model, spec.version, context().wall()); !marked)
      options_.log.warn("when a model was used last is not kept", kv("error", marked.error().message));
  }
  return options_.store->path_of(spec.model, spec.version).value_or("").string();
}

void FetchActor::begin_waiting() {
  size_t active =
      static_cast<size_t>(std::ranges::count_if(jobs_, [](const auto& entry) { return entry.second.is_active; }));
  for (auto& [key, job] : jobs_) {
    if (active >= options_.fetches_max) return;
    if (job.is_active) continue;
    ++active;
    job.is_active = true;
    options_.log.info("model is fetched", kv("model", storage::to_string(key)));
    begin_round(job);
  }
}

void FetchActor::end(const Key& key) {
  const auto found = jobs_.find(key);
  if (found == jobs_.end()) return;
  stop_attempt(found->second);
  if (found->second.timer) context().cancel(found->second.timer);
  jobs_.erase(found);
}

// --- One round: the sources, one after the other ---------------------------------------------------------------------

void FetchActor::begin_round(Job& job) {
  job.timer = {};
  job.only_busy = true;
  stop_attempt(job);
  if (!head_) return round_failed(job, {Errc::unavailable, "the head is not found", {}, {}});
  context().call(head_, protocol::FindModel{job.model.name, job.model.version},
                 {.deadline = context().now() + find_patience},
                 [this, key = job.model, attempt = job.attempt](const actor::ReplyEvent& event) {
                   const auto found = jobs_.find(key);
                   if (found == jobs_.end() || found->second.attempt != attempt) return;
                   if (const auto* sources = event.body.get<protocol::ModelSources>())
                     return take_sources(found->second, *sources);
                   // Overloaded: the head is getting it, and says how far it is.
                   found->second.only_busy = event.error->code == Errc::overloaded;
                   round_failed(found->second, *event.error);
                 });
}

void FetchActor::take_sources(Job& job, const protocol::ModelSources& found) {
  // The head may have got it meanwhile, into a folder that is this node's too.
  if (std::string folder = folder_of(job.spec); !folder.empty()) {
    tell(job, What::ready, {}, std::move(folder));
    end(Key{job.model});
    return begin_waiting();
  }
  std::vector<protocol::RoutedNode> sources = found.sources;
  std::erase_if(sources, [&](const protocol::RoutedNode& node) { return node.id == options_.self; });
  job.retry.begin_round(std::move(sources));
  if (job.retry.source() == nullptr) {
    job.only_busy = false;
    return round_failed(job, {Errc::not_found, "no node that is reachable has it", {}, {}});
  }
  ask_source(job);
}

void FetchActor::ask_source(Job& job) {
  const protocol::RoutedNode& source = *job.retry.source();
  options_.add_peer(source);
  job.source =
      context().host().remote(source.id, source.incarnation, std::string(protocol::models_path), bus::Lane::bulk);
  if (!job.plan) {
    job.json.clear();
    return read_manifest(job);
  }
  job.plan->begin_again(job.intake->position());
  pump(job);
}

void FetchActor::read(Job& job, uint32_t file, uint64_t offset, uint32_t size,
                      std::function<void(Job&, const protocol::ModelChunk&)> take) {
  job.calls.push_back(context().call(
      job.source, protocol::ReadModel{job.model.name, job.model.version, job.digest, file, offset, size},
      {.deadline = context().now() + options_.chunk_patience},
      [this, key = job.model, attempt = job.attempt, take = std::move(take)](const actor::ReplyEvent& event) {
        const auto found = jobs_.find(key);
        if (found == jobs_.end() || found->second.attempt != attempt) return;
        Job& job = found->second;
        // In order, as they were asked for.
        if (!job.calls.empty()) job.calls.erase(job.calls.begin());
        if (const auto* chunk = event.body.get<protocol::ModelChunk>()) return take(job, *chunk);
        source_failed(job, event.error ? *event.error
                                       : Error{Errc::corrupt_data, "a piece was answered with something else", {}, {}});
      }));
}

void FetchActor::stop_attempt(Job& job) {
  ++job.attempt;
  for (const actor::CallId call : std::exchange(job.calls, {})) context().cancel(call);
}

void FetchActor::source_failed(Job& job, const Error& error) {
  stop_attempt(job);
  job.only_busy &= error.code == Errc::overloaded;
  const protocol::RoutedNode* const source = job.retry.source();
  options_.log.warn("a node could not give a model's files", kv("model", storage::to_string(job.model)),
                    kv("node", source->id), kv("error", error.message));
  job.retry.source_failed();
  if (job.retry.source() != nullptr) return ask_source(job);
  round_failed(job, error);
}

void FetchActor::round_failed(Job& job, const Error& error) {
  stop_attempt(job);
  // Others are served; the turn comes.
  const Duration wait = job.only_busy ? busy_retry : job.retry.round_failed();
  const What what = job.only_busy ? What::fetching : job.retry.is_hopeless() ? What::failed : What::retrying;
  tell(job, what,
       job.only_busy
           ? "waits for its turn: " + error.message
           : fmt::format("its files cannot be fetched: {}; tried again in {}", error.message, format_duration(wait)));
  job.timer = context().after(wait, [this, key = job.model] {
    if (const auto found = jobs_.find(key); found != jobs_.end()) begin_round(found->second);
  });
}

// --- The bytes -------------------------------------------------------------------------------------------------------

void FetchActor::read_manifest(Job& job) {
  read(job, 0, job.json.size(), options_.limits.chunk_bytes,
       [this](Job& of, const protocol::ModelChunk& chunk) { take_manifest(of, chunk); });
}

void FetchActor::take_manifest(Job& job, const protocol::ModelChunk& chunk) {
  job.json += chunk.data.view();
  if (chunk.file_bytes > storage::manifest_bytes_max.value || chunk.data.empty())
    return source_failed(job, {Errc::corrupt_data, "it has no manifest, or too long a one", {}, {}});
  if (job.json.size() < chunk.file_bytes) return read_manifest(job);
  if (const Status opened = open_intake(job); !opened) {
    if (opened.error().code == Errc::corrupt_data) return source_failed(job, opened.error());
    job.only_busy = false;
    return round_failed(job, opened.error());
  }
  pump(job);
}

Status FetchActor::open_intake(Job& job) {
  TROUPE_TRY(storage::ModelManifest manifest, storage::manifest_from_json(job.json, "the manifest that came"));
  if (manifest.name != job.model.name || manifest.version != job.model.version || manifest.digest() != job.digest)
    return fail(Errc::corrupt_data, "the manifest that came is not that of {}, or of other content",
                storage::to_string(job.model));
  TROUPE_CHECK(make_room(manifest));
  // A version of this name with other content: the head has another one now.
  if (options_.store->find(manifest.name, manifest.version) && !running_.contains(job.model))
    TROUPE_CHECK(options_.store->remove(manifest.name, manifest.version));
  TROUPE_TRY(job.intake, storage::ModelIntake::open(options_.root, manifest));
  job.plan.emplace(manifest, options_.limits, job.intake->position());
  job.best = job.plan->bytes_here();
  return {};
}

Status FetchActor::make_room(const storage::ModelManifest& manifest) const {
  std::vector<storage::CachedVersion> cached;
  uint64_t held = 0;
  uint64_t own = 0;
  for (const storage::LeftIntake& left : storage::left_intakes(options_.root)) {
    const bool is_own = left.model == Key{manifest.name, manifest.version};
    if (is_own) own = left.size.value;
    cached.push_back({left.model, left.size, {}, is_own || jobs_.contains(left.model), true});
    held += left.size.value;
  }
  std::vector<Error> damaged;
  TROUPE_TRY(const auto versions, options_.store->list(&damaged));
  for (const storage::ModelManifest& version : versions) {
    const Key key{version.name, version.version};
    const ByteCount size = version.total_bytes();
    const auto used = options_.store->last_used(version.name, version.version);
    cached.push_back({key, size, used.value_or(WallTime{}), running_.contains(key) || jobs_.contains(key), false});
    held += size.value;
  }
  std::error_code error;
  const auto disk = std::filesystem::space(options_.root, error);
  const uint64_t free =
      error ? UINT64_MAX / 2 : disk.available - std::min<uint64_t>(disk.available, disk_reserve.value);
  const uint64_t total = manifest.total_bytes().value;
  const ByteCount incoming{total - std::min(own, total)};
  const ByteCount capacity{std::min(options_.capacity.value, held + free)};
  auto gone = storage::make_room(std::move(cached), incoming, capacity);
  if (!gone && capacity < options_.capacity)
    return fail(Errc::resource_exhausted, "the disk of {} has {} free, and {} more are needed", options_.root.string(),
                format_bytes({free}), format_bytes(incoming));
  if (!gone) return fail(std::move(gone.error()));
  for (const storage::CachedVersion& version : *gone) {
    options_.log.info("model leaves the cache", kv("model", storage::to_string(version.model)),
                      kv("bytes", version.size.value));
    if (version.partial) {
      storage::remove_intake(options_.root, version.model);
    } else {
      TROUPE_CHECK(options_.store->remove(version.model.name, version.model.version));
    }
  }
  return {};
}

void FetchActor::pump(Job& job) {
  if (job.intake->is_whole()) return publish(job);
  while (const auto chunk = job.plan->next())
    read(job, static_cast<uint32_t>(chunk->file + 1), chunk->offset, chunk->size,
         [this, asked = *chunk](Job& of, const protocol::ModelChunk& answer) { take_chunk(of, asked, answer.data); });
}

void FetchActor::take_chunk(Job& job, const storage::Chunk& chunk, const Bytes& data) {
  if (job.plan->arrived() != chunk || data.size() != chunk.size)
    return source_failed(job, {Errc::corrupt_data, "pieces of the files came out of order or cut short", {}, {}});
  if (const Status written = job.intake->write(data.view()); !written) {
    if (written.error().code == Errc::corrupt_data) return source_failed(job, written.error());
    job.only_busy = false;
    return round_failed(job, written.error());
  }
  if (job.plan->bytes_here() > job.best) {
    job.best = job.plan->bytes_here();
    job.retry.progressed();
  }
  pump(job);
}

void FetchActor::publish(Job& job) {
  const storage::ModelManifest manifest = job.intake->manifest();
  if (const Status published = job.intake->publish(); !published) {
    job.only_busy = false;
    job.plan.reset();
    job.intake.reset();
    return round_failed(job, published.error());
  }
  options_.log.info("model is here", kv("model", storage::to_string(job.model)),
                    kv("bytes", manifest.total_bytes().value));
  const auto folder = options_.store->path_of(manifest.name, manifest.version);
  tell(job, What::ready, {}, folder.value_or("").string());
  end(job.model);
  begin_waiting();
}

void FetchActor::tell(Job& job, What what, std::string text, std::string folder) {
  FetchNews news{{}, what, std::move(text), std::move(folder)};
  if (news == job.news) return;
  job.news = news;
  for (const ReplicaId replica : job.waiting) {
    news.replica = replica;
    tell_(news);
  }
}

}  // namespace troupe::cluster
