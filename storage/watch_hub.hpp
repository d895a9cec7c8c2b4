#pragma once
// WatchHub: the bounded history of a state store and the watches on it. Shared by the implementations of StateStore.

#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "storage/state_store.hpp"

namespace troupe::storage {

/// One watch. deliver() is for the store's thread; end() may come from any.
class Watcher {
 public:
  Watcher(std::string prefix, WatchCallback on_event) : prefix_(std::move(prefix)), on_event_(std::move(on_event)) {}

  /// Passes on what of `event` lies under the prefix, if anything. A `compacted` event is the last.
  void deliver(const WatchEvent& event);
  /// Waits for a running callback, unless called from within it; none runs afterwards.
  void end();
  bool ended() const;

 private:
  const std::string prefix_;
  const WatchCallback on_event_;
  // Held during the callback; recursive so that the callback may drop its own handle.
  mutable std::recursive_mutex mutex_;
  bool ended_ = false;
};

/// A handle whose destructor ends `watcher`.
WatchHandle make_watch_handle(std::shared_ptr<Watcher> watcher);

/// Not thread-safe: one thread, the store's own.
class WatchHub {
 public:
  /// A store that is at revision `current` and remembers nothing before it.
  WatchHub(Revision current, size_t events_max, ByteCount bytes_max)
      : events_max_(events_max), bytes_max_(bytes_max), forgotten_(current), current_(current) {}

  /// Replays what came later than `after` and keeps the watch, or answers `compacted`.
  void add(std::shared_ptr<Watcher> watcher, Revision after);
  /// Tells the watches of a committed transaction and remembers it. Requires revisions that grow.
  void publish(WatchEvent event);

 private:
  void forget_over_limits();

  const size_t events_max_;
  const ByteCount bytes_max_;
  std::deque<WatchEvent> history_;
  size_t history_bytes_ = 0;
  Revision forgotten_;  ///< Every transaction later than this is in `history_`.
  Revision current_;
  std::vector<std::shared_ptr<Watcher>> watchers_;
};

}  // namespace troupe::storage
