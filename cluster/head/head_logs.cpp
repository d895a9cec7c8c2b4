// What replicas and nodes write, as HeadActor gets it from the nodes that have it.

#include <algorithm>
#include <set>

#include "cluster/head/admin_logs.hpp"
#include "cluster/head/find_node.hpp"
#include "cluster/head/head_actor.hpp"
#include "cluster/head/views.hpp"
#include "runtime/actor/host.hpp"
#include "runtime/base/nearest.hpp"
#include "runtime/protocol/paths.hpp"

namespace troupe::cluster {
namespace {

using nlohmann::json;

constexpr Duration patience = std::chrono::seconds{5};
constexpr size_t rows_max = 1024;

bool is_of(const protocol::ReplicaSpec& spec, const std::string& name) {
  return name.empty() || spec.deployment == name || spec.model == name || spec.model + "@" + spec.version == name ||
         spec.id.str() == name;
}

std::string why_gone(const Member& member) {
  return fmt::format("it is {}; its logs are in its data folder on its machine", to_string(member.state));
}

json row_of(const HeadState& state, const std::string& node, const protocol::LogEntry& log) {
  const auto replica = state.replicas().find(log.replica);
  const bool is_here = replica != state.replicas().end();
  json row{{"node", node},
           {"replica", log.replica.str()},
           {"deployment", log.deployment},
           {"model", log.model + "@" + log.version},
           {"state", !is_here                   ? "ended"
                     : replica->second.stopping ? "draining"
                                                : std::string(to_string(replica->second.status.state))},
           {"bytes", log.bytes}};
  if (log.written_unix_us > 0) row["written"] = to_iso8601(wall_time_from_unix_microseconds(log.written_unix_us));
  return row;
}

/// What is said of a replica that has no log.
json silent_row(const HeadState& state, const std::string& node, const ReplicaRecord& replica) {
  const protocol::ReplicaSpec& spec = replica.spec;
  json row = row_of(state, node, {spec.id, spec.deployment, spec.model, spec.version, 0, 0});
  if (spec.isolation == protocol::Isolation::thread)
    row["note"] = "its back end is a thread of its node, whose own log has what it says";
  return row;
}

}  // namespace

/// What has been found so far, and how many nodes have not answered yet.
struct HeadActor::LogSearch {
  FindLogs wish;
  std::vector<json> rows;
  json unreachable = json::array();
  std::set<ReplicaId> found;
  std::set<NodeId> answered;
  size_t open = 0;
  bool is_cut = false;
  Done done;
};

void HeadActor::find_logs(const FindLogs& wish, const Done& done) {
  const auto search = std::make_shared<LogSearch>();
  search->wish = wish;
  search->done = done;
  std::vector<const Member*> asked;
  if (!wish.node.empty()) {
    const Member* member = find_node(state_, wish.node);
    if (member == nullptr) return done(no_such_node(state_, wish.node));
    if (!member->is_member()) return done(fail(Errc::unavailable, "node {}: {}", member->info.name, why_gone(*member)));
    asked.push_back(member);
  } else {
    for (const auto& [id, member] : state_.membership().members()) {
      if (member.is_member()) asked.push_back(&member);
      if (member.state == NodeState::down)
        search->unreachable.push_back({{"node", member.info.name}, {"reason", why_gone(member)}});
    }
  }
  search->open = asked.size();
  for (const Member* member : asked) {
    const actor::Ref logs = context().host().remote(member->info.id, member->info.incarnation,
                                                    std::string(protocol::logs_path), bus::Lane::control);
    context().call(logs, protocol::ListLogs{wish.of}, {.deadline = context().now() + patience},
                   [this, search, node = member->info.id, name = member->info.name](const actor::ReplyEvent& event) {
                     if (!event.last) return;
                     if (const auto* list = event.body.get<protocol::LogList>()) {
                       take_logs(*search, node, name, *list);
                     } else {
                       search->unreachable.push_back(
                           {{"node", name}, {"reason", event.error ? event.error->message : "it answered otherwise"}});
                     }
                     if (--search->open == 0) finish_search(*search);
                   });
  }
  if (search->open == 0) finish_search(*search);
}

void HeadActor::take_logs(LogSearch& search, NodeId node, const std::string& name, const protocol::LogList& list) {
  search.answered.insert(node);
  search.is_cut = search.is_cut || list.is_cut;
  for (const protocol::LogEntry& log : list.logs) {
    search.found.insert(log.replica);
    search.rows.push_back(row_of(state_, name, log));
  }
}

void HeadActor::finish_search(LogSearch& search) {
  for (const auto& [id, replica] : state_.replicas()) {
    if (!is_of(replica.spec, search.wish.of) || search.found.contains(id) || !search.answered.contains(replica.node))
      continue;
    const Member* member = state_.membership().find(replica.node);
    search.rows.push_back(silent_row(state_, member ? member->info.name : replica.node.str(), replica));
  }
  if (search.rows.empty() && search.unreachable.empty()) {
    std::vector<std::string> names;
    for (const auto& [name, deployment] : state_.deployments()) {
      names.push_back(name);
      names.push_back(deployment.record.model);
    }
    return search.done(fail(Errc::not_found, "no replica, deployment or model {} runs{} or has left a log{}",
                            search.wish.of.empty() ? "at all" : "named " + search.wish.of,
                            search.wish.node.empty() ? "" : " on " + search.wish.node,
                            did_you_mean(search.wish.of, names)));
  }
  std::ranges::sort(search.rows, {}, [](const json& row) {
    return std::tuple(row.value("deployment", ""), row.value("node", ""), row.value("replica", ""));
  });
  search.is_cut = search.is_cut || search.rows.size() > rows_max;
  search.rows.resize(std::min(search.rows.size(), rows_max));
  search.done(to_text({{"logs", search.rows}, {"unreachable", search.unreachable}, {"cut", search.is_cut}}));
}

void HeadActor::read_log(const ReadNodeLog& log, const Done& done) {
  const Member* member = find_node(state_, log.node);
  if (member == nullptr) return done(no_such_node(state_, log.node));
  const std::string& name = member->info.name;
  if (!member->is_member()) return done(fail(Errc::unavailable, "node {}: {}", name, why_gone(*member)));
  protocol::ReadLog wish = log.wish;
  if (log.since > Duration{0})
    wish.since_unix_us =
        unix_microseconds(context().wall() - std::chrono::duration_cast<WallTime::duration>(log.since));
  const ReplicaId replica = wish.replica;
  const actor::Ref logs = context().host().remote(member->info.id, member->info.incarnation,
                                                  std::string(protocol::logs_path), bus::Lane::control);
  context().call(logs, std::move(wish), {.deadline = context().now() + patience},
                 [done, name, replica](const actor::ReplyEvent& event) {
                   if (!event.last) return;
                   if (const auto* page = event.body.get<protocol::LogPage>())
                     return done(to_text(log_page_view(name, replica, *page)));
                   Error error = event.error.value_or(Error{Errc::internal, "it answered otherwise", {}, {}});
                   error.message = fmt::format("node {}: {}", name, error.message);
                   done(fail(std::move(error)));
                 });
}

}  // namespace troupe::cluster
