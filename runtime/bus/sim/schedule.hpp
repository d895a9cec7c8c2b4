#pragma once
// Schedule: virtual time and everything that will happen in a simulated world, in one order that a seed decides.

#include <functional>
#include <memory>
#include <vector>

#include "runtime/base/clock.hpp"
#include "runtime/base/random.hpp"

namespace troupe::sim {

/// Something that happens once or, a mailbox, again and again.
class Task {
 public:
  virtual ~Task() = default;
  virtual void run() = 0;
};

/// Whose a task is: one life of a node, or the world itself.
struct Owner {
  uint32_t index = 0;
  bool operator==(const Owner&) const = default;
};
inline constexpr Owner world{0};

/// Names a planned task; stale ones are recognised and ignored.
struct Planned {
  uint32_t slot = 0;
  uint32_t generation = 0;  ///< 0 = none.
};

/// One thread. What is due at the same time runs in an order drawn from the seed; the same calls with the same seed
/// give the same run. The clock moves only when nothing is left to do at its time.
class Schedule final : public Clock {
 public:
  /// Virtual time begins a day after the clock's own beginning, wall time at `wall_begin`.
  explicit Schedule(uint64_t seed, WallTime wall_begin = wall_time_from_unix_microseconds(1'900'000'000'000'000));
  ~Schedule() override;

  Time now() const noexcept override { return now_; }
  WallTime wall() const noexcept override { return wall_begin_ + (now_ - begin_); }
  Duration elapsed() const noexcept { return now_ - begin_; }
  /// For all choices of the world, so that they are part of the run.
  Random& random() noexcept { return random_; }

  /// Runs `task` at `due`; what is past runs now.
  Planned at(Owner owner, Time due, std::shared_ptr<Task> task);
  Planned at(Owner owner, Time due, std::function<void()> action);
  Planned after(Owner owner, Duration delay, std::function<void()> action) {
    return at(owner, now_ + delay, std::move(action));
  }
  /// False where it has run or was cancelled.
  bool cancel(Planned planned);

  Owner add_owner();
  /// What is due of `owner` waits from now on (SIGSTOP) …
  void freeze(Owner owner);
  /// … and runs once it may again, in a new order.
  void thaw(Owner owner);
  bool is_frozen(Owner owner) const { return owners_[owner.index].frozen; }
  /// Its tasks will not happen, those planned later neither.
  void end(Owner owner);

  /// Runs what is next, if it is due by `until`; false where nothing is.
  bool step(Time until = Time::max());
  /// Runs all that is due up to `until`, and leaves the clock there.
  void run_until(Time until);

  /// Mixes a fact of the run into its trace.
  void note(uint64_t fact) noexcept { trace_ = (trace_ ^ fact) * 0x9e3779b97f4a7c15ULL + (trace_ >> 29); }
  /// Of everything that happened so far: equal for equal runs.
  uint64_t trace() const noexcept { return trace_; }
  uint64_t steps() const noexcept { return steps_; }

 private:
  struct Entry {
    Time due;
    uint32_t tie;
    Planned planned;
    bool operator>(const Entry& other) const noexcept { return due != other.due ? due > other.due : tie > other.tie; }
  };
  struct Slot {
    std::shared_ptr<Task> task;
    Owner owner;
    uint32_t generation = 1;
  };
  struct OwnerState {
    bool frozen = false;
    bool ended = false;
    std::vector<Planned> held;  ///< Came due while frozen.
  };

  void push(Time due, Planned planned);
  std::shared_ptr<Task> take(Planned planned);

  const Time begin_{std::chrono::hours{24}};
  const WallTime wall_begin_;
  Time now_ = begin_;
  SeededRandom random_;
  SeededRandom ties_;  ///< Apart, so that an extra choice of the world does not change every order after it.
  std::vector<Entry> heap_;
  std::vector<Slot> slots_;
  std::vector<uint32_t> free_;
  std::vector<OwnerState> owners_;
  uint64_t trace_ = 0;
  uint64_t steps_ = 0;
};

}  // namespace troupe::sim
