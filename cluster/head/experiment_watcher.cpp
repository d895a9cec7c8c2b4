#include "cluster/head/experiment_watcher.hpp"

#include "actors/experiment/definition/compile.hpp"
#include "actors/experiment/shard/shard_actor.hpp"

namespace troupe::cluster {

using observe::kv;

ExperimentWatcher::ExperimentWatcher(actor::Context& context, ExperimentWatcherParts parts)
    : Actor(context), parts_(std::move(parts)) {
  on<WatchExperiments>([this](const WatchExperiments& wish) { take(wish); });
  on<ForgetDeletedExperiment>([this](const ForgetDeletedExperiment& gone) {
    static_cast<void>(parts_.shard.send(experiment::ForgetExperiment{gone.number}));
  });
}

void ExperimentWatcher::started() {
  // Where there is no head yet it tells by itself.
  static_cast<void>(parts_.head().send(AskExperiments{}));
  look();
}

void ExperimentWatcher::take(const WatchExperiments& wish) {
  std::map<uint32_t, Watched> next;
  for (const experiment::ExperimentRecord& record : wish.running) {
    const auto known = watched_.find(record.number);
    Watched& watched = next[record.number];
    if (known == watched_.end()) {
      watched.watch = std::make_unique<experiment::Watch>(record);
    } else {
      watched = std::move(known->second);
      watched.watch->update(record);
    }
    watched.record = record;
  }
  watched_ = std::move(next);
  known_through_ = wish.known_through;
  tell_shard();
}

/// At each look: a shard that has crashed has forgotten it, and takes nothing until it is told again.
void ExperimentWatcher::tell_shard() {
  if (!known_through_) return;
  experiment::SetRules rules{{}, *known_through_};
  for (const auto& [number, watched] : watched_)
    rules.all.push_back(
        rules_of(watched.record.definition, number, wall_time_from_unix_microseconds(watched.record.started_unix_us)));
  static_cast<void>(parts_.shard.send(std::move(rules)));
}

void ExperimentWatcher::look() {
  tell_shard();
  for (auto& [number, watched] : watched_)
    if (!std::exchange(watched.is_asking, true)) ask(number);
  context().after(parts_.interval, [this] { look(); });
}

void ExperimentWatcher::ask(uint32_t number) {
  context().call(parts_.shard, experiment::GetRows{number}, {.deadline = context().now() + std::chrono::seconds{10}},
                 [this, number](const actor::ReplyEvent& event) {
                   const auto found = watched_.find(number);
                   if (found == watched_.end()) return;
                   found->second.is_asking = false;
                   const auto* const rows = event.body.get<experiment::ExperimentRows>();
                   if (rows != nullptr) return analyze(found->second, rows->rows);
                   parts_.log.warn("an experiment's numbers could not be had",
                                   kv("experiment", found->second.record.definition.name),
                                   kv("error", event.error ? event.error->message : "no rows"));
                 });
}

void ExperimentWatcher::analyze(Watched& watched, const experiment::Aggregates& rows) {
  const experiment::Definition& definition = watched.record.definition;
  const experiment::Analysis analysis = watched.watch->look(rows, context().wall());
  ExperimentLook look{definition.name, watched.record.number, {}, decide(definition, analysis)};
  look.document = document_of(definition, analysis, look.verdict);
  static_cast<void>(parts_.head().send(std::move(look)));
}

}  // namespace troupe::cluster
