#include "cluster/head/placement.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "runtime/base/units.hpp"

namespace troupe::cluster {
namespace {

using protocol::Resources;

struct Free {
  const Host* host;
  Resources left;
  std::map<std::string, uint32_t> replicas;  ///< By deployment.
};

bool fits(const Resources& need, const Resources& left) {
  return need.cpu_millis <= left.cpu_millis && need.memory_bytes <= left.memory_bytes && need.gpus <= left.gpus;
}

void take(Resources& left, const Resources& need) {
  left.cpu_millis -= std::min(left.cpu_millis, need.cpu_millis);
  left.memory_bytes -= std::min(left.memory_bytes, need.memory_bytes);
  left.gpus -= std::min(left.gpus, need.gpus);
}

/// How full the fullest resource of a node would be, in [0, 1].
double fill_after(const Free& free, const Resources& need) {
  const auto fill = [](double total, double left, double taken) {
    return total <= 0 ? 0.0 : (total - left + taken) / total;
  };
  const Resources& total = free.host->total;
  return std::max({fill(total.cpu_millis, free.left.cpu_millis, need.cpu_millis),
                   fill(static_cast<double>(total.memory_bytes), static_cast<double>(free.left.memory_bytes),
                        static_cast<double>(need.memory_bytes)),
                   fill(total.gpus, free.left.gpus, need.gpus)});
}

Free* best_place(std::vector<Free>& free, const Wish& wish) {
  Free* best = nullptr;
  for (Free& candidate : free) {
    if (!fits(wish.each, candidate.left)) continue;
    if (best == nullptr) {
      best = &candidate;
      continue;
    }
    const double a = fill_after(candidate, wish.each);
    const double b = fill_after(*best, wish.each);
    const uint32_t mine = candidate.replicas[wish.deployment];
    const uint32_t theirs = best->replicas[wish.deployment];
    if (a < b || (a == b && (mine < theirs || (mine == theirs && candidate.host->node < best->host->node))))
      best = &candidate;
  }
  return best;
}

/// What is short, with the most that any one node could give.
std::string why_not(const std::vector<Free>& free, const Resources& need) {
  if (free.empty()) return "no worker node is in the cluster";
  Resources most;
  for (const Free& node : free) {
    most.cpu_millis = std::max(most.cpu_millis, node.left.cpu_millis);
    most.memory_bytes = std::max(most.memory_bytes, node.left.memory_bytes);
    most.gpus = std::max(most.gpus, node.left.gpus);
  }
  if (need.gpus > most.gpus)
    return fmt::format("it needs {} GPUs, the most that is free on one node is {}", need.gpus, most.gpus);
  if (need.cpu_millis > most.cpu_millis)
    return fmt::format("it needs {:g} CPUs, the most that is free on one node is {:g}", need.cpu_millis / 1000.0,
                       most.cpu_millis / 1000.0);
  if (need.memory_bytes > most.memory_bytes)
    return fmt::format("it needs {} of memory, the most that is free on one node is {}",
                       format_bytes({need.memory_bytes}), format_bytes({most.memory_bytes}));
  return fmt::format("it needs {:g} CPUs, {} of memory and {} GPUs together, and no one node has all of that free",
                     need.cpu_millis / 1000.0, format_bytes({need.memory_bytes}), need.gpus);
}

/// The replicas of one deployment that count: those that may stay, and those to be replaced.
struct Census {
  std::vector<const Placed*> current;
  std::vector<const Placed*> old;
};

Census census_of(const Wish& wish, const std::vector<Placed>& placed) {
  Census census;
  for (const Placed& replica : placed) {
    if (replica.deployment != wish.deployment || replica.stopping) continue;
    const bool is_current = !replica.outdated && !replica.leaving;
    (is_current ? census.current : census.old).push_back(&replica);
  }
  return census;
}

void plan_wish(const Wish& wish, const std::vector<Placed>& placed, std::vector<Free>& free, Plan& plan) {
  Census census = census_of(wish, placed);
  // Too many: stop those that serve nobody first.
  std::stable_sort(census.current.begin(), census.current.end(),
                   [](const Placed* a, const Placed* b) { return a->ready > b->ready; });
  while (census.current.size() > wish.replicas) {
    plan.stops.push_back(census.current.back()->id);
    census.current.pop_back();
  }
  uint32_t missing = wish.replicas - static_cast<uint32_t>(census.current.size());
  for (; missing > 0; --missing) {
    Free* place = best_place(free, wish);
    if (place == nullptr) break;
    take(place->left, wish.each);
    ++place->replicas[wish.deployment];
    plan.starts.push_back({wish.deployment, place->host->node});
  }
  if (missing > 0)
    plan.unplaced[wish.deployment] = fmt::format("{} of {} replicas {} no place: {}", missing, wish.replicas,
                                                 missing == 1 ? "has" : "have", why_not(free, wish.each));

  // Each ready replica that stays relieves one that shall not.
  const auto ready = static_cast<size_t>(
      std::count_if(census.current.begin(), census.current.end(), [](const Placed* r) { return r->ready; }));
  const bool nothing_on_its_way = plan.starts.empty() && ready == census.current.size();
  size_t keep = wish.replicas > ready ? wish.replicas - ready : 0;
  if (missing > 0 && nothing_on_its_way && keep >= census.old.size() && !census.old.empty())
    keep = census.old.size() - 1;
  std::stable_sort(census.old.begin(), census.old.end(),
                   [](const Placed* a, const Placed* b) { return a->ready > b->ready; });
  for (size_t i = keep; i < census.old.size(); ++i) plan.stops.push_back(census.old[i]->id);
}

}  // namespace

Plan plan_placement(const std::vector<Wish>& wishes, const std::vector<Host>& hosts,
                    const std::vector<Placed>& placed) {
  std::vector<Free> free;
  for (const Host& host : hosts) free.push_back({&host, host.total, {}});
  for (const Placed& replica : placed)
    for (Free& node : free)
      if (node.host->node == replica.node) {
        take(node.left, replica.takes);
        ++node.replicas[replica.deployment];
      }

  Plan plan;
  for (const Wish& wish : wishes) plan_wish(wish, placed, free, plan);
  for (const Placed& replica : placed) {
    const bool wished =
        std::any_of(wishes.begin(), wishes.end(), [&](const Wish& w) { return w.deployment == replica.deployment; });
    if (!wished && !replica.stopping) plan.stops.push_back(replica.id);
  }
  return plan;
}

}  // namespace troupe::cluster
