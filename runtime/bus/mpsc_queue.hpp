#pragma once
// MpscQueue: unbounded queue of many producers and one consumer (Vyukov, "Non-intrusive MPSC node-based queue").
//
// Its order is one order for all producers: what is pushed after another push has returned comes out after it,
// whichever threads pushed. An actor wanders between scheduler threads, so queues that keep order only per producing
// thread would reorder its stream of parts.

#include <atomic>
#include <memory>
#include <optional>
#include <utility>

namespace troupe::bus {

/// push() from any thread, never waits; pop() and empty() from one thread. The bound is the user's business: count what
/// is inside before pushing. T is movable and default-constructible.
template <class T>
class MpscQueue {
 public:
  MpscQueue() : newest_(std::make_unique<Node>().release()), oldest_(newest_.load(std::memory_order_relaxed)) {}
  ~MpscQueue() {
    while (pop()) continue;
    const std::unique_ptr<Node> last(oldest_);
  }
  MpscQueue(const MpscQueue&) = delete;
  MpscQueue& operator=(const MpscQueue&) = delete;

  void push(T value) {
    Node* const node = std::make_unique<Node>(std::move(value)).release();
    Node* const previous = newest_.exchange(node, std::memory_order_acq_rel);
    // Sequentially consistent, as is the load in empty(): a consumer that announces its sleep and then finds nothing
    // here is seen asleep by whoever pushes next.
    previous->next.store(node, std::memory_order_seq_cst);
  }

  std::optional<T> pop() {
    Node* const next = oldest_->next.load(std::memory_order_acquire);
    if (next == nullptr) return std::nullopt;
    const std::unique_ptr<Node> done(std::exchange(oldest_, next));
    return std::exchange(next->value, T{});
  }

  bool empty() const noexcept { return oldest_->next.load(std::memory_order_seq_cst) == nullptr; }

 private:
  struct Node {
    Node() = default;
    explicit Node(T v) : value(std::move(v)) {}
    std::atomic<Node*> next{nullptr};
    T value{};
  };

  alignas(64) std::atomic<Node*> newest_;
  alignas(64) Node* oldest_;  ///< Its value has been taken already.
};

}  // namespace troupe::bus
