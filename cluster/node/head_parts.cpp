#include "cluster/node/head_parts.hpp"

#include <cstdlib>
#include <future>

#include "actors/dashboard/page.hpp"
#include "actors/experiment/shard/shard_actor.hpp"
#include "cluster/head/admin_api.hpp"
#include "cluster/head/admin_key.hpp"
#include "cluster/head/audit_text.hpp"
#include "cluster/head/catalog_actor.hpp"
#include "cluster/head/experiment_reader.hpp"
#include "cluster/head/experiment_watcher.hpp"
#include "cluster/head/mirror_actor.hpp"
#include "cluster/node/door_metrics.hpp"
#include "cluster/node/identity.hpp"
#include "cluster/spec/experiment_record.hpp"
#include "runtime/protocol/paths.hpp"
#include "storage/rocksdb_state_store.hpp"

namespace troupe::cluster {
namespace {

Result<storage::RangeResult> read(storage::StateStore& store, std::string prefix) {
  std::promise<Result<storage::RangeResult>> done;
  auto result = done.get_future();
  store.range(std::move(prefix), [&](Result<storage::RangeResult> range) { done.set_value(std::move(range)); });
  return result.get();
}

Result<storage::Revision> commit(storage::StateStore& store, std::vector<storage::StateOp> ops) {
  std::promise<Result<storage::Revision>> done;
  auto result = done.get_future();
  storage::Transaction transaction;
  transaction.ops = std::move(ops);
  store.commit(std::move(transaction),
               [&](Result<storage::Revision> revision) { done.set_value(std::move(revision)); });
  return result.get();
}

/// A record and, with it, who made it.
Result<storage::Revision> write(storage::StateStore& store, AuditLog& audit, WallTime now, std::string key,
                                std::string value, const AuditEntry& entry) {
  const AuditAppend append = audit.next(entry, now);
  std::vector<storage::StateOp> ops = append.ops;
  ops.push_back(storage::Put{std::move(key), std::move(value)});
  TROUPE_TRY(const storage::Revision revision, commit(store, std::move(ops)));
  audit.stored(append);
  return revision;
}

Result<std::vector<Error>> load_audit(storage::StateStore& store, AuditLog& audit) {
  TROUPE_TRY(const storage::RangeResult records, read(store, std::string(audit_prefix)));
  TROUPE_TRY(const storage::RangeResult tips, read(store, std::string(audit_tip_key)));
  std::optional<std::string> tip;
  for (const storage::StateEntry& entry : tips.entries)
    if (entry.key == audit_tip_key) tip = entry.value;
  return audit.restore(records.entries, tip);
}

/// A new term: later than the last one kept here and than any that began before now, so that a head that lost its disk
/// is not refused for ever. In microseconds: within a second a head may start twice, and lose its disk between.
Result<ClusterRecord> begin_epoch(storage::StateStore& store, AuditLog& audit, const Clock& clock, uint64_t drawn) {
  TROUPE_TRY(const storage::RangeResult kept, read(store, std::string(cluster_key)));
  ClusterRecord record;
  for (const storage::StateEntry& entry : kept.entries)
    if (entry.key == cluster_key) {
      TROUPE_TRY(record, decode_cluster(entry.value));
    }
  if (record.id.empty()) record.id = fmt::format("{:016x}", drawn);
  const auto now = static_cast<uint64_t>(unix_microseconds(clock.wall()));
  record.epoch.value = std::max(record.epoch.value, now) + 1;
  TROUPE_TRY([[maybe_unused]] const auto revision,
             write(store, audit, clock.wall(), std::string(cluster_key), encode(record),
                   {{"head", "", "start head", "Cluster " + record.id},
                    AuditOutcome::done,
                    {},
                    fmt::format("epoch {}", record.epoch.value)}));
  return record;
}

/// Who may join and who has, as the store has it; a damaged record keeps nobody else out.
struct Trusted {
  Trust trust;
  std::map<std::string, storage::Revision> revisions;
};

Result<Trusted> load_trust(storage::StateStore& store, NodeId self, const std::string& public_key,
                           const observe::Logger& log) {
  Trusted loaded{Trust(self, public_key), {}};
  const auto take = [&](const storage::StateEntry& entry, const auto& record) {
    if (!record) return log.error("record of trust not restored", observe::kv("error", record.error().message));
    loaded.trust.apply(*record);
    loaded.revisions[entry.key] = entry.mod_revision;
  };
  TROUPE_TRY(const storage::RangeResult tokens, read(store, std::string(token_prefix)));
  for (const storage::StateEntry& entry : tokens.entries) take(entry, decode_token(entry.key, entry.value));
  TROUPE_TRY(const storage::RangeResult nodes, read(store, std::string(node_prefix)));
  for (const storage::StateEntry& entry : nodes.entries) take(entry, decode_node(entry.key, entry.value));
  return loaded;
}

/// The token of the last start where it is good for a while yet, else a new one.
Status provide_join_token(storage::StateStore& store, const std::filesystem::path& data_dir, Trusted& trusted,
                          AuditLog& audit, WallTime now) {
  for (const TokenRecord& old : trusted.trust.leftovers(now)) {
    TROUPE_TRY([[maybe_unused]] const auto deleted, commit(store, {storage::Delete{key_of(old)}}));
    trusted.trust.forget_token(old.id);
    trusted.revisions.erase(key_of(old));
  }
  const auto file = data_dir / join_token_file_name;
  TokenWish wish;
  wish.created_by = "start";
  if (const auto text = read_private_file(file)) {
    const auto token = parse_join_token(*text);
    const auto kept = trusted.trust.tokens().find(token ? token->id : 0);
    if (kept != trusted.trust.tokens().end() && state_of(kept->second, now + wish.lifetime / 2) == "valid") return {};
  }
  std::string secret;
  while (secret.size() < token_secret_bytes) {
    const uint64_t bits = secure_random_u64();
    secret.append(reinterpret_cast<const char*>(&bits), sizeof bits);
  }
  TROUPE_TRY(const auto issued, trusted.trust.issue(wish, secure_random_u64(), std::move(secret), now));
  const std::string key = key_of(issued.first);
  TROUPE_TRY(trusted.revisions[key], write(store, audit, now, key, encode(issued.first),
                                           token_created({"head", "", "create token", ""}, issued.first)));
  trusted.trust.apply(issued.first);
  return write_private_file(file, text_of(issued.second));
}

/// One for each actor that uses it: requests follow each other, and each actor blocks on its own alone.
struct Buckets {
  std::shared_ptr<storage::ModelBucket> catalog;
  std::shared_ptr<storage::ModelBucket> mirror;
};

Result<Buckets> open_buckets(const std::string& url, const Clock& clock) {
  TROUPE_TRY(const storage::S3Options bucket,
             storage::s3_options(url, [](const char* name) { return std::getenv(name); }));
  return Buckets{std::make_shared<storage::ModelBucket>(bucket, clock),
                 std::make_shared<storage::ModelBucket>(bucket, clock)};
}

Result<actor::Ref> start_mirror(const NodeOptions& options, actor::Host& host,
                                std::shared_ptr<storage::ModelStore> models,
                                std::shared_ptr<storage::ModelBucket> bucket, const observe::Logger& log) {
  MirrorOptions mirror;
  mirror.root = options.models_folder();
  mirror.store = std::move(models);
  mirror.bucket = std::move(bucket);
  mirror.capacity = options.model_cache.value > 0 ? options.model_cache : default_model_cache(mirror.root);
  mirror.log = log.with_component("mirror");
  return host.spawn_actor<MirrorActor>("mirror",
                                       {.placement = actor::Placement::own_thread,
                                        .parent = std::string(protocol::control_plane_path),
                                        .escalates = false},
                                       std::move(mirror));
}

/// Who keeps the events of experiments, who looks at what they come to, who tells how it went, and who reads them.
Status start_experiments(const NodeOptions& options, actor::Host& host, Random& random, const observe::Logger& log,
                         HeadActorOptions& head) {
  const observe::Logger logger = log.with_component("experiments");
  const actor::SpawnOptions own_thread{.placement = actor::Placement::own_thread,
                                       .parent = std::string(protocol::control_plane_path),
                                       .escalates = false};
  experiment::ShardParts shard{.database = nullptr, .log = logger};
  TROUPE_TRY(shard.database, storage::EventDatabase::open(options.data_dir / "experiments", {}, random));
  shard.keep_raw = options.event_retention;
  TROUPE_TRY(head.experiment_reader,
             host.spawn_actor<ExperimentReader>(std::string(experiment_reader_path), own_thread, shard.database));
  ExperimentWatcherParts watcher;
  actor::SpawnOptions for_gateways = own_thread;
  for_gateways.lane = bus::Lane::bulk;
  TROUPE_TRY(watcher.shard, host.spawn_actor<experiment::ShardActor>(std::string(experiment::shard_path), for_gateways,
                                                                     std::move(shard)));
  watcher.head = [&host] { return host.find(protocol::head_path); };
  watcher.log = logger;
  TROUPE_TRY(head.experiment_historian,
             host.spawn_actor<ExperimentHistorian>(std::string(experiment_historian_path), own_thread, watcher.shard));
  TROUPE_TRY(head.experiment_watcher,
             host.spawn_actor<ExperimentWatcher>(std::string(experiment_watcher_path), own_thread, std::move(watcher)));
  return {};
}

bus::AllowList allow_list_of(const Trust& trust) {
  bus::AllowList list;
  for (auto& [node, key] : trust.allowed()) list.admitted.push_back({node, std::move(key)});
  list.denied = trust.denied();
  return list;
}

}  // namespace

Result<HeadActorOptions> begin_term(std::shared_ptr<storage::StateStore> store, bus::Transport& transport,
                                    const Clock& clock, Random& random) {
  HeadActorOptions head;
  TROUPE_TRY(head.audit_damage, load_audit(*store, head.audit));
  TROUPE_TRY(const ClusterRecord cluster, begin_epoch(*store, head.audit, clock, random.next()));
  TROUPE_TRY(storage::RangeResult deployments, read(*store, std::string(deployment_prefix)));
  TROUPE_TRY(storage::RangeResult keys, read(*store, std::string(key_prefix)));
  TROUPE_TRY(storage::RangeResult models, read(*store, std::string(model_prefix)));
  TROUPE_TRY(storage::RangeResult experiments, read(*store, std::string(experiment_prefix)));
  head.head.epoch = cluster.epoch;
  head.head.cluster = cluster.id;
  head.seed = random.next();
  head.store = std::move(store);
  head.deployments = std::move(deployments.entries);
  head.keys = std::move(keys.entries);
  head.model_records = std::move(models.entries);
  head.experiment_records = std::move(experiments.entries);
  // Where nothing was deployed there is nothing to wait for that could still run.
  if (head.deployments.empty()) head.head.adoption_grace = Duration{0};
  head.add_peer = [&transport](const protocol::NodeInfo& node) {
    if (node.id != transport.self().node)
      transport.add_peer({node.id, node.incarnation, node.addresses.control, node.addresses.request,
                          node.addresses.bulk, node.public_key});
  };
  head.self = head.head.self = transport.self().node;
  head.join_address = transport.self().control.substr(transport.self().control.rfind('/') + 1);
  head.remove_peer = [&transport](NodeId node) { transport.remove_peer(node); };
  return head;
}

Result<HeadParts> start_head(const NodeOptions& options, const std::string& public_key,
                             std::shared_ptr<http::TlsCertificate> certificate, actor::Host& host,
                             bus::ZmqTransport& transport, Clock& clock, observe::Metrics& metrics,
                             const observe::Logger& log, std::function<void(const Error&)> on_crash) {
  TROUPE_TRY(auto opened, storage::open_rocksdb_state_store(options.data_dir / "control"));
  const std::shared_ptr<storage::StateStore> store = std::move(opened);
  TROUPE_TRY(auto model_store, storage::ModelStore::open(options.models_folder()));
  const auto models = std::make_shared<storage::ModelStore>(std::move(model_store));
  SeededRandom random{secure_random_u64()};
  TROUPE_TRY(HeadActorOptions head, begin_term(store, transport, clock, random));
  TROUPE_TRY(Trusted trusted, load_trust(*store, transport.self().node, public_key, log));
  TROUPE_CHECK(provide_join_token(*store, options.data_dir, trusted, head.audit, clock.wall()));
  head.trust = std::move(trusted.trust);
  head.trusted = std::move(trusted.revisions);
  head.key_of = [&transport](NodeId node) { return transport.key_of(node); };
  head.admit = [&transport](const Trust& trust) { transport.admit(allow_list_of(trust)); };
  head.require_keys = options.keys_always();
  // One damaged version must not keep the others from being served.
  std::vector<Error> damaged_models;
  Buckets buckets;
  if (options.model_store.empty()) {
    TROUPE_TRY(head.known_models, models->list(&damaged_models));
  } else {
    TROUPE_TRY(buckets, open_buckets(options.model_store, clock));
    TROUPE_TRY(head.known_models, buckets.catalog->list(damaged_models));
  }
  for (const Error& damage : damaged_models)
    log.with_component("head").error("model not listed; remove its folder and add it again",
                                     observe::kv("error", damage.message));
  TROUPE_TRY(std::string key, load_or_create_admin_key(options.data_dir / admin_key_file_name));

  TROUPE_TRY(const actor::Ref catalog,
             host.spawn_actor<CatalogActor>("catalog",
                                            {.placement = actor::Placement::own_thread,
                                             .parent = std::string(protocol::control_plane_path),
                                             .escalates = false},
                                            options.models_folder(), models, buckets.catalog));
  if (buckets.mirror) {
    TROUPE_TRY(head.mirror, start_mirror(options, host, models, buckets.mirror, log));
  }
  TROUPE_CHECK(start_experiments(options, host, random, log, head));
  head.models = models;
  head.models_root = options.models_folder();
  head.catalog = catalog;
  head.log = log.with_component("head");
  head.data_dir = options.data_dir;
  HeadParts parts;
  TROUPE_TRY(parts.head, host.spawn_actor<HeadActor>(std::string(protocol::head_path), vital(std::move(on_crash)),
                                                     std::move(head)));

  AdminApiOptions api;
  api.admin_key = std::move(key);
  api.key_file = options.data_dir / admin_key_file_name;
  api.is_loopback = !options.is_public();
  api.is_tls = certificate != nullptr;
  api.port = options.ports.admin;
  api.page = dashboard::make_page_handler();
  api.log = log.with_component("admin");
  http::HttpOptions door;
  door.host = options.host;
  door.port = options.ports.admin;
  door.port_option = "--admin-port";
  door.tls = std::move(certificate);
  door.on_cut = count_http_cuts(metrics, "admin");
  door.io_threads = 1;
  door.body_bytes_max = admin_body_bytes_max;
  TROUPE_TRY(parts.admin,
             http::HttpServer::listen(door, clock, make_admin_api(parts.head, std::move(api)), admin_error_body));
  return parts;
}

}  // namespace troupe::cluster
