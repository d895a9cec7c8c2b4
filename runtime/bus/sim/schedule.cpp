#include "runtime/bus/sim/schedule.hpp"

#include <algorithm>

#include "runtime/base/assert.hpp"

namespace troupe::sim {
namespace {

class Once final : public Task {
 public:
  explicit Once(std::function<void()> action) : action_(std::move(action)) {}
  void run() override { action_(); }

 private:
  std::function<void()> action_;
};

}  // namespace

Schedule::Schedule(uint64_t seed, WallTime wall_begin)
    : wall_begin_(wall_begin), random_(seed), ties_(~seed), owners_(1) {}

Schedule::~Schedule() = default;

Planned Schedule::at(Owner owner, Time due, std::shared_ptr<Task> task) {
  if (owners_[owner.index].ended) return {};
  if (free_.empty()) {
    free_.push_back(static_cast<uint32_t>(slots_.size()));
    slots_.emplace_back();
  }
  const uint32_t index = free_.back();
  free_.pop_back();
  Slot& slot = slots_[index];
  slot.task = std::move(task);
  slot.owner = owner;
  const Planned planned{index, slot.generation};
  push(std::max(due, now_), planned);
  return planned;
}

Planned Schedule::at(Owner owner, Time due, std::function<void()> action) {
  return at(owner, due, std::make_shared<Once>(std::move(action)));
}

void Schedule::push(Time due, Planned planned) {
  heap_.push_back({due, static_cast<uint32_t>(ties_.next()), planned});
  std::push_heap(heap_.begin(), heap_.end(), std::greater<>{});
}

std::shared_ptr<Task> Schedule::take(Planned planned) {
  if (planned.generation == 0 || slots_[planned.slot].generation != planned.generation) return nullptr;
  Slot& slot = slots_[planned.slot];
  if (++slot.generation == 0) slot.generation = 1;
  free_.push_back(planned.slot);
  return std::move(slot.task);
}

bool Schedule::cancel(Planned planned) {
  return take(planned) != nullptr;
}

Owner Schedule::add_owner() {
  owners_.emplace_back();
  return {static_cast<uint32_t>(owners_.size() - 1)};
}

void Schedule::freeze(Owner owner) {
  TROUPE_ASSERT(owner != world);
  owners_[owner.index].frozen = true;
}

void Schedule::thaw(Owner owner) {
  OwnerState& state = owners_[owner.index];
  state.frozen = false;
  for (const Planned planned : std::exchange(state.held, {})) push(now_, planned);
}

void Schedule::end(Owner owner) {
  TROUPE_ASSERT(owner != world);
  owners_[owner.index].ended = true;
  // What a task holds may plan or cancel others when it goes: none of that under this loop.
  std::vector<std::shared_ptr<Task>> gone;
  for (uint32_t index = 0; index < slots_.size(); ++index)
    if (slots_[index].task && slots_[index].owner == owner) gone.push_back(take({index, slots_[index].generation}));
  owners_[owner.index].held.clear();
}

bool Schedule::step(Time until) {
  while (!heap_.empty() && heap_.front().due <= until) {
    std::pop_heap(heap_.begin(), heap_.end(), std::greater<>{});
    const Entry entry = heap_.back();
    heap_.pop_back();
    const Slot& slot = slots_[entry.planned.slot];
    if (slot.generation != entry.planned.generation) continue;
    const Owner owner = slot.owner;
    if (owners_[owner.index].frozen) {
      owners_[owner.index].held.push_back(entry.planned);
      continue;
    }
    now_ = entry.due > now_ ? entry.due : now_;
    ++steps_;
    note(static_cast<uint64_t>(now_.time_since_epoch().count()));
    note(owner.index);
    take(entry.planned)->run();
    return true;
  }
  return false;
}

void Schedule::run_until(Time until) {
  while (step(until)) {
  }
  now_ = std::max(now_, until);
}

}  // namespace troupe::sim
