#pragma once
// SimExecutor and SimTimers: actors and their timers in virtual time.

#include <deque>
#include <vector>

#include "runtime/actor/executor.hpp"
#include "runtime/actor/timer_service.hpp"
#include "runtime/bus/sim/schedule.hpp"

namespace troupe::sim {

/// A mailbox with something in it runs once within `delay_max`, its host's others and those of other hosts in any order
/// between. One host's; all hosts of a world share its schedule.
class SimExecutor final : public actor::Executor {
 public:
  SimExecutor(Schedule& schedule, Owner owner, Duration delay_max);
  ~SimExecutor() override;

  std::unique_ptr<actor::Mailbox> open(actor::Placement placement, actor::MailboxRunner runner) override;
  /// Runs what is in the mailboxes, out of time, until all have ended: how a host that dies takes its actors down.
  void join() override;

 private:
  class Core;
  class Box;

  Schedule& schedule_;
  const Owner owner_;
  const Duration delay_max_;
  std::vector<std::shared_ptr<Core>> open_;
};

/// As the real wheel, up to a tick late.
class SimTimers final : public actor::TimerService {
 public:
  /// `lost_chance`: a defect, to prove that it is found: timers that never fire.
  SimTimers(Schedule& schedule, Owner owner, double lost_chance = 0)
      : schedule_(schedule), owner_(owner), lost_chance_(lost_chance) {}

  actor::WheelTimer set(Time due, Action action) override;
  void cancel(actor::WheelTimer timer) override;

 private:
  Schedule& schedule_;
  const Owner owner_;
  const double lost_chance_;
};

}  // namespace troupe::sim
