#pragma once
// TimerWheel: many timers that mostly never fire. Pure: `now` is an argument.
//
// A hashed timing wheel (Varghese and Lauck 1987, scheme 6): O(1) to set and to cancel, no allocation once warm.

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "runtime/base/clock.hpp"

namespace troupe::actor {

/// Names a set timer; stale ones are recognised and ignored.
struct WheelTimer {
  uint32_t slot = 0;
  uint32_t generation = 0;  ///< 0 = none.
};

/// `Payload` is handed back when a timer fires. Timers fire at most one tick (1 ms) late and never early.
template <class Payload>
class TimerWheel {
 public:
  static constexpr Duration tick = std::chrono::milliseconds{1};

  explicit TimerWheel(Time start) : start_(start) { heads_.fill(none); }

  WheelTimer set(Time due, Payload payload) {
    const uint32_t index = take_free();
    Node& node = nodes_[index];
    node.due_tick = std::max(tick_of(due), current_ + 1);
    node.payload = std::move(payload);
    link(index);
    ++size_;
    return {index, node.generation};
  }

  /// False where the timer has fired or was cancelled before.
  bool cancel(WheelTimer timer) {
    if (timer.generation == 0 || timer.slot >= nodes_.size() || nodes_[timer.slot].generation != timer.generation)
      return false;
    release(timer.slot);
    return true;
  }

  /// Removes the timers due at `now` and appends their payloads to `fired`, earlier ticks first.
  void expire(Time now, std::vector<Payload>& fired) {
    const uint64_t target = floor_tick_of(now);
    // After a long sleep one round visits every slot; more rounds would find nothing new.
    if (target > current_ + slots) current_ = target - slots;
    while (current_ < target) {
      ++current_;
      for (uint32_t index = heads_[current_ % slots]; index != none;) {
        const uint32_t next = nodes_[index].next;
        if (nodes_[index].due_tick <= target) {
          fired.push_back(std::move(nodes_[index].payload));
          release(index);
        }
        index = next;
      }
    }
  }

  /// When to call expire() next; none while no timer is set. May be earlier than the first timer, by whole rounds.
  std::optional<Time> next() const {
    if (size_ == 0) return std::nullopt;
    for (uint64_t ahead = 1; ahead <= slots; ++ahead)
      if (heads_[(current_ + ahead) % slots] != none) return start_ + tick * static_cast<int64_t>(current_ + ahead);
    return std::nullopt;
  }

  size_t size() const noexcept { return size_; }

 private:
  static constexpr uint32_t none = UINT32_MAX;
  static constexpr uint64_t slots = 1024;

  struct Node {
    Payload payload{};
    uint64_t due_tick = 0;
    uint32_t previous = none;
    uint32_t next = none;
    uint32_t generation = 1;
  };

  uint64_t floor_tick_of(Time time) const { return time <= start_ ? 0 : static_cast<uint64_t>((time - start_) / tick); }
  uint64_t tick_of(Time time) const {
    return time <= start_ ? 0 : static_cast<uint64_t>((time - start_ + tick - Duration{1}) / tick);
  }

  uint32_t take_free() {
    if (!free_.empty()) {
      const uint32_t index = free_.back();
      free_.pop_back();
      return index;
    }
    nodes_.emplace_back();
    return static_cast<uint32_t>(nodes_.size() - 1);
  }

  void link(uint32_t index) {
    uint32_t& head = heads_[nodes_[index].due_tick % slots];
    nodes_[index].previous = none;
    nodes_[index].next = head;
    if (head != none) nodes_[head].previous = index;
    head = index;
  }

  void release(uint32_t index) {
    Node& node = nodes_[index];
    if (node.previous != none)
      nodes_[node.previous].next = node.next;
    else
      heads_[node.due_tick % slots] = node.next;
    if (node.next != none) nodes_[node.next].previous = node.previous;
    node.payload = Payload{};
    if (++node.generation == 0) node.generation = 1;
    free_.push_back(index);
    --size_;
  }

  Time start_;
  uint64_t current_ = 0;  ///< The last tick expired.
  std::array<uint32_t, slots> heads_{};
  std::vector<Node> nodes_;
  std::vector<uint32_t> free_;
  size_t size_ = 0;
};

}  // namespace troupe::actor
