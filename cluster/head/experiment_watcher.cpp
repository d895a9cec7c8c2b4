#include "cluster/head/experiment_watcher.hpp"

#include "actors/experiment/analysis/bandit_weights.hpp"
#include "actors/experiment/definition/compile.hpp"

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
  for (const auto& [number, watched] : watched_) rules.all.push_back(rules_of(watched.record));
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
                   if (rows != nullptr) return analyze(found->second, *rows);
                   parts_.log.warn("an experiment's numbers could not be had",
                                   kv("experiment", found->second.record.definition.name),
                                   kv("error", event.error ? event.error->message : "no rows"));
                 });
}

void ExperimentWatcher::analyze(Watched& watched, const experiment::ExperimentRows& rows) {
  const experiment::ExperimentRecord& record = watched.record;
  const WallTime now = context().wall();
  const experiment::Analysis analysis =
      watched.watch->look(rows.rows, now, {rows.delivery.expected, rows.delivery.received});
  ExperimentLook look{record.definition.name, record.number, record.revisions.back().number};
  look.verdict = decide(record.definition, analysis);
  look.document = document_of(record.definition, analysis, look.verdict);
  look.looks = analysis.looks;
  if (auto weights = bandit_weights(record, rows.rows, now); !weights) {
    parts_.log.warn("a bandit sets no weights", kv("experiment", record.definition.name),
                    kv("error", weights.error().message));
  } else {
    look.weights = std::move(*weights);
  }
  static_cast<void>(parts_.head().send(std::move(look)));
}

}  // namespace troupe::cluster
