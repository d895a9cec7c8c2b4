#include "actors/gateway/idempotency/keepers.hpp"

#include <xxhash.h>

#include <algorithm>

namespace troupe::gateway {

std::vector<NodeId> keepers_of(std::string_view name, const std::vector<protocol::RoutedGateway>& gateways,
                               WallTime now, Duration retention) {
  std::vector<std::pair<uint64_t, const protocol::RoutedGateway*>> ranked;
  for (const protocol::RoutedGateway& gateway : gateways)
    ranked.emplace_back(XXH3_64bits_withSeed(name.data(), name.size(), gateway.node.value), &gateway);
  std::ranges::sort(ranked, [](const auto& a, const auto& b) {
    return std::tuple(b.first, a.second->node) < std::tuple(a.first, b.second->node);
  });
  const int64_t kept_since = unix_microseconds(now - std::chrono::duration_cast<std::chrono::microseconds>(retention));
  std::vector<NodeId> keepers;
  int64_t since = 0;  // Of the last one taken: before it the key was with the best of those that are older.
  for (const auto& [weight, gateway] : ranked) {
    if (!keepers.empty() && (gateway->since_unix_us >= since || since <= kept_since)) continue;
    keepers.push_back(gateway->node);
    since = gateway->since_unix_us;
  }
  return keepers;
}

}  // namespace troupe::gateway
