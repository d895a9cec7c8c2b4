#include "storage/watch_hub.hpp"

#include <algorithm>

#include "runtime/base/assert.hpp"

namespace troupe::storage {
namespace {

size_t event_bytes(const WatchEvent& event) {
  size_t bytes = sizeof(WatchEvent);
  for (const KeyChange& change : event.changes)
    bytes += sizeof(KeyChange) + change.key.size() + (change.value ? change.value->size() : 0);
  return bytes;
}

}  // namespace

void Watcher::deliver(const WatchEvent& event) {
  WatchEvent mine{event.kind, event.revision, {}};
  for (const KeyChange& change : event.changes)
    if (change.key.starts_with(prefix_)) mine.changes.push_back(change);
  const bool last = event.kind == WatchEvent::Kind::compacted;
  if (mine.changes.empty() && !last) return;

  const std::lock_guard lock(mutex_);
  if (ended_) return;
  ended_ = last;
  on_event_(mine);
}

void Watcher::end() {
  const std::lock_guard lock(mutex_);
  ended_ = true;
}

bool Watcher::ended() const {
  const std::lock_guard lock(mutex_);
  return ended_;
}

WatchHandle make_watch_handle(std::shared_ptr<Watcher> watcher) {
  return WatchHandle([watcher = std::move(watcher)] { watcher->end(); });
}

void WatchHub::add(std::shared_ptr<Watcher> watcher, Revision after) {
  std::erase_if(watchers_, [](const auto& w) { return w->ended(); });
  if (after < forgotten_ || after > current_) {
    watcher->deliver({WatchEvent::Kind::compacted, current_, {}});
    return;
  }
  for (const WatchEvent& event : history_)
    if (event.revision > after) watcher->deliver(event);
  watchers_.push_back(std::move(watcher));
}

void WatchHub::publish(WatchEvent event) {
  TROUPE_ASSERT(event.revision > current_);
  current_ = event.revision;
  std::erase_if(watchers_, [](const auto& w) { return w->ended(); });
  for (const auto& watcher : watchers_) watcher->deliver(event);
  history_bytes_ += event_bytes(event);
  history_.push_back(std::move(event));
  forget_over_limits();
}

void WatchHub::forget_over_limits() {
  while (!history_.empty() && (history_.size() > events_max_ || history_bytes_ > bytes_max_.value)) {
    history_bytes_ -= event_bytes(history_.front());
    forgotten_ = history_.front().revision;
    history_.pop_front();
  }
}

}  // namespace troupe::storage
