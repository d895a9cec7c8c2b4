#include "cluster/node/head_parts.hpp"

#include <future>

#include "actors/dashboard/page.hpp"
#include "cluster/head/admin_api.hpp"
#include "cluster/head/catalog_actor.hpp"
#include "cluster/node/door_metrics.hpp"
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

Status write(storage::StateStore& store, std::string key, std::string value) {
  std::promise<Status> done;
  auto result = done.get_future();
  storage::Transaction transaction;
  transaction.ops.push_back(storage::Put{std::move(key), std::move(value)});
  store.commit(std::move(transaction), [&](const Result<storage::Revision>& revision) {
    done.set_value(revision ? Status{} : Status{fail(revision.error())});
  });
  return result.get();
}

/// A new term: later than the last one kept here and than any that began before now, so that a head that lost its disk
/// is not refused for ever. In microseconds: within a second a head may start twice, and lose its disk between.
Result<ClusterRecord> begin_epoch(storage::StateStore& store, const Clock& clock, uint64_t drawn) {
  TROUPE_TRY(const storage::RangeResult kept, read(store, std::string(cluster_key)));
  ClusterRecord record;
  for (const storage::StateEntry& entry : kept.entries)
    if (entry.key == cluster_key) {
      TROUPE_TRY(record, decode_cluster(entry.value));
    }
  if (record.id.empty()) record.id = fmt::format("{:016x}", drawn);
  const auto now = static_cast<uint64_t>(unix_microseconds(clock.wall()));
  record.epoch.value = std::max(record.epoch.value, now) + 1;
  TROUPE_CHECK(write(store, std::string(cluster_key), encode(record)));
  return record;
}

}  // namespace

Result<HeadActorOptions> begin_term(std::shared_ptr<storage::StateStore> store, bus::Transport& transport,
                                    const Clock& clock, Random& random) {
  HeadActorOptions head;
  TROUPE_TRY(const ClusterRecord cluster, begin_epoch(*store, clock, random.next()));
  TROUPE_TRY(storage::RangeResult deployments, read(*store, std::string(deployment_prefix)));
  TROUPE_TRY(storage::RangeResult keys, read(*store, std::string(key_prefix)));
  head.head.epoch = cluster.epoch;
  head.head.cluster = cluster.id;
  head.seed = random.next();
  head.store = std::move(store);
  head.deployments = std::move(deployments.entries);
  head.keys = std::move(keys.entries);
  // Where nothing was deployed there is nothing to wait for that could still run.
  if (head.deployments.empty()) head.head.adoption_grace = Duration{0};
  head.add_peer = [&transport](const protocol::NodeInfo& node) {
    if (node.id != transport.self().node)
      transport.add_peer({node.id, node.incarnation, node.addresses.control, node.addresses.request});
  };
  return head;
}

Result<HeadParts> start_head(const NodeOptions& options, actor::Host& host, bus::Transport& transport, Clock& clock,
                             observe::Metrics& metrics, const observe::Logger& log,
                             std::function<void(const Error&)> on_crash) {
  TROUPE_TRY(auto store, storage::open_rocksdb_state_store(options.data_dir / "control"));
  TROUPE_TRY(auto model_store, storage::ModelStore::open(options.data_dir / "models"));
  const auto models = std::make_shared<storage::ModelStore>(std::move(model_store));
  SeededRandom random{secure_random_u64()};
  TROUPE_TRY(HeadActorOptions head, begin_term(std::move(store), transport, clock, random));
  head.require_keys = options.require_keys;
  // One damaged version must not keep the others from being served.
  std::vector<Error> damaged_models;
  TROUPE_TRY(head.known_models, models->list(&damaged_models));
  for (const Error& damage : damaged_models)
    log.with_component("head").error("model not listed; remove its folder and add it again",
                                     observe::kv("error", damage.message));
  TROUPE_TRY(std::string key, load_or_create_admin_key(options.data_dir / admin_key_file_name));

  TROUPE_TRY(const actor::Ref catalog,
             host.spawn_actor<CatalogActor>("catalog", {.placement = actor::Placement::own_thread}, models));
  head.models = models;
  head.catalog = catalog;
  head.log = log.with_component("head");
  head.data_dir = options.data_dir;
  HeadParts parts;
  TROUPE_TRY(parts.head, host.spawn_actor<HeadActor>(std::string(protocol::head_path), vital(std::move(on_crash)),
                                                     std::move(head)));

  AdminApiOptions api;
  api.admin_key = std::move(key);
  api.key_file = options.data_dir / admin_key_file_name;
  api.is_loopback = is_loopback(options.host);
  api.port = options.ports.admin;
  api.page = dashboard::make_page_handler();
  api.log = log.with_component("admin");
  http::HttpOptions door;
  door.host = options.host;
  door.port = options.ports.admin;
  door.port_option = "--admin-port";
  door.on_cut = count_http_cuts(metrics, "admin");
  door.io_threads = 1;
  door.body_bytes_max = admin_body_bytes_max;
  TROUPE_TRY(parts.admin,
             http::HttpServer::listen(door, clock, make_admin_api(parts.head, std::move(api)), admin_error_body));
  return parts;
}

}  // namespace troupe::cluster
