#include "runtime/protocol/routing_delta.hpp"

#include <unordered_map>

#include "runtime/base/assert.hpp"

namespace troupe::protocol {
namespace {

const std::string& key_of(const RoutedModel& model) {
  return model.name;
}
NodeId key_of(const RoutedNode& node) {
  return node.id;
}

template <class Row, class Key>
void difference_of(const std::vector<Row>& from, const std::vector<Row>& to, std::vector<Row>& changed,
                   std::vector<Key>& removed) {
  std::unordered_map<Key, const Row*> before;
  for (const Row& row : from) before.emplace(key_of(row), &row);
  for (const Row& row : to) {
    const auto known = before.extract(key_of(row));
    if (known.empty() || *known.mapped() != row) changed.push_back(row);
  }
  for (const auto& [key, row] : before) removed.push_back(key);
}

template <class Row, class Key>
std::vector<Row> applied(const std::vector<Row>& base, const std::vector<Row>& changed,
                         const std::vector<Key>& removed) {
  std::map<Key, const Row*> rows;
  for (const Row& row : base) rows[key_of(row)] = &row;
  for (const Key& key : removed) rows.erase(key);
  for (const Row& row : changed) rows[key_of(row)] = &row;
  std::vector<Row> result;
  result.reserve(rows.size());
  for (const auto& [key, row] : rows) result.push_back(*row);
  return result;
}

}  // namespace

RoutingDelta difference(const RoutingSnapshot& from, const RoutingSnapshot& to) {
  TROUPE_ASSERT(from.epoch == to.epoch);
  RoutingDelta delta;
  delta.epoch = to.epoch;
  delta.base = from.revision;
  delta.revision = to.revision;
  difference_of(from.models, to.models, delta.models, delta.removed_models);
  difference_of(from.nodes, to.nodes, delta.nodes, delta.removed_nodes);
  if (from.gateways != to.gateways) delta.gateways = to.gateways;
  if (from.shards != to.shards) delta.shards = to.shards;
  return delta;
}

Result<RoutingSnapshot> apply(const RoutingSnapshot& base, const RoutingDelta& delta) {
  if (base.epoch != delta.epoch || base.revision != delta.base) {
    return fail(Errc::failed_precondition, "the routes here are revision {} of epoch {}, the changes are to {} of {}",
                base.revision, base.epoch.value, delta.base, delta.epoch.value);
  }
  RoutingSnapshot result;
  result.epoch = delta.epoch;
  result.revision = delta.revision;
  result.models = applied(base.models, delta.models, delta.removed_models);
  result.nodes = applied(base.nodes, delta.nodes, delta.removed_nodes);
  result.gateways = delta.gateways.value_or(base.gateways);
  result.shards = delta.shards.value_or(base.shards);
  return result;
}

}  // namespace troupe::protocol
