#include "cluster/head/head_actor.hpp"

#include <deque>

#include "cluster/head/audit_text.hpp"
#include "cluster/head/catalog_actor.hpp"
#include "cluster/head/experiment_views.hpp"
#include "cluster/head/views.hpp"
#include "cluster/spec/experiment_document.hpp"
#include "runtime/actor/host.hpp"
#include "runtime/base/nearest.hpp"
#include "runtime/config/bind.hpp"
#include "runtime/config/located.hpp"
#include "runtime/protocol/models.hpp"
#include "runtime/protocol/paths.hpp"

namespace troupe::cluster {

using observe::kv;

/// One apply: its documents in order, each waiting for the one before it.
struct HeadActor::ApplyJob {
  std::deque<std::variant<ModelDocument, DeploymentDocument, experiment::Definition>> steps;
  std::filesystem::path base;  ///< Of relative sources.
  AuditAct by;
  nlohmann::json changes = nlohmann::json::array();
  Done done;
};

HeadActor::HeadActor(actor::Context& context, HeadActorOptions options)
    : Actor(context),
      options_(std::move(options)),
      random_(options_.seed),
      models_(options_.known_models),
      trust_(options_.trust),
      state_(
          options_.head,
          [this](const std::string& model, const std::string& version) { return stored(model, version); }, random_,
          this->context().now()) {
  serve<protocol::JoinRequest>([this](const auto& request, actor::Reply reply) { join(request, std::move(reply)); });
  serve<protocol::Heartbeat>([this](const auto& heartbeat, actor::Reply reply) {
    if (reply.source() && reply.source() != heartbeat->node)
      return reply.fail({Errc::permission_denied, "a node beats for itself alone", {}, {}});
    if (reply.source() && heartbeat->epoch == options_.head.epoch) {
      peers_taken_[heartbeat->node] = heartbeat->peers_revision;
      if (heartbeat->peers_revision < peers_.revision) send_peers(heartbeat->node);
    }
    reply.finish(state_.heartbeat(*heartbeat, this->context().now()));
    send_messages();
  });
  serve<protocol::Leave>([this](const auto& leave, actor::Reply reply) {
    if (reply.source() && reply.source() != leave->node)
      return reply.fail({Errc::permission_denied, "a node leaves for itself alone", {}, {}});
    options_.log.info("node left", kv("id", leave->node));
    state_.leave(*leave, this->context().now());
    reply.finish(protocol::HeartbeatAck{options_.head.epoch, false});
    send_messages();
  });
  serve<protocol::FindModel>([this](const auto& wish, actor::Reply reply) { find_model(*wish, std::move(reply)); });
  serve<protocol::ChangeLoad>([this](const auto& wish, actor::Reply reply) { change_load(*wish, std::move(reply)); });
  on<AdminCall>([this](const AdminCall& call) { admin(call); });
  on<RefusedWrite>([this](const RefusedWrite& refused) { take_refusal(refused); });
  on<AskExperiments>([this](const AskExperiments&) { spread_experiments(); });
  on<ExperimentLook>([this](const ExperimentLook& look) { take_look(look); });
  on<UntoldWrites>([this](const UntoldWrites& untold) { options_.audit.leave_out(untold.count); });
}

void HeadActor::started() {
  restore_models();
  for (const storage::StateEntry& entry : options_.deployments) {
    const auto record = decode_deployment(entry.key, entry.value);
    if (!record) {
      // One damaged record must not keep the others from being served.
      options_.log.error("deployment not restored", kv("key", entry.key), kv("error", record.error().message));
      continue;
    }
    revisions_[record->name] = entry.mod_revision;
    state_.set_deployment(*record, entry.mod_revision.value, context().now());
  }
  restore_experiments();
  if (options_.require_keys) keys_.require_always();
  for (const storage::StateEntry& entry : options_.keys) {
    auto record = decode_key(entry.key, entry.value);
    if (record) {
      keys_.set(std::move(*record));
      continue;
    }
    // Its owner is locked out; nobody else gets in by it.
    keys_.require_always();
    options_.log.error("API key not restored", kv("key", entry.key), kv("error", record.error().message));
  }
  for (const Error& damage : options_.audit_damage)
    options_.log.error("the audit log is damaged; `troupe audit verify` says where", kv("error", damage.message));
  publish_peers();
  tick();
}

void HeadActor::tick() {
  std::vector<NodeId> before;
  for (const auto& [id, member] : state_.membership().members())
    if (member.is_member()) before.push_back(id);
  state_.tick(context().now());
  for (const NodeId id : before) {
    const Member* member = state_.membership().find(id);
    if (member != nullptr && member->state == NodeState::down) {
      options_.log.error("node is down", kv("node", member->info.name), kv("id", id));
      context().host().peer_lost(id);
    }
  }
  spread_keys();
  send_messages();
  settle_loads();
  start_due_experiments();
  record_left_out();
  context().after(state_.options().membership.heartbeat_interval / 2, [this] { tick(); });
}

void HeadActor::send_messages() {
  for (ToNode& out : state_.take_messages()) {
    const Member* member = state_.membership().find(out.node);
    if (member == nullptr) continue;
    const actor::Ref agent = context().host().remote(out.node, member->info.incarnation,
                                                     std::string(protocol::agent_path), bus::Lane::control);
    // What is lost is sent again after the next heartbeat.
    std::visit([&](auto& message) { static_cast<void>(agent.send(std::move(message))); }, out.message);
  }
}

void HeadActor::admin(const AdminCall& call) {
  if (const auto* get = std::get_if<GetView>(&call.what)) return call.done(view(get->view));
  if (const auto* logs = std::get_if<FindLogs>(&call.what)) return find_logs(*logs, call.done);
  if (const auto* log = std::get_if<ReadNodeLog>(&call.what)) return read_log(*log, call.done);
  if (const auto* records = std::get_if<ReadAudit>(&call.what)) return read_audit(*records, call.done);
  if (std::holds_alternative<VerifyAudit>(call.what)) return verify_audit(call.done);
  if (const auto* piece = std::get_if<UploadPiece>(&call.what)) return write_upload(*piece, call.done);
  if (const auto* bytes = std::get_if<ReadModelBytes>(&call.what)) return read_model(*bytes, call.done);
  if (const auto* one = std::get_if<ReadExperiment>(&call.what)) return call.done(experiment_status(one->name));
  if (const auto* told = std::get_if<ReadExperimentHistory>(&call.what)) return tell_experiment(*told, call.done);
  if (read_events(call)) return;
  const Done done = recording_failure(call.by, call.done);
  if (const auto* text = std::get_if<ApplyText>(&call.what)) {
    apply(*text, call.by, done);
  } else if (const auto* gone = std::get_if<DeleteDeployment>(&call.what)) {
    delete_deployment(gone->name, call.by, done);
  } else if (const auto* start = std::get_if<StartExperiment>(&call.what)) {
    start_experiment(*start, call.by, done);
  } else if (const auto* stop = std::get_if<StopExperiment>(&call.what)) {
    stop_experiment(*stop, call.by, done);
  } else if (const auto* weights = std::get_if<WeighExperiment>(&call.what)) {
    weigh_experiment(*weights, call.by, done);
  } else if (const auto* deleted = std::get_if<DeleteExperiment>(&call.what)) {
    delete_experiment(*deleted, call.by, done);
  } else if (const auto* model = std::get_if<AddModel>(&call.what)) {
    add_model(*model, call.by, done);
  } else if (const auto* label = std::get_if<LabelModel>(&call.what)) {
    label_model(*label, call.by, done);
  } else if (const auto* no_label = std::get_if<UnlabelModel>(&call.what)) {
    unlabel_model(*no_label, call.by, done);
  } else if (const auto* retire = std::get_if<RetireModel>(&call.what)) {
    retire_model(*retire, call.by, done);
  } else if (const auto* annotate = std::get_if<AnnotateModel>(&call.what)) {
    annotate_model(*annotate, call.by, done);
  } else if (const auto* load = std::get_if<ChangeModelLoad>(&call.what)) {
    change_load(*load, call.by, done);
  } else if (const auto* upload = std::get_if<BeginUpload>(&call.what)) {
    start_upload(*upload, call.by, done);
  } else if (const auto* end = std::get_if<EndUpload>(&call.what)) {
    end_upload(*end, call.by, done);
  } else if (const auto* backup = std::get_if<CreateBackup>(&call.what)) {
    create_backup(*backup, call.by, done);
  } else if (const auto* create = std::get_if<CreateKey>(&call.what)) {
    create_key(create->wish, call.by, done);
  } else if (const auto* revoke = std::get_if<RevokeKey>(&call.what)) {
    revoke_key(revoke->id, call.by, done);
  } else if (const auto* wish = std::get_if<CreateToken>(&call.what)) {
    create_token(*wish, call.by, done);
  } else if (const auto* token = std::get_if<RevokeToken>(&call.what)) {
    revoke_token(*token, call.by, done);
  } else if (const auto* node = std::get_if<RevokeNode>(&call.what)) {
    revoke_node(*node, call.by, done);
  } else if (const auto* rotated = std::get_if<RotateNode>(&call.what)) {
    rotate_node(*rotated, call.by, done);
  } else {
    delete_model(std::get<DeleteModel>(call.what), call.by, done);
  }
}

Result<std::string> HeadActor::view(View view) {
  const Time now = context().now();
  switch (view) {
    case View::status:
      return to_text(status_view(state_, models_view(models_, book_, state_, options_.models.get()), now));
    case View::nodes:
      return to_text(nodes_view(state_, now));
    case View::actors:
      return to_text(actors_view(state_));
    case View::models:
      return to_text(models_view(models_, book_, state_, options_.models.get()));
    case View::deployments:
      return to_text(deployments_view(state_));
    case View::experiments:
      return to_text(experiments_view(experiments_, experiment_documents_, not_done_));
    case View::keys:
      return to_text(keys_view(keys_, unix_microseconds(context().wall())));
    case View::tokens:
      return to_text(tokens_view(trust_, context().wall()));
    case View::members:
      return to_text(members_view(trust_, state_));
  }
  return fail(Errc::internal, "no such view");
}

void HeadActor::apply(const ApplyText& text, const AuditAct& by, Done done) {
  auto documents = config::parse_documents(text.text, text.file);
  if (!documents) return done(fail(documents.error()));
  auto job = std::make_shared<ApplyJob>();
  job->base = text.base;
  job->by = by;
  job->done = std::move(done);
  std::string problems;
  const auto note = [&](const Error& error) { problems += (problems.empty() ? "" : "\n") + error.message; };
  for (const config::Document& document : *documents) {
    if (const Status known = config::check_kind(document, {"Model", "Deployment", "Experiment"}); !known) {
      note(known.error());
    } else if (document.kind == "Model") {
      auto model = config::bind<ModelDocument>(document);
      model ? job->steps.push_back(std::move(*model)) : note(model.error());
    } else if (document.kind == "Experiment") {
      auto asked = config::bind<experiment::Definition>(document);
      const Status sound = asked ? experiment::check(*asked) : Status();
      if (!asked) {
        note(asked.error());
      } else if (!sound) {
        note(config::located(document, sound.error()));
      } else {
        job->steps.push_back(std::move(*asked));
      }
    } else {
      auto deployment = config::bind<DeploymentDocument>(document);
      deployment ? job->steps.push_back(std::move(*deployment)) : note(deployment.error());
    }
  }
  // All or none begins: a file with a mistake changes nothing.
  if (!problems.empty()) return job->done(fail(Errc::invalid_argument, "{}", problems));
  if (job->steps.empty()) return job->done(fail(Errc::invalid_argument, "{} has no document to apply", text.file));
  next_step(job);
}

void HeadActor::next_step(const std::shared_ptr<ApplyJob>& job) {
  if (job->steps.empty()) return job->done(to_text({{"changes", job->changes}}));
  const auto step = std::move(job->steps.front());
  job->steps.pop_front();
  const auto stepped = [this, job](const char* kind, std::string name) {
    return [this, job, kind, name = std::move(name)](const Result<std::string>& change) {
      if (!change) {
        Error error = change.error();
        error.message = fmt::format("{} {}: {}", kind, name, error.message);
        return job->done(fail(std::move(error)));
      }
      job->changes.push_back({{"kind", kind}, {"name", name}, {"change", *change}});
      next_step(job);
    };
  };
  AuditAct by = job->by;
  if (const auto* model = std::get_if<ModelDocument>(&step)) {
    by.object = fmt::format("Model {}@{}", model->name, model->version);
    const auto known = !stored(model->name, model->version).folder.empty();
    add_model({model->name, model->version, (job->base / model->source).string(), model->metadata}, by,
              [known, next = stepped("Model", model->name + "@" + model->version)](const Result<std::string>& added) {
                next(added ? Result<std::string>(known ? "unchanged" : "created") : added);
              });
    return;
  }
  if (const auto* asked = std::get_if<experiment::Definition>(&step))
    return define_experiment(*asked, std::move(by), stepped("Experiment", asked->name));
  auto deployment = std::get<DeploymentDocument>(step);
  deployment.model = without_label(deployment.model);
  const std::string model = deployment.model.substr(0, deployment.model.find('@'));
  const storage::ModelManifest* const manifest = manifest_of(deployment.model);
  auto record =
      to_record(deployment, state_.default_weight(deployment.name, model), unix_microseconds(context().wall()),
                metadata_of(deployment.model), manifest == nullptr ? ByteCount{} : manifest->total_bytes());
  // What runs goes on, and what is loaded stays so.
  if (const auto known = state_.deployments().find(deployment.name); record && known != state_.deployments().end())
    record->is_loaded |= known->second.record.is_loaded;
  const auto next = stepped("Deployment", deployment.name);
  by.object = "Deployment " + deployment.name;
  record ? store_deployment(std::move(*record), std::move(by), next) : next(fail(record.error()));
}

void HeadActor::store_deployment(DeploymentRecord record, AuditAct by, Done done) {
  if (const Status allowed = state_.check(record); !allowed) return done(fail(allowed.error()));
  const auto known = state_.deployments().find(record.name);
  const bool is_new = known == state_.deployments().end();
  if (!is_new) {
    record.created_unix_us = known->second.record.created_unix_us;
    if (record == known->second.record) return done("unchanged");
  }
  storage::Transaction transaction;
  const std::string key = std::string(deployment_prefix) + record.name;
  transaction.compares.push_back({key, is_new ? storage::Revision{} : revisions_[record.name]});
  transaction.ops.push_back(storage::Put{key, encode(record)});
  AuditEntry entry{std::move(by), AuditOutcome::done, {}, change_of(is_new ? nullptr : &known->second.record, record)};
  commit(std::move(transaction), std::move(entry),
         [this, record, is_new, done = std::move(done)](const Result<storage::Revision>& revision) {
           if (!revision) {
             reread(record.name);
             return done(fail(revision.error()));
           }
           revisions_[record.name] = *revision;
           state_.set_deployment(record, revision->value, context().now());
           options_.log.info("deployment stored", kv("deployment", record.name), kv("model", record.model),
                             kv("version", record.version));
           send_messages();
           done(is_new ? "created" : "updated");
         });
}

void HeadActor::reread(const std::string& name) {
  const std::string key = std::string(deployment_prefix) + name;
  options_.store->range(
      key, context().bind<Result<storage::RangeResult>>([this, name, key](const Result<storage::RangeResult>& range) {
        if (!range) {
          options_.log.error("a deployment could not be read again", kv("deployment", name),
                             kv("error", range.error().message));
          return;
        }
        const auto entry = std::find_if(range->entries.begin(), range->entries.end(),
                                        [&](const storage::StateEntry& e) { return e.key == key; });
        if (entry == range->entries.end()) {
          revisions_.erase(name);
          state_.remove_deployment(name, context().now());
        } else if (entry->mod_revision != revisions_[name]) {
          const auto record = decode_deployment(entry->key, entry->value);
          if (!record) {
            options_.log.error("a deployment could not be read again", kv("deployment", name),
                               kv("error", record.error().message));
            return;
          }
          revisions_[name] = entry->mod_revision;
          state_.set_deployment(*record, entry->mod_revision.value, context().now());
        }
        send_messages();
      }));
}

void HeadActor::delete_deployment(const std::string& name, const AuditAct& by, Done done) {
  const auto known = state_.deployments().find(name);
  if (known == state_.deployments().end()) {
    std::vector<std::string> names;
    for (const auto& [other, view] : state_.deployments()) names.push_back(other);
    return done(fail(Errc::not_found, "there is no deployment named {}{}", name, did_you_mean(name, names)));
  }
  storage::Transaction transaction;
  transaction.ops.push_back(storage::Delete{std::string(deployment_prefix) + name});
  const DeploymentRecord& was = known->second.record;
  AuditEntry entry{by, AuditOutcome::done, {}, fmt::format("it was {}@{} x{}", was.model, was.version, was.replicas)};
  commit(std::move(transaction), std::move(entry),
         [this, name, done = std::move(done)](const Result<storage::Revision>& revision) {
           if (!revision) {
             reread(name);
             return done(fail(revision.error()));
           }
           revisions_.erase(name);
           state_.remove_deployment(name, context().now());
           options_.log.info("deployment deleted", kv("deployment", name));
           send_messages();
           done(to_text({{"deleted", name}}));
         });
}

void HeadActor::store_key(KeyRecord record, AuditEntry entry, std::function<void(Status)> done) {
  storage::Transaction transaction;
  transaction.ops.push_back(storage::Put{std::string(key_prefix) + record.key.id, encode(record)});
  commit(std::move(transaction), std::move(entry),
         [this, record, done = std::move(done)](const Result<storage::Revision>& revision) {
           if (!revision) return done(fail(revision.error()));
           keys_.set(record);
           spread_keys();
           done({});
         });
}

void HeadActor::create_key(const KeyWish& wish, const AuditAct& by, const Done& done) {
  auto made = keys_.draw(wish, {secure_random_u64(), secure_random_u64(), secure_random_u64(), secure_random_u64()},
                         unix_microseconds(context().wall()));
  if (!made) return done(fail(made.error()));
  const std::string id = made->record.key.id;
  AuditEntry entry{by, AuditOutcome::done, {}, summary_of(made->record.key)};
  entry.act.object = fmt::format("Key {}{}{}", id, wish.name.empty() ? "" : " ", wish.name);
  store_key(made->record, std::move(entry), [done, id, secret = made->secret](const Status& stored) {
    done(stored ? Result<std::string>(to_text({{"id", id}, {"key", secret}})) : fail(stored.error()));
  });
}

void HeadActor::revoke_key(const std::string& id, const AuditAct& by, const Done& done) {
  auto record = keys_.revoked(id, unix_microseconds(context().wall()));
  if (!record) return done(fail(record.error()));
  AuditEntry entry{by, AuditOutcome::done, {}, "it opens nothing any more"};
  entry.act.object = fmt::format("Key {}{}{}", id, record->key.name.empty() ? "" : " ", record->key.name);
  store_key(std::move(*record), std::move(entry), [done, id](const Status& stored) {
    done(stored ? Result<std::string>(to_text({{"revoked", id}})) : fail(stored.error()));
  });
}

/// To gateways that do not have the newest ones and are not being told: after a loss, at the next tick.
void HeadActor::spread_keys() {
  constexpr Duration patience = std::chrono::seconds{2};
  const Epoch epoch = options_.head.epoch;
  const uint64_t revision = keys_.revision();
  for (const auto& [id, member] : state_.membership().members()) {
    if (!member.is_member() || !member.info.roles.gateway) continue;
    auto& known = keys_known_[id];
    const Incarnation incarnation = member.info.incarnation;
    if (known == std::pair(incarnation, revision)) continue;
    known = {incarnation, revision};
    const actor::Ref gateway =
        context().host().remote(id, incarnation, std::string(protocol::gateway_path), bus::Lane::control);
    context().call(gateway, keys_.key_set(epoch, unix_microseconds(context().wall())),
                   {.deadline = context().now() + patience},
                   [this, id = id, incarnation, revision](const actor::ReplyEvent& event) {
                     if (event.error && keys_known_[id] == std::pair(incarnation, revision)) keys_known_.erase(id);
                   });
  }
  std::erase_if(keys_known_, [this](const auto& entry) {
    const Member* member = state_.membership().find(entry.first);
    return member == nullptr || !member->is_member();
  });
}

}  // namespace troupe::cluster
