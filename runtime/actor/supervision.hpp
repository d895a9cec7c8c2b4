#pragma once
// Supervision: who starts again when an actor crashes, and who decides where that does not help. A pure state machine:
// what happens to actors goes in, what the host shall do comes out; `now` is an argument.
//
// The tree's leaves are actors, its inner nodes supervisors, which are no actors: they have a strategy and children in
// the order of their start. A child that crashes starts again after its back-off, alone or with others as the strategy
// says; those that run meanwhile are halted first, last started first halted. A child that crashes more often than its
// RestartOptions allow fails its supervisor, which halts all its children and is then, to its own supervisor, a child
// that has crashed; or, where it does not escalate, it alone is given up. Children of the root always are.
//
// As in Erlang/OTP, but that restarts are counted for each child and not for its supervisor: children that have nothing
// to do with each other are not held against each other.

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/actor/restart_policy.hpp"
#include "runtime/base/result.hpp"

namespace troupe::actor {

enum class Strategy : uint8_t {
  one_for_one,   ///< The child that crashed starts again alone.
  one_for_all,   ///< All do: none can go on from what it knew of the others.
  rest_for_one,  ///< It does, and those started after it, which stand on it.
};

struct ChildOptions {
  RestartOptions restart;
  bool escalates = true;  ///< Crashed once too often, it fails its supervisor; false: it alone is given up.
};

/// What the host shall do, in order.
struct SupervisionAction {
  enum class Kind : uint8_t {
    start,     ///< The actor, again. Answer started() or failed().
    halt,      ///< The actor; what waits for it is kept. Answer halted().
    stop,      ///< The actor, in order and for good. Answer removed().
    give_up,   ///< An actor or a supervisor: it starts no more.
    restarts,  ///< Tell: children of this supervisor start again, because of `reason`.
    gone,      ///< Tell: the supervisor that was to stop has no children left, and is no more.
  };
  Kind kind;
  std::string path;
  Error reason{};
};

/// `now` must not go backwards. After each input, take_actions() has what is to be done. Unknown paths are ignored.
class Supervision {
 public:
  static constexpr std::string_view root_path = "node";

  enum class State : uint8_t { starting, running, halting, down, stopping, failed };
  struct Child {
    std::string path;
    Child* parent = nullptr;
    bool is_supervisor = false;
    Strategy strategy = Strategy::one_for_one;
    ChildOptions options;
    RestartPolicy policy;
    State state = State::starting;
    Time since{};           ///< In that state.
    uint32_t restarts = 0;  ///< How often it was started again.
    std::string last_error;
    bool again = false;  ///< It shall go down and start again, at `due`.
    Time due{};
    std::optional<Error> given_up;  ///< It is halted to be given up, with that reason.
    std::vector<std::unique_ptr<Child>> children;
  };

  explicit Supervision(Time now);

  /// The host has started, or is starting, an actor under `parent`; empty: the root. already_exists where there is one
  /// of that path that was not given up, not_found without such a supervisor, unavailable where that does not run.
  Status add_actor(std::string_view parent, std::string path, ChildOptions options, Time now);
  /// Likewise; nothing to do where there is a supervisor of that path under that parent.
  Status add_supervisor(std::string_view parent, std::string path, Strategy strategy, ChildOptions options, Time now);

  void started(std::string_view path, Time now);
  void failed(std::string_view path, const Error& reason, Time now);
  void halted(std::string_view path, Time now);
  /// The actor has ended in order.
  void removed(std::string_view path, Time now);
  /// Stops all children of a supervisor, last started first, then it is gone.
  void stop(std::string_view supervisor, Time now);
  /// Starts what is due.
  void tick(Time now);
  /// When tick() has something to do.
  std::optional<Time> due() const;

  std::vector<SupervisionAction> take_actions() { return std::exchange(actions_, {}); }

  const Child* find(std::string_view path) const;
  /// Parents before their children, those in the order of their start; without the root.
  void visit(const std::function<void(const Child&)>& visitor) const;

 private:
  Status add(std::string_view parent, std::unique_ptr<Child> child, Time now);
  void fail(Child& child, const Error& reason, Time now);
  void give_up(Child& child, const Error& reason, Time now);
  void tell_given_up(Child& child, const Error& reason, Time now);
  void begin_start(Child& child, Time now);
  void take_down(Child& child, Time now);
  void halt(Child& child, Time now);
  void begin_stop(Child& child, Time now);
  void halt_next(Child& supervisor, Time now);
  void stop_next(Child& supervisor, Time now);
  void restart_next(Child& supervisor, Time now);
  void restart_group(const std::vector<Child*>& group, Time now);
  void settle(Child& supervisor, Time now);
  void erase(Child& child, Time now);
  void set_state(Child& child, State state, Time now);
  void act(SupervisionAction::Kind kind, const Child& child, Error reason = {});

  Child root_;
  std::map<std::string, Child*, std::less<>> by_path_;
  std::vector<SupervisionAction> actions_;
};

std::string_view to_string(Strategy strategy) noexcept;
std::string_view to_string(Supervision::State state) noexcept;

}  // namespace troupe::actor
