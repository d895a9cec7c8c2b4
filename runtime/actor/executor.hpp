#pragma once
// Executor: runs actors' mailboxes. CAF's scheduler is one; the simulator's seeded one is another.

#include <functional>
#include <memory>

namespace troupe::actor {

enum class Placement : unsigned char {
  shared,      ///< On the scheduler's threads, with everybody else.
  own_thread,  ///< On a thread of its own, for actors that block.
};

namespace internal {
struct Delivery;
}

/// Owned by the host. Runs deliveries one at a time, in order of push.
class Mailbox {
 public:
  virtual ~Mailbox() = default;
  /// Thread-safe. After the runner returned false nothing runs any more.
  virtual void push(std::shared_ptr<internal::Delivery> delivery) = 0;
};

/// Handles one delivery; false ends the mailbox.
using MailboxRunner = std::function<bool(internal::Delivery&)>;

class Executor {
 public:
  virtual ~Executor() = default;
  virtual std::unique_ptr<Mailbox> open(Placement placement, MailboxRunner runner) = 0;
  /// Waits until all mailboxes have ended.
  virtual void join() = 0;
};

/// CAF 0.17 with the `sharing` policy: the default work-stealing one wakes at 70–120 µs at low load, sharing at 14–32
/// µs.
std::unique_ptr<Executor> make_caf_executor(unsigned threads);

}  // namespace troupe::actor
