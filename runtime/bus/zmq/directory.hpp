#pragma once
// Directory: which nodes a lane can send to, as the senders' threads see it.

#include <atomic>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <unordered_map>

#include "runtime/base/ids.hpp"

namespace troupe::bus::internal {

/// How much waits for one node.
struct Outbox {
  std::atomic<size_t> messages{0};
};

/// Thread-safe. A node is listed while somebody added it or it is connected from its side.
class Directory {
 public:
  /// nullptr: not listed.
  std::shared_ptr<Outbox> find(NodeId node) const {
    const std::shared_lock lock(mutex_);
    const auto it = entries_.find(node);
    return it == entries_.end() ? nullptr : it->second.outbox;
  }

  /// Lists or unlists a node as added, and does `announce` in the same critical section: what is announced to the
  /// lane's thread and what senders find here change in one order.
  template <class Announce>
  void set_added(NodeId node, bool added, Announce announce) {
    const std::unique_lock lock(mutex_);
    announce();
    set(node, &Entry::added, added);
  }

  /// `key` is what it proved.
  void set_connected(NodeId node, const std::string& key) {
    const std::unique_lock lock(mutex_);
    set(node, &Entry::connected, true);
    entries_[node].key = key;
  }
  void set_gone(NodeId node) {
    const std::unique_lock lock(mutex_);
    set(node, &Entry::connected, false);
  }
  /// Empty while it is not connected.
  std::string key_of(NodeId node) const {
    const std::shared_lock lock(mutex_);
    const auto it = entries_.find(node);
    return it == entries_.end() || !it->second.connected ? std::string() : it->second.key;
  }

 private:
  struct Entry {
    std::shared_ptr<Outbox> outbox = std::make_shared<Outbox>();
    bool added = false;
    bool connected = false;
    std::string key;
  };

  void set(NodeId node, bool Entry::*flag, bool value) {
    if (!value && !entries_.contains(node)) return;
    Entry& entry = entries_[node];
    entry.*flag = value;
    if (!entry.added && !entry.connected) entries_.erase(node);
  }

  mutable std::shared_mutex mutex_;
  std::unordered_map<NodeId, Entry> entries_;
};

}  // namespace troupe::bus::internal
