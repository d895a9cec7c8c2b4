// HeadActor: loading and unloading on demand, asked for by administrators and by clients whose API keys allow it.
//
// A client's gateway cannot deploy: what may be loaded, with which settings and how many replicas, stands in a
// deployment that an administrator has made. Loading starts its replicas, unloading stops them, and which of the two
// was asked for last is control state, kept like the deployment itself.

#include "cluster/head/head_actor.hpp"
#include "cluster/head/views.hpp"

namespace troupe::cluster {
namespace {

constexpr size_t waiting_max = 64;
constexpr Duration patience = std::chrono::minutes{5};

}  // namespace

void HeadActor::change_load(const protocol::ChangeLoad& wish, actor::Reply reply) {
  const Member* gateway = state_.membership().find(reply.source() ? reply.source() : options_.self);
  if (gateway == nullptr || !gateway->is_member() || !gateway->info.roles.gateway)
    return reply.fail({Errc::permission_denied, "only gateways ask for clients", {}, {}});
  if (const Status allowed = keys_.may_load(wish.key, wish.model, unix_microseconds(context().wall())); !allowed)
    return reply.fail(allowed.error());
  const AuditAct by{"API key " + wish.key, gateway->info.name, wish.load ? "load model" : "unload model",
                    wish.model + (wish.version.empty() ? "" : "@" + wish.version)};
  const auto shared = std::make_shared<actor::Reply>(std::move(reply));
  const Done done = recording_failure(by, [shared](const Result<std::string>& result) {
    if (!result) return shared->fail(result.error());
    const auto answer = nlohmann::json::parse(*result);
    shared->finish(protocol::LoadChanged{answer.value("deployment", ""), answer.value("version", "")});
  });
  change_load(ChangeModelLoad{wish.model, wish.version, wish.load}, by, done);
}

void HeadActor::change_load(const ChangeModelLoad& wish, AuditAct by, Done done) {
  auto record = state_.find_loadable(wish.name, wish.version);
  if (!record) return done(fail(record.error()));
  if (loads_.size() >= waiting_max)
    return done(fail(Errc::overloaded, "{} models are being loaded and unloaded; come back later", loads_.size()));
  if (record->is_loaded == wish.load) return await_load(*record, wish.load, done);
  if (wish.load) {
    if (const Status room = state_.has_room(*record, context().now()); !room) return done(fail(room.error()));
  }
  record->is_loaded = wish.load;
  by.object = "Deployment " + record->name;
  store_deployment(*record, std::move(by), [this, record = *record, load = wish.load, done](const auto& stored) {
    if (!stored) return done(fail(stored.error()));
    await_load(record, load, done);
  });
}

void HeadActor::await_load(const DeploymentRecord& record, bool load, const Done& done) {
  std::string answer =
      to_text({{"model", record.model}, {"version", record.version}, {"deployment", record.name}, {"loaded", load}});
  loads_.push_back({record.name, load, context().now() + patience, [answer, done](const Result<std::string>& settled) {
                      done(settled ? Result<std::string>(answer) : settled);
                    }});
  settle_loads();
}

/// At each tick: it takes seconds to load a model, so a quarter of one is not felt.
void HeadActor::settle_loads() {
  std::vector<std::pair<Done, Result<std::string>>> settled;
  std::erase_if(loads_, [&](const WaitingLoad& load) {
    const Result<bool> is_settled = state_.is_load_settled(load.deployment, load.load);
    if (!is_settled) {
      settled.emplace_back(load.done, fail(is_settled.error()));
    } else if (*is_settled) {
      settled.emplace_back(load.done, std::string());
    } else if (load.until <= context().now()) {
      settled.emplace_back(load.done, fail(Errc::deadline_exceeded, "{} is not there within {}; it is still pursued",
                                           load.deployment, format_duration(patience)));
    } else {
      return false;
    }
    return true;
  });
  for (const auto& [done, result] : settled) done(result);
}

}  // namespace troupe::cluster
