#include "test/simulation/faults.hpp"

#include <cmath>

#include "runtime/base/units.hpp"

namespace troupe::sim {
namespace {

using namespace std::chrono_literals;
using observe::kv;

Duration spread(Random& random, Duration low, Duration high) {
  const double a = std::log(static_cast<double>(low.count()));
  const double b = std::log(static_cast<double>(high.count()));
  return Duration{static_cast<int64_t>(std::exp(a + (b - a) * random.uniform()))};
}

}  // namespace

void Faults::begin() {
  if (world_.knobs.faults_per_second > 0) next();
}

void Faults::next() {
  const Duration gap{static_cast<int64_t>(2e9 * world_.schedule.random().uniform() / world_.knobs.faults_per_second)};
  world_.schedule.after(world, gap, [this] {
    if (healed_) return;
    one();
    next();
  });
}

void Faults::tell(std::string_view what, const SimNode& node, Duration span) {
  world_.log.info(what, kv("node", node.index()), kv("span", format_duration(span)));
}

SimNode& Faults::any_node() {
  return *nodes_[world_.schedule.random().below(nodes_.size())];
}

void Faults::one() {
  Random& random = world_.schedule.random();
  ++world_.ledger.counts().faults;
  SimNode& node = any_node();
  const Duration span = spread(random, 50ms, 8s);
  switch (random.below(13)) {
    case 0:
    case 1:
      return kill(node, false, span);
    case 2:
      return kill(node, true, span);
    case 3:
      return kill(*nodes_[0], random.below(2) == 0, span);
    case 4:
    case 5:
      return freeze(node, span);
    case 6:
      return partition(span);
    case 7:
      return cut(node.index(), any_node().index(), span);
    case 8:
      return slow(span);
    case 9:
      return world_.network.reset(node.index(), any_node().index());
    case 10:
      return break_backend();
    case 11:
      return leave(node, span);
    case 12:
      return break_worker();
  }
}

void Faults::kill(SimNode& node, bool silently, Duration away) {
  if (!node.is_up()) return;
  tell(silently ? "fault: a machine loses power" : "fault: a process is killed", node, away);
  node.kill(silently);
  if (node.is_head()) {
    operator_.head_died();
    if (world_.schedule.random().uniform() < world_.knobs.lost_disk_chance) {
      world_.log.info("fault: the head's disk is lost");
      world_.disk.erase();
      operator_.disk_lost();
    }
  }
  come_back(node, away);
}

void Faults::come_back(SimNode& node, Duration away) {
  // The head has to be found where it was.
  if (!node.is_head() && world_.schedule.random().below(4) == 0) node.move();
  world_.schedule.after(world, away, [&node] {
    if (!node.is_up()) node.start();
  });
}

void Faults::freeze(SimNode& node, Duration span) {
  if (!node.is_up() || node.is_frozen()) return;
  tell("fault: a process is frozen", node, span);
  node.freeze();
  world_.schedule.after(world, span, [&node, owner = node.owner()] {
    if (node.is_frozen() && node.owner() == owner) node.thaw();
  });
}

void Faults::cut(Machine from, Machine to, Duration span) {
  if (from == to || healed_) return;
  world_.log.info("fault: a wire is cut", kv("from", from), kv("to", to), kv("span", format_duration(span)));
  world_.network.cut(from, to);
  const auto mended = std::make_shared<bool>(false);
  const auto mend = [this, from, to, mended] {
    if (!std::exchange(*mended, true)) world_.network.mend(from, to);
  };
  undo_.push_back(mend);
  world_.schedule.after(world, span, mend);
}

void Faults::partition(Duration span) {
  Random& random = world_.schedule.random();
  const bool one_way = random.below(2) == 0;
  std::vector<bool> side(nodes_.size());
  for (size_t i = 0; i < side.size(); ++i) side[i] = random.below(3) == 0;
  for (Machine a = 0; a < side.size(); ++a)
    for (Machine b = 0; b < side.size(); ++b)
      if (side[a] != side[b] && (side[a] || !one_way)) cut(a, b, span);
}

void Faults::slow(Duration span) {
  Random& random = world_.schedule.random();
  const Machine a = any_node().index();
  const Machine b = any_node().index();
  const double factor = std::pow(10, 1 + 2 * random.uniform());
  world_.log.info("fault: a wire is slow", kv("between", a), kv("and", b), kv("span", format_duration(span)));
  world_.network.slow(a, b, factor);
  const auto mend = [this, a, b] { world_.network.slow(a, b, 1); };
  undo_.push_back(mend);
  world_.schedule.after(world, span, mend);
}

/// One of the node's, or nullptr.
SimBackend* Faults::backend_of(SimNode& node) {
  if (!node.is_up() || node.is_frozen()) return nullptr;
  // Their addresses are no part of the run: the lowest id is.
  SimBackend* chosen = nullptr;
  for (SimBackend* backend : node.backends().all)
    if (chosen == nullptr || backend->spec().id < chosen->spec().id) chosen = backend;
  return chosen;
}

void Faults::break_worker() {
  SimNode& node = any_node();
  SimBackend* const chosen = backend_of(node);
  // A replica that crashes again and again is given up for good, and the cluster is not what was wished any more.
  if (chosen == nullptr || world_.ledger.broken_replicas[chosen->spec().id] >= 2) return;
  tell("fault: a replica's worker crashes over its next batch", node, 0s);
  chosen->break_worker();
}

void Faults::break_backend() {
  Random& random = world_.schedule.random();
  SimNode& node = any_node();
  SimBackend* const chosen = backend_of(node);
  if (chosen == nullptr) return;
  if (random.below(2) == 0) {
    tell("fault: a back end dies", node, 0s);
    chosen->die();
  } else {
    tell("fault: a back end hangs", node, 0s);
    chosen->hang();
  }
}

void Faults::leave(SimNode& node, Duration away) {
  if (!node.is_up() || node.is_frozen() || node.is_leaving() || node.is_head()) return;
  tell("a node leaves", node, away);
  node.leave();
  // Generous: a drain that takes longer is cut short by the end of the faults.
  come_back(node, world_.knobs.drain_patience * 2 + away);
}

void Faults::heal() {
  healed_ = true;
  for (const auto& mend : std::exchange(undo_, {})) mend();
  for (const auto& node : nodes_) {
    if (node->is_up() && node->is_leaving()) node->kill(false);
    if (node->is_frozen()) node->thaw();
    if (!node->is_up()) node->start();
  }
  for (const auto& node : nodes_) {
    node->backends().quiet = true;
    for (SimBackend* backend : node->backends().all) backend->resume();
  }
}

}  // namespace troupe::sim
