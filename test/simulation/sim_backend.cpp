#include "test/simulation/sim_backend.hpp"

namespace troupe::sim {

namespace {

/// In a row. One more, and a replica might be given up for good: a deployment would wait for it for ever, as it should.
constexpr uint32_t load_errors_max = 4;

}  // namespace

SimBackend::SimBackend(Backends& backends, const protocol::ReplicaSpec& spec, worker::BackendEvents& events)
    : backends_(backends),
      spec_(spec),
      events_(events),
      slots_(1 + static_cast<uint32_t>(backends.schedule.random().below(backends.knobs.slots_max))) {
  backends_.all.insert(this);
}

SimBackend::~SimBackend() {
  *alive_ = false;
  backends_.all.erase(this);
}

void SimBackend::later(Duration longest, std::function<void()> action) {
  Schedule& schedule = backends_.schedule;
  const Duration delay{static_cast<int64_t>(schedule.random().below(static_cast<uint64_t>(longest.count()) + 1))};
  schedule.after(backends_.owner, delay, [alive = alive_, action = std::move(action)] {
    if (*alive) action();
  });
}

void SimBackend::fail(std::string why) {
  warm_ = false;
  running_.clear();
  events_.on_failed({Errc::internal, std::move(why), {}, {}});
}

void SimBackend::load() {
  later(backends_.knobs.load_time_max, [this] {
    uint32_t& errors = backends_.load_errors[spec_.id];
    const bool may_fail = !backends_.quiet && errors < load_errors_max;
    if (may_fail && backends_.schedule.random().uniform() < backends_.knobs.load_error_chance) {
      ++errors;
      return fail("the weights were not found in the simulated folder");
    }
    errors = 0;
    events_.on_loaded();
    later(backends_.knobs.load_time_max, [this] {
      warm_ = true;
      events_.on_warm();
    });
  });
}

void SimBackend::execute(std::vector<worker::WorkItem> batch) {
  if (std::exchange(breaks_worker_, false)) {
    ++backends_.ledger.broken_replicas[spec_.id];
    throw std::runtime_error("a simulated defect over a batch");
  }
  for (worker::WorkItem& item : batch) {
    const protocol::ServeRequest& request = *item.request;
    const worker::WorkId id = item.id;
    backends_.ledger.executes(request.request_id, spec_.id);
    const auto* generate = std::get_if<protocol::Generate>(&request.work);
    const auto* prompt = generate == nullptr ? nullptr : std::get_if<protocol::PlainText>(&generate->prompt);
    if (prompt == nullptr) {
      events_.on_error(id, {Errc::unimplemented, "a simulated back end generates text from text", {}, {}});
      continue;
    }
    running_[id] = {item, prompt->text,     generate->sampling.max_tokens,
                    0,    generate->stream, worker::StreamBudget(item.credit),
                    false};
    later(backends_.knobs.part_time_max, [this, id] { step(id); });
  }
  if (running_.size() > slots_)
    backends_.ledger.violation(
        fmt::format("replica {} was given {} requests, it has {} slots", spec_.id, running_.size(), slots_));
  if (backends_.knobs.defect == Defect::mixed_answers && running_.size() > 1 &&
      backends_.schedule.random().below(20) == 0)
    std::swap(running_.begin()->second.prompt, running_.rbegin()->second.prompt);
}

void SimBackend::step(worker::WorkId id) {
  const auto found = running_.find(id);
  if (found == running_.end()) return;
  Work& work = found->second;
  const bool is_next_last = !work.stream || work.next + 1 == work.parts;
  if (hung_ || (!is_next_last && !work.budget.may_send())) {
    work.waits = true;
    return;
  }
  protocol::TextPart text;
  const uint32_t until = work.stream ? work.next + 1 : work.parts;
  while (work.next < until) text.text += answer_part(work.prompt, work.next++);
  const bool last = work.next == work.parts;
  if (last) {
    text.finish = protocol::FinishReason::stop;
    text.usage = {1, work.parts};
    running_.erase(found);
  } else {
    later(backends_.knobs.part_time_max, [this, id] { step(id); });
  }
  protocol::ResultPart part;
  part.content = std::move(text);
  if (!last) work.budget.sent(part);
  events_.on_part(id, std::move(part), last);
}

void SimBackend::credit(worker::WorkId id, uint64_t bytes) {
  const auto found = running_.find(id);
  if (found == running_.end()) return;
  found->second.budget.add(bytes);
  if (!hung_ && std::exchange(found->second.waits, false))
    later(backends_.knobs.part_time_max, [this, id] { step(id); });
}

void SimBackend::die() {
  if (warm_) fail("the simulated device fell off the bus");
}

void SimBackend::resume() {
  breaks_worker_ = false;
  if (!std::exchange(hung_, false)) return;
  for (auto& [id, work] : running_)
    if (std::exchange(work.waits, false)) later(backends_.knobs.part_time_max, [this, id = id] { step(id); });
}

}  // namespace troupe::sim
