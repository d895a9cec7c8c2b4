// HeadActor: who may join, who has joined, and who is put out again.

#include "cluster/head/audit_text.hpp"
#include "cluster/head/head_actor.hpp"
#include "cluster/head/views.hpp"
#include "runtime/actor/host.hpp"
#include "runtime/protocol/paths.hpp"

namespace troupe::cluster {

using observe::kv;

namespace {

/// Of a node that nobody vouches for yet: what it says of itself.
AuditAct join_act(const protocol::NodeInfo& node) {
  return {"node key " + node.public_key, node.addresses.control, "join", fmt::format("Node {} {}", node.name, node.id)};
}

}  // namespace

void HeadActor::join(const std::shared_ptr<const protocol::JoinRequest>& request, actor::Reply reply) {
  const NodeId source = reply.source();
  if (!source) return let_in(*request, reply);  // This node's own agent.
  const protocol::NodeInfo& node = request->node;
  const std::string key = options_.key_of(source);
  // A connection outlives the key that it was made with: that a member made it says who asks, whichever key it has now.
  const bool is_proved = key == node.public_key || trust_.is_member(node.id, node.public_key);
  if (source != node.id || !is_proved)
    return refuse(*request, {Errc::permission_denied, "what asks to join is not the node that it says it is", {}, {}},
                  reply);
  auto admission = trust_.admit({node.id, node.name, node.public_key, request->token}, context().wall());
  if (!admission) return refuse(*request, admission.error(), reply);
  if (!admission->node) return let_in(*request, reply);

  const auto asker = std::make_shared<actor::Reply>(std::move(reply));
  const NodeRecord& admitted = *admission->node;
  AuditEntry entry{join_act(node), AuditOutcome::done, {}, fmt::format("admitted with the key {}", node.public_key)};
  entry.act.who = "join token " + token_name(admitted.token);
  store_trust({admitted}, {*admission->token}, std::move(entry), [this, request, asker](const Status& stored) {
    if (!stored) return refuse(*request, stored.error(), *asker);
    let_in(*request, *asker);
  });
}

void HeadActor::let_in(const protocol::JoinRequest& request, actor::Reply& reply) {
  auto joined = state_.join(request, context().now());
  if (!joined) return refuse(request, joined.error(), reply);
  if (joined->declared_down) {
    options_.log.warn("node was declared down; it has to begin a new life", kv("node", request.node.name),
                      kv("id", request.node.id));
    return reply.finish(std::move(*joined));
  }
  options_.log.info("node joined", kv("node", request.node.name), kv("id", request.node.id));
  options_.add_peer(request.node);
  reply.finish(std::move(*joined));
  retire_keys(request.node);
  send_peers(request.node.id);
  spread_keys();
  send_messages();
}

void HeadActor::refuse(const protocol::JoinRequest& request, const Error& error, actor::Reply& reply) {
  options_.log.warn("node refused", kv("node", request.node.name), kv("id", request.node.id),
                    kv("key", request.node.public_key), kv("error", error.message));
  record_refusal(join_act(request.node), error);
  reply.fail(error);
}

void HeadActor::store_trust(std::vector<NodeRecord> nodes, std::vector<TokenRecord> tokens, AuditEntry entry,
                            std::function<void(Status)> done) {
  storage::Transaction transaction;
  const auto put = [&](const auto& record) {
    const std::string key = key_of(record);
    transaction.compares.push_back({key, options_.trusted[key]});
    transaction.ops.push_back(storage::Put{key, encode(record)});
  };
  for (const NodeRecord& node : nodes) put(node);
  for (const TokenRecord& token : tokens) put(token);
  const auto stored = [this, nodes = std::move(nodes), tokens = std::move(tokens),
                       done = std::move(done)](const Result<storage::Revision>& revision) {
    if (!revision) return done(fail(revision.error()));
    const auto apply = [&](const auto& record) {
      options_.trusted[key_of(record)] = *revision;
      trust_.apply(record);
    };
    for (const NodeRecord& node : nodes) {
      const bool was_member = !trust_.keys_of(node.id).empty();
      apply(node);
      options_.log.info(node.revoked ? "node revoked"
                        : was_member ? "node's keys changed"
                                     : "node admitted",
                        kv("node", node.name), kv("id", node.id), kv("token", token_name(node.token)),
                        kv("keys", node.keys.size()));
    }
    for (const TokenRecord& token : tokens) apply(token);
    if (!nodes.empty()) publish_peers();
    done({});
  };
  commit(std::move(transaction), std::move(entry), stored);
}

void HeadActor::publish_peers() {
  options_.admit(trust_);
  peers_.epoch = options_.head.epoch;
  ++peers_.revision;
  peers_.peers.clear();
  for (auto& [node, key] : trust_.allowed()) peers_.peers.push_back({node, std::move(key)});
  for (const auto& [id, member] : state_.membership().members())
    if (member.is_member()) send_peers(id);
}

void HeadActor::send_peers(NodeId node) {
  const Member* member = state_.membership().find(node);
  if (member == nullptr || node == options_.self) return;
  const actor::Ref agent =
      context().host().remote(node, member->info.incarnation, std::string(protocol::agent_path), bus::Lane::control);
  // What is lost is sent again after the next heartbeat.
  static_cast<void>(agent.send(peers_));
}

void HeadActor::create_token(const CreateToken& wish, const AuditAct& by, const Done& done) {
  std::string secret;
  while (secret.size() < token_secret_bytes) {
    const uint64_t bits = secure_random_u64();
    secret.append(reinterpret_cast<const char*>(&bits), sizeof bits);
  }
  auto issued = trust_.issue({wish.lifetime, wish.uses_max, wish.created_by}, secure_random_u64(), std::move(secret),
                             context().wall());
  if (!issued) return done(fail(issued.error()));
  store_trust({}, {issued->first}, token_created(by, issued->first),
              [this, issued = *issued, done](const Status& stored) {
                if (!stored) return done(fail(stored.error()));
                const std::string token = text_of(issued.second);
                done(to_text({{"id", token_name(issued.first.id)},
                              {"token", token},
                              {"address", options_.join_address},
                              {"expires", to_iso8601(wall_time_from_unix_microseconds(issued.first.expires_unix_us))},
                              {"uses_max", issued.first.uses_max}}));
              });
}

void HeadActor::revoke_token(const RevokeToken& token, const AuditAct& by, const Done& done) {
  auto revoked = trust_.revoke_token(token.id);
  if (!revoked) return done(fail(revoked.error()));
  AuditEntry entry{by, AuditOutcome::done, {}, fmt::format("it has let in {} nodes", revoked->uses)};
  entry.act.object = "Token " + token.id;
  store_trust({}, {*revoked}, std::move(entry), [id = token.id, done](const Status& stored) {
    done(stored ? Result<std::string>(to_text({{"revoked", id}})) : fail(stored.error()));
  });
}

void HeadActor::revoke_node(const RevokeNode& node, const AuditAct& by, const Done& done) {
  auto revoked = trust_.revoke_node(node.name);
  if (!revoked) return done(fail(revoked.error()));
  AuditEntry entry{by, AuditOutcome::done, {}, "its keys are refused for good"};
  entry.act.object = "Node " + revoked->front().name;
  for (const NodeRecord& record : *revoked) entry.act.object += " " + record.id.str();
  store_trust(*revoked, {}, std::move(entry), [this, records = *revoked, done](const Status& stored) {
    if (!stored) return done(fail(stored.error()));
    nlohmann::json ids = nlohmann::json::array();
    for (const NodeRecord& record : records) {
      put_out(record);
      ids.push_back(record.id.str());
    }
    done(to_text({{"revoked", records.front().name}, {"ids", ids}}));
  });
}

void HeadActor::put_out(const NodeRecord& record) {
  options_.remove_peer(record.id);
  context().host().peer_lost(record.id);
  const Member* member = state_.membership().find(record.id);
  if (member == nullptr) return;
  state_.leave({record.id, member->info.incarnation}, context().now());
  send_messages();
}

}  // namespace troupe::cluster
