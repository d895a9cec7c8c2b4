// HeadActor: experiments, from their definition to their end. Gateways hear of those that run with their routes; the
// watcher looks at their numbers, and what it decides is stored here.

#include <algorithm>

#include "actors/experiment/assignment/segments.hpp"
#include "actors/experiment/lifecycle/revisions.hpp"
#include "cluster/head/experiment_action.hpp"
#include "cluster/head/experiment_reader.hpp"
#include "cluster/head/experiment_views.hpp"
#include "cluster/head/experiment_watcher.hpp"
#include "cluster/head/head_actor.hpp"
#include "cluster/head/views.hpp"
#include "cluster/spec/experiment_record.hpp"

namespace troupe::cluster {

using experiment::ExperimentRecord;
using observe::kv;

namespace {

/// For a page of events or the recount of a slot.
constexpr Duration reader_patience = std::chrono::minutes{5};

std::string text_of(std::span<const double> weights) {
  std::string text;
  for (const double weight : weights) text += fmt::format("{}{}", text.empty() ? "" : "/", weight);
  return text;
}

/// Of those behind the first `known`.
std::string new_revisions_text(const ExperimentRecord& record, size_t known) {
  const experiment::Revision& last = record.revisions.back();
  if (record.revisions.size() > known + 1)
    return fmt::format("revisions {} to {}, each of a segment", record.revisions[known].number, last.number);
  const std::string of =
      last.segment == 0 ? "" : " of " + experiment::segment_name(record.definition.segments, last.segment);
  return fmt::format("revision {}{}, {:.1f} % of its units move", last.number, of,
                     100.0 * last.moved / experiment::slot_count);
}

}  // namespace

void HeadActor::restore_experiments() {
  for (const storage::StateEntry& entry : options_.experiment_records) {
    auto record = decode_experiment(entry.key, entry.value);
    if (!record) {
      options_.log.error("experiment not restored", kv("key", entry.key), kv("error", record.error().message));
      continue;
    }
    experiment_revisions_[record->definition.name] = entry.mod_revision;
    experiments_.set(std::move(*record));
  }
  spread_experiments();
}

/// To who watches them, and to the routes of their models.
void HeadActor::spread_experiments() {
  std::set<std::string> models;
  WatchExperiments watched{{}, experiments_.known_through(context().wall())};
  for (const auto& [name, record] : experiments_.all()) {
    models.insert(record.definition.model);
    if (record.state == experiment::State::running) watched.running.push_back(record);
  }
  if (options_.experiment_watcher) static_cast<void>(options_.experiment_watcher.send(std::move(watched)));
  for (const std::string& model : models) state_.set_experiments(model, experiments_.routed(model), context().now());
  send_messages();
}

void HeadActor::define_experiment(const experiment::Definition& definition, AuditAct by, const Done& done) {
  const ExperimentRecord* const before = experiments_.find(definition.name);
  const auto record =
      experiments_.defined(definition, experiments_.next_number(context().wall()),
                           fmt::format("{}@{:016x}", definition.name, random_.next()), context().wall());
  if (!record) return done(fail(record.error()));
  if (before != nullptr && *before == *record) return done("unchanged");
  const bool is_new = before == nullptr;
  by.object = "Experiment " + definition.name;
  store_experiment(*record, {}, {std::move(by), AuditOutcome::done, {}, is_new ? "defined" : "changed"},
                   [done, is_new](const Status& stored) {
                     done(stored ? Result<std::string>(is_new ? "created" : "updated") : fail(stored.error()));
                   });
}

void HeadActor::start_experiment(const StartExperiment& wish, const AuditAct& by, const Done& done) {
  const ExperimentRecord* const known = experiments_.find(wish.name);
  const auto record = experiments_.started(
      wish.name, known == nullptr ? std::set<std::string>{} : state_.versions_of(known->definition.model),
      context().wall());
  if (!record) return done(fail(record.error()));
  change_experiment(*record, by, "started", done);
}

void HeadActor::stop_experiment(const StopExperiment& wish, const AuditAct& by, const Done& done) {
  const auto document = experiment_documents_.find(wish.name);
  const auto record =
      experiments_.ended(wish.name, experiment::State::stopped, wish.reason.empty() ? "It was stopped." : wish.reason,
                         document == experiment_documents_.end() ? "" : document->second, context().wall());
  if (!record) return done(fail(record.error()));
  change_experiment(*record, by, "stopped", done);
}

void HeadActor::weigh_experiment(const WeighExperiment& wish, const AuditAct& by, const Done& done) {
  const auto record = experiments_.reweighted(wish.name, wish.weights, context().wall());
  if (!record) return done(fail(record.error()));
  change_experiment(*record, by,
                    fmt::format("weights {}, {}", text_of(wish.weights),
                                new_revisions_text(*record, experiments_.find(wish.name)->revisions.size())),
                    done);
}

void HeadActor::change_experiment(const ExperimentRecord& record, const AuditAct& by, std::string change,
                                  const Done& done) {
  store_experiment(record, {}, {by, AuditOutcome::done, {}, std::move(change)}, [record, done](const Status& stored) {
    done(stored ? Result<std::string>(to_text(experiment_view(record, {}, {}))) : fail(stored.error()));
  });
}

void HeadActor::delete_experiment(const DeleteExperiment& wish, const AuditAct& by, const Done& done) {
  if (const Status allowed = experiments_.deletable(wish.name); !allowed) return done(fail(allowed.error()));
  const std::string key = key_of(*experiments_.find(wish.name));
  const uint32_t number = experiments_.find(wish.name)->number;
  storage::Transaction transaction;
  transaction.compares.push_back({key, experiment_revisions_[wish.name]});
  transaction.ops.push_back(storage::Delete{key});
  commit(std::move(transaction), {by, AuditOutcome::done, {}, "deleted"},
         [this, name = wish.name, number, done](const Result<storage::Revision>& revision) {
           if (!revision) {
             reread_experiment(name);
             return done(fail(revision.error()));
           }
           experiments_.remove(name);
           if (options_.experiment_watcher)
             static_cast<void>(options_.experiment_watcher.send(ForgetDeletedExperiment{number}));
           not_done_.erase(name);
           experiment_documents_.erase(name);
           experiment_revisions_.erase(name);
           done(to_text({{"deleted", name}}));
         });
}

void HeadActor::store_experiment(const ExperimentRecord& record, std::vector<DeploymentRecord> deployments,
                                 AuditEntry entry, std::function<void(Status)> done) {
  const std::string key = key_of(record);
  storage::Transaction transaction;
  transaction.compares.push_back({key, experiment_revisions_[record.definition.name]});
  transaction.ops.push_back(storage::Put{key, encode(record)});
  for (const DeploymentRecord& deployment : deployments) {
    const std::string place = std::string(deployment_prefix) + deployment.name;
    transaction.compares.push_back({place, revisions_[deployment.name]});
    transaction.ops.push_back(storage::Put{place, encode(deployment)});
  }
  commit(std::move(transaction), std::move(entry),
         [this, record, deployments = std::move(deployments),
          done = std::move(done)](const Result<storage::Revision>& revision) {
           if (!revision) {
             reread_experiment(record.definition.name);
             for (const DeploymentRecord& deployment : deployments) reread(deployment.name);
             return done(fail(revision.error()));
           }
           experiment_revisions_[record.definition.name] = *revision;
           experiments_.set(record);
           not_done_.erase(record.definition.name);
           for (const DeploymentRecord& deployment : deployments) {
             revisions_[deployment.name] = *revision;
             state_.set_deployment(deployment, revision->value, context().now());
           }
           spread_experiments();
           done({});
         });
}

void HeadActor::reread_experiment(const std::string& name) {
  const std::string key = std::string(experiment_prefix) + name;
  options_.store->range(
      key, context().bind<Result<storage::RangeResult>>([this, name, key](const Result<storage::RangeResult>& range) {
        if (!range)
          return options_.log.error("an experiment could not be read again", kv("experiment", name),
                                    kv("error", range.error().message));
        const auto entry = std::ranges::find(range->entries, key, &storage::StateEntry::key);
        if (entry == range->entries.end()) {
          experiment_revisions_.erase(name);
          experiments_.remove(name);
          not_done_.erase(name);
        } else if (auto record = decode_experiment(key, entry->value)) {
          experiment_revisions_[name] = entry->mod_revision;
          experiments_.set(std::move(*record));
        }
        spread_experiments();
      }));
}

/// What the watcher says of one that runs. Its verdict ends it, once; a planned look, or another allocation, is stored.
void HeadActor::take_look(const ExperimentLook& look) {
  const ExperimentRecord* const known = experiments_.find(look.name);
  if (known == nullptr || known->number != look.number || known->state != experiment::State::running) return;
  experiment_documents_[look.name] = look.document;
  if (storing_.contains(look.name)) return;
  ExperimentRecord record = *known;
  const bool has_looked = look.looks.size() > record.looks.size();
  if (has_looked) record.looks = look.looks;
  if (look.verdict) return end_experiment(look, record);
  std::string change;
  if (has_looked)
    change = fmt::format("look {} at {} units of each variant, {:.0f} % of the sample", record.looks.back().number,
                         record.looks.back().units, 100 * record.looks.back().fraction);
  if (!look.weights.empty() && look.revision == record.revisions.back().number) {
    if (auto weighed = experiments_.reweighted(look.name, look.weights, context().wall())) {
      record = std::move(*weighed);
      const bool is_one = look.weights.size() == 1;
      change =
          fmt::format("weights {}{}, by what variants earned", is_one ? text_of(look.weights[0].weights) + ", " : "",
                      new_revisions_text(record, known->revisions.size()));
    } else {
      tell_not_done(look.name, "Its weights stay, and do not follow what variants earn: " + weighed.error().message);
    }
  }
  if (change.empty()) return;
  storing_.insert(look.name);
  store_experiment(record, {},
                   {{"head", "", "watch experiment", "Experiment " + look.name}, AuditOutcome::done, {}, change},
                   [this, name = look.name](const Status&) { storing_.erase(name); });
}

/// `running` is stored as ended, and what its rule says is done in the same write.
void HeadActor::end_experiment(const ExperimentLook& look, const ExperimentRecord& running) {
  auto ended =
      experiments_.ended(look.name, look.verdict->state, look.verdict->sentence, look.document, context().wall());
  if (!ended) return;
  ended->looks = running.looks;
  std::vector<DeploymentRecord> of_model;
  for (const auto& [name, view] : state_.deployments())
    if (view.record.model == ended->definition.model) of_model.push_back(view.record);
  const std::vector<DeploymentRecord> changed = after_verdict(ended->definition, *look.verdict, of_model);
  std::string sentence = look.verdict->sentence;
  for (const DeploymentRecord& deployment : changed)
    sentence += fmt::format(" {}: weight {} -> {}.", deployment.name,
                            state_.deployments().at(deployment.name).record.weight, deployment.weight);
  ended->reason = sentence;
  storing_.insert(look.name);
  store_experiment(*ended, changed,
                   {{"head", "", "decide experiment", "Experiment " + look.name}, AuditOutcome::done, {}, sentence},
                   [this, name = look.name, sentence](const Status& stored) {
                     storing_.erase(name);
                     if (!stored) return;  // The next look says it again.
                     options_.log.info("experiment decided", kv("experiment", name), kv("verdict", sentence));
                   });
}

/// What is due is tried again at the next occasion. Until it is done its status says why not, and the log once.
void HeadActor::tell_not_done(const std::string& name, std::string why) {
  std::string& known = not_done_[name];
  if (known != why)
    options_.log.warn("what is due of an experiment is not done", kv("experiment", name), kv("error", why));
  known = std::move(why);
}

void HeadActor::start_due_experiments() {
  for (const std::string& name : experiments_.due(context().wall())) {
    if (storing_.contains(name)) continue;
    const std::string& model = experiments_.find(name)->definition.model;
    const auto record = experiments_.started(name, state_.versions_of(model), context().wall());
    if (!record) {
      tell_not_done(name, "It is to run by now, and does not start: " + record.error().message);
      continue;
    }
    storing_.insert(name);
    store_experiment(
        *record, {},
        {{"head", "", "start experiment", "Experiment " + name}, AuditOutcome::done, {}, "started, as it was to"},
        [this, name](const Status&) { storing_.erase(name); });
  }
}

Result<std::string> HeadActor::experiment_status(const std::string& name) const {
  const ExperimentRecord* const record = experiments_.find(name);
  if (record == nullptr) return fail(Errc::not_found, "there is no experiment {}", name);
  const auto document = experiment_documents_.find(name);
  const auto trouble = not_done_.find(name);
  return to_text(experiment_view(*record, document == experiment_documents_.end() ? record->verdict : document->second,
                                 trouble == not_done_.end() ? "" : trouble->second));
}

template <class WishOf>
void HeadActor::ask_reader(const std::string& name, const WishOf& wish_of, const Done& done) {
  const ExperimentRecord* const record = experiments_.find(name);
  if (record == nullptr) return done(fail(Errc::not_found, "there is no experiment {}", name));
  if (record->started_unix_us == 0)
    return done(fail(Errc::failed_precondition, "experiment {} has not started, so that it has no events", name));
  if (!options_.experiment_reader) return done(fail(Errc::unimplemented, "this head keeps no events"));
  context().call(options_.experiment_reader, wish_of(std::make_shared<const ExperimentRecord>(*record)),
                 {.deadline = context().now() + reader_patience}, [done](const actor::ReplyEvent& event) {
                   if (const auto* const said = event.body.get<ExperimentText>()) return done(said->text);
                   done(fail(event.error.value_or(Error{Errc::internal, "the reader answered otherwise", {}, {}})));
                 });
}

/// False where it asks for something else.
bool HeadActor::read_events(const AdminCall& call) {
  using Record = std::shared_ptr<const ExperimentRecord>;
  if (const auto* page = std::get_if<ReadExperimentEvents>(&call.what)) {
    ask_reader(
        page->name,
        [&](Record record) {
          return ReadEventPage{record, page->after, page->limit};
        },
        call.done);
  } else if (const auto* again = std::get_if<RecountExperiment>(&call.what)) {
    ask_reader(
        again->name,
        [&](Record record) {
          return RecountSlot{record, again->slot};
        },
        call.done);
  } else if (const auto* disk = std::get_if<ReadExperimentDisk>(&call.what)) {
    ask_reader(
        disk->name, [](Record record) { return ReadDiskUse{record}; }, call.done);
  } else {
    return false;
  }
  return true;
}

/// The answer goes from the historian to whoever asked, without the head.
void HeadActor::tell_experiment(const ReadExperimentHistory& wish, const Done& done) const {
  const ExperimentRecord* const record = experiments_.find(wish.name);
  if (record == nullptr) return done(fail(Errc::not_found, "there is no experiment {}", wish.name));
  if (wish.as == ExperimentTelling::segments && record->definition.segments.empty())
    return done(
        fail(Errc::failed_precondition, "{} tells no units apart: its definition has no `segments`", wish.name));
  if (record->started_unix_us == 0)
    return done(fail(Errc::failed_precondition,
                     "{} is a draft, without numbers yet; `troupe experiment start {}` begins it", wish.name,
                     wish.name));
  if (wish.as == ExperimentTelling::effects && record->definition.variants.front().factors.empty())
    return done(
        fail(Errc::failed_precondition, "the variants of {} name no factors, so that there are no effects", wish.name));
  const auto document = experiment_documents_.find(wish.name);
  const bool is_running = record->state == experiment::State::running;
  TellExperiment telling{*record,
                         is_running && document != experiment_documents_.end() ? document->second : record->verdict,
                         wish.as, done};
  if (const Status sent = options_.experiment_historian.send(std::move(telling)); !sent)
    done(fail(Errc::unavailable, "nobody can tell how experiments went: {}", sent.error().message));
}

}  // namespace troupe::cluster
