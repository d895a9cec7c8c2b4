#pragma once
// Who may connect to a transport: the allow-list as its threads ask it.

#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "runtime/base/ids.hpp"
#include "runtime/bus/transport.hpp"

namespace troupe::bus {

/// Keys and whose they are.
struct AllowList {
  struct Entry {
    NodeId node;
    std::string key;  ///< Public, Z85.
  };
  std::vector<Entry> admitted;      ///< A node has two keys while one takes over from the other.
  std::vector<std::string> denied;  ///< Turned away even where guests are let in.
};

namespace internal {

/// Thread-safe.
class Gatekeeper {
 public:
  enum class Verdict : uint8_t { member, guest, refused };

  /// `takes_guests`: keys on neither list may connect to the control lane.
  Gatekeeper(AllowList list, bool takes_guests) : takes_guests_(takes_guests) { set(std::move(list)); }

  void set(AllowList list) {
    const std::lock_guard lock(mutex_);
    nodes_.clear();
    keys_.clear();
    denied_.clear();
    for (AllowList::Entry& entry : list.admitted) {
      nodes_.insert(entry.node);
      keys_.emplace(std::move(entry.key), entry.node);
    }
    for (std::string& key : list.denied) denied_.insert(std::move(key));
  }

  Verdict judge(const std::string& key, Lane lane) const {
    const std::lock_guard lock(mutex_);
    if (denied_.contains(key)) return Verdict::refused;
    if (keys_.contains(key)) return Verdict::member;
    return takes_guests_ && lane == Lane::control ? Verdict::guest : Verdict::refused;
  }
  std::optional<NodeId> node_of(const std::string& key) const {
    const std::lock_guard lock(mutex_);
    const auto found = keys_.find(key);
    return found == keys_.end() ? std::nullopt : std::optional(found->second);
  }
  bool is_member(NodeId node) const {
    const std::lock_guard lock(mutex_);
    return nodes_.contains(node);
  }

 private:
  const bool takes_guests_;
  mutable std::mutex mutex_;
  std::unordered_map<std::string, NodeId> keys_;
  std::unordered_set<NodeId> nodes_;
  std::unordered_set<std::string> denied_;
};

}  // namespace internal
}  // namespace troupe::bus
