#include "test/simulation/simulation.hpp"

#include "runtime/base/units.hpp"
#include "runtime/observe/log_sink.hpp"
#include "test/simulation/end_checks.hpp"
#include "test/simulation/faults.hpp"

namespace troupe::sim {
namespace {

using namespace std::chrono_literals;

constexpr Duration look_every = 250ms;
/// Until a cluster that was left in peace must have found itself again, and until it must hold nothing any more.
constexpr Duration settle_max = 120s;
constexpr Duration quiet_max = 15s;

class Simulation {
 public:
  explicit Simulation(const Knobs& knobs, const std::function<void(std::string_view)>& tell)
      : world_(knobs),
        people_(world_, nodes_),
        clients_(world_, nodes_),
        faults_(world_, nodes_, people_),
        checks_(world_, nodes_, people_) {
    if (tell) {
      const observe::LogOptions lines{.level = observe::LogLevel::debug, .format = observe::LogFormat::text};
      world_.log = observe::Logger(observe::LogSink::to_function(tell, lines, world_.schedule), "world");
      world_.ledger.log = world_.log.with_component("ledger");
    }
    for (uint32_t index = 0; index < knobs.nodes; ++index) nodes_.push_back(std::make_unique<SimNode>(world_, index));
  }

  /// A node that ends may still answer what it was asked: before those who asked have gone.
  ~Simulation() { nodes_.clear(); }

  Report run() {
    live();
    if (is_well()) settle();
    if (is_well()) rest();
    Report report;
    report.violation = world_.ledger.violations();
    report.trace = world_.schedule.trace();
    report.steps = world_.schedule.steps();
    report.elapsed = world_.schedule.elapsed();
    report.counts = world_.ledger.counts();
    return report;
  }

 private:
  bool is_well() const { return world_.ledger.violations().empty(); }

  /// False once something is wrong.
  bool run_for(Duration span) {
    const Time until = world_.schedule.now() + span;
    while (is_well() && world_.schedule.step(until)) {
    }
    if (is_well()) world_.schedule.run_until(until);
    return is_well();
  }

  /// Work and faults.
  void live() {
    for (const auto& node : nodes_) node->start();
    people_.begin();
    if (!run_for(2s)) return;
    clients_.begin();
    faults_.begin();
    for (Duration lived{0}; lived < world_.knobs.active; lived += 1s) {
      checks_.ask_head();
      if (!run_for(1s)) return;
      checks_.check_crashes();
      checks_.check_leases();
    }
  }

  /// All is mended: the cluster finds what was wished last.
  void settle() {
    world_.log.info("the faults end");
    faults_.heal();
    people_.insist();
    std::string unsettled;
    for (Duration waited{0}; waited < settle_max; waited += look_every) {
      checks_.ask_head();
      if (!run_for(look_every)) return;
      unsettled = checks_.unsettled();
      if (unsettled.empty()) break;
    }
    clients_.stop();
    if (!unsettled.empty())
      return world_.ledger.violation(fmt::format("{} after the faults: {}", format_duration(settle_max), unsettled));
    world_.log.info("the cluster has settled");
    checks_.check_crashes();
    world_.ledger.check_stored(world_.disk.read(std::string(cluster::deployment_prefix)));
  }

  /// Nobody asks any more: nothing may be left over.
  void rest() {
    if (!run_for(world_.knobs.deadline_max + 3s)) return;
    world_.ledger.expect_all_ended();
    // Heartbeats never stop; between two of them nothing is open.
    std::string leaked;
    for (Duration waited{0}; waited < quiet_max; waited += 37ms) {
      leaked = checks_.leaked();
      if (leaked.empty()) break;
      if (!run_for(37ms)) return;
    }
    if (!leaked.empty()) world_.ledger.violation("left over: " + leaked);
    checks_.check_crashes();
  }

  World world_;
  Nodes nodes_;
  Operator people_;
  Clients clients_;
  Faults faults_;
  EndChecks checks_;
};

}  // namespace

Report simulate(const Knobs& knobs, std::function<void(std::string_view line)> tell) {
  return Simulation(knobs, tell).run();
}

}  // namespace troupe::sim
