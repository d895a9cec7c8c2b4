// HeadActor: exchanges the keys of nodes that run. A node's next key is on everybody's list before the node uses it,
// and its last one until the node has come back with the next.

#include <algorithm>

#include "cluster/head/find_node.hpp"
#include "cluster/head/head_actor.hpp"
#include "cluster/head/views.hpp"
#include "runtime/actor/host.hpp"
#include "runtime/protocol/key_rotation.hpp"
#include "runtime/protocol/paths.hpp"

namespace troupe::cluster {
namespace {

constexpr Duration offer_patience = std::chrono::seconds{5};
/// A node that has not taken the list for so long is not waited for: it gets it when it answers again.
constexpr Duration spread_patience = std::chrono::seconds{5};
constexpr Duration use_patience = std::chrono::seconds{15};
constexpr Duration return_patience = std::chrono::seconds{10};
constexpr Duration look_every = std::chrono::milliseconds{50};

}  // namespace

struct HeadActor::KeyExchange {
  NodeId node;
  std::string name;
  actor::Ref keys;        ///< Of the node.
  std::string key;        ///< The next one.
  uint64_t revision = 0;  ///< Of the first list that has it.
  Time spread_until{};
  AuditAct by;
  Done done;
};

void HeadActor::rotate_node(const RotateNode& wish, const AuditAct& by, const Done& done) {
  const Member* member = find_node(state_, wish.name);
  if (member == nullptr) return done(no_such_node(state_, wish.name));
  const protocol::NodeInfo& node = member->info;
  if (node.id == options_.self)
    return done(fail(Errc::failed_precondition,
                     "{} is the head, whose key every node has pinned and join tokens name; it is not exchanged while "
                     "the cluster runs (docs/security.md)",
                     node.name));
  if (!member->is_member())
    return done(fail(Errc::unavailable, "node {} is {}; its key is exchanged while it runs", node.name,
                     to_string(member->state)));
  const auto exchange = std::make_shared<KeyExchange>();
  if (!exchanges_.emplace(node.id, exchange).second)
    return done(fail(Errc::failed_precondition, "the key of node {} is being exchanged already", node.name));
  exchange->node = node.id;
  exchange->name = node.name;
  exchange->by = by;
  exchange->by.object = fmt::format("Node {} {}", node.name, node.id);
  exchange->done = done;
  exchange->keys =
      context().host().remote(node.id, node.incarnation, std::string(protocol::keys_path), bus::Lane::control);
  options_.log.info("a node's key is to be exchanged", observe::kv("node", node.name), observe::kv("id", node.id));
  context().call(exchange->keys, protocol::KeyRotation{}, {.deadline = context().now() + offer_patience},
                 [this, exchange](const actor::ReplyEvent& event) {
                   if (!event.last) return;
                   if (const auto* offered = event.body.get<protocol::KeyRotation>())
                     return take_offer(exchange, offered->key);
                   end_exchange(exchange, fail(event.error.value_or(Error{Errc::internal, "no key came", {}, {}})));
                 });
}

void HeadActor::take_offer(const std::shared_ptr<KeyExchange>& exchange, const std::string& key) {
  const Member* member = state_.membership().find(exchange->node);
  if (member == nullptr) return end_exchange(exchange, fail(Errc::unavailable, "it has gone"));
  auto record = trust_.offer_key(exchange->node, member->info.public_key, key);
  if (!record) return end_exchange(exchange, fail(record.error()));
  exchange->key = key;
  AuditEntry entry{exchange->by, AuditOutcome::done, {}, fmt::format("{} beside the key in use", key)};
  entry.act.action = "list next key";
  store_trust({*record}, {}, std::move(entry), [this, exchange](const Status& stored) {
    if (!stored) return end_exchange(exchange, fail(stored.error()));
    exchange->revision = peers_.revision;
    exchange->spread_until = context().now() + spread_patience;
    await_spread(exchange);
  });
}

void HeadActor::await_spread(const std::shared_ptr<KeyExchange>& exchange) {
  const auto& members = state_.membership().members();
  const bool is_known = std::ranges::all_of(members, [&](const auto& entry) {
    const auto taken = peers_taken_.find(entry.first);
    return !entry.second.is_member() || entry.first == options_.self ||
           (taken != peers_taken_.end() && taken->second >= exchange->revision);
  });
  if (is_known || context().now() >= exchange->spread_until) return ask_to_use(exchange);
  context().after(look_every, [this, exchange] { await_spread(exchange); });
}

void HeadActor::ask_to_use(const std::shared_ptr<KeyExchange>& exchange) {
  context().call(exchange->keys, protocol::KeyRotation{exchange->key}, {.deadline = context().now() + use_patience},
                 [this, exchange](const actor::ReplyEvent& event) {
                   if (!event.last) return;
                   if (event.error) return end_exchange(exchange, fail(*event.error));
                   context().after(return_patience, [this, exchange] {
                     end_exchange(exchange, fail(Errc::deadline_exceeded,
                                                 "it uses the new key, but has not come back with it within {}; both "
                                                 "keys are good until it does",
                                                 format_duration(return_patience)));
                   });
                 });
}

/// A node that comes with its newest key needs no other any more.
void HeadActor::retire_keys(const protocol::NodeInfo& node) {
  const auto record = trust_.retire_keys(node.id, node.public_key);
  if (!record) return;
  AuditEntry entry{{"head", "", "rotate node", fmt::format("Node {} {}", node.name, node.id)},
                   AuditOutcome::done,
                   {},
                   fmt::format("it uses {} alone", node.public_key)};
  if (const auto asked = exchanges_.find(node.id); asked != exchanges_.end()) entry.act = asked->second->by;
  store_trust({*record}, {}, std::move(entry), [this, node](const Status& stored) {
    const auto exchange = exchanges_.find(node.id);
    if (exchange == exchanges_.end() || exchange->second->key != node.public_key) return;
    end_exchange(
        exchange->second,
        stored ? Result<std::string>(to_text({{"rotated", node.name}, {"id", node.id.str()}, {"key", node.public_key}}))
               : fail(stored.error()));
  });
}

void HeadActor::end_exchange(std::shared_ptr<KeyExchange> exchange, Result<std::string> outcome) {
  const auto open = exchanges_.find(exchange->node);
  if (open == exchanges_.end() || open->second != exchange) return;  // It has ended.
  exchanges_.erase(open);
  if (outcome) return exchange->done(std::move(outcome));
  Error error = outcome.error();
  error.message =
      fmt::format("the key of node {} was not exchanged, it can be tried again: {}", exchange->name, error.message);
  options_.log.warn("a node's key was not exchanged", observe::kv("node", exchange->name),
                    observe::kv("error", error.message));
  exchange->done(fail(std::move(error)));
}

}  // namespace troupe::cluster
