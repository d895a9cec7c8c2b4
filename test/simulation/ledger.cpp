#include "test/simulation/ledger.hpp"

#include <algorithm>

#include "cluster/spec/records.hpp"
#include "runtime/base/units.hpp"
#include "runtime/protocol/stream_credit.hpp"

namespace troupe::sim {
namespace {

std::string describe(const Wish& wish) {
  if (!wish) return "nothing";
  return fmt::format("{}@{} with {} replicas, batches of {}", wish->model, wish->version, wish->replicas,
                     wish->batch_size);
}

/// What a well-meant request may end in when nodes die, queues fill and models are not there (yet).
bool may_end_in(Errc error) {
  return error == Errc::unavailable || error == Errc::overloaded || error == Errc::deadline_exceeded ||
         error == Errc::not_found || error == Errc::lost;
}

}  // namespace

std::string answer_part(const std::string& prompt, uint32_t index) {
  return fmt::format("{}.{} ", prompt, index);
}

std::string whole_answer(const std::string& prompt, uint32_t parts) {
  std::string whole;
  for (uint32_t index = 0; index < parts; ++index) whole += answer_part(prompt, index);
  return whole;
}

void Ledger::violation(std::string what) {
  if (!violation_.empty()) return;
  violation_ = fmt::format("at {}: {}", format_duration(schedule_.elapsed()), what);
}

size_t Ledger::submit(ClientRequest request) {
  ++counts_.requests;
  log.debug("asked", observe::kv("request", request.id), observe::kv("prompt", request.prompt),
            observe::kv("stream", request.stream),
            observe::kv("time", format_duration(request.deadline - schedule_.now())));
  requests_.push_back(std::move(request));
  return requests_.size() - 1;
}

void Ledger::end(ClientRequest& request, std::optional<Errc> error) {
  request.ended = schedule_.now();
  request.error = error;
  log.debug("ended", observe::kv("request", request.id), observe::kv("error", error ? to_string(*error) : "none"));
  schedule_.note(error ? static_cast<uint64_t>(*error) : 0);
  ++(error ? counts_.failed : counts_.answered);
  Time due = request.deadline;
  if (const auto thawed = thawed_.find(request.gateway.index); thawed != thawed_.end())
    due = std::max(due, thawed->second);
  if (!request.withdrawn && schedule_.now() > due + slack_)
    violation(fmt::format("request {} ended {} after its deadline", request.id,
                          format_duration(schedule_.now() - request.deadline)));
}

void Ledger::part(size_t index, const protocol::ResultPart& part, bool last) {
  ClientRequest& request = requests_[index];
  if (request.gateway_died) return;
  if (request.ended) return violation(fmt::format("request {} got a part after its end", request.id));
  request.begun = true;
  const auto* text = std::get_if<protocol::TextPart>(&part.content);
  if (text == nullptr) return violation(fmt::format("request {} got a part that is no text", request.id));
  request.text += text->text;
  const std::string whole = whole_answer(request.prompt, request.parts);
  if (!whole.starts_with(request.text))
    return violation(fmt::format("request {} got '{}' where '{}' was due", request.id, request.text, whole));
  if (!last) return;
  if (request.text != whole)
    return violation(fmt::format("request {} ended with '{}', '{}' is missing", request.id, request.text,
                                 whole.substr(request.text.size())));
  end(request, std::nullopt);
}

void Ledger::error(size_t index, const Error& error) {
  ClientRequest& request = requests_[index];
  if (request.gateway_died) return;
  if (request.ended) return violation(fmt::format("request {} failed after its end: {}", request.id, error.message));
  if (!may_end_in(error.code)) return violation(fmt::format("request {} failed with {}", request.id, to_string(error)));
  end(request, error.code);
}

void Ledger::withdraw(size_t request) {
  requests_[request].withdrawn = true;
  ++counts_.withdrawn;
  log.debug("withdrawn", observe::kv("request", requests_[request].id));
}

void Ledger::gateway_died(Owner gateway) {
  for (ClientRequest& request : requests_) {
    if (request.gateway != gateway || request.ended || request.gateway_died) continue;
    request.gateway_died = true;
    ++counts_.cut_off;
  }
}

void Ledger::executes(const std::string& request, ReplicaId replica) {
  ++counts_.executions;
  log.debug("runs", observe::kv("request", request), observe::kv("replica", replica));
}

size_t Ledger::open_requests() const {
  return static_cast<size_t>(std::count_if(requests_.begin(), requests_.end(), [](const ClientRequest& request) {
    return !request.ended && !request.gateway_died && !request.withdrawn;
  }));
}

void Ledger::expect_all_ended() {
  for (const ClientRequest& request : requests_)
    if (!request.ended && !request.gateway_died && !request.withdrawn)
      violation(fmt::format("request {} got neither an answer nor an error", request.id));
}

void Ledger::changed(const std::string& name, const Wish& wish, Outcome outcome) {
  Deployment& deployment = deployments_[name];
  if (outcome == Outcome::acknowledged) {
    ++counts_.writes;
    deployment = {wish, {}};
  } else if (outcome == Outcome::unknown) {
    deployment.possible.push_back(wish);
  }
}

void Ledger::disk_lost() {
  deployments_.clear();
}

void Ledger::check_stored(const storage::RangeResult& deployments) {
  std::map<std::string, Wish> stored;
  for (const storage::StateEntry& entry : deployments.entries) {
    const auto record = cluster::decode_deployment(entry.key, entry.value);
    if (!record) return violation("a stored deployment does not decode: " + record.error().message);
    stored[record->name] =
        DeploymentWish{record->name, record->model, record->version, record->replicas, record->batching.size_max};
  }
  for (const auto& [name, deployment] : deployments_) {
    const auto found = stored.find(name);
    const Wish wish = found == stored.end() ? std::nullopt : found->second;
    const auto& possible = deployment.possible;
    if (wish == deployment.acknowledged || std::find(possible.begin(), possible.end(), wish) != possible.end())
      continue;
    violation(fmt::format("deployment {}: {} was acknowledged, {} is stored", name, describe(deployment.acknowledged),
                          describe(wish)));
  }
}

void Ledger::leads(Incarnation life, Epoch epoch) {
  const auto [leader, is_new] = leaders_.emplace(epoch, life);
  if (!is_new && leader->second != life) violation(fmt::format("two heads act in epoch {}", epoch.value));
}

void ClientSink::on_part(std::shared_ptr<const protocol::ResultPart> part, bool last) {
  if (more_ && !last) {
    if (*unread_ >= *window_)
      ledger_.violation(fmt::format("{}: a part came although {} bytes of its stream were unread, of {}",
                                    ledger_.request(request_).id, *unread_, *window_));
    const uint64_t cost = protocol::stream_cost(*part);
    *unread_ += cost;
    schedule_.after(gateway_, reading_, [more = more_, unread = unread_, cost] {
      *unread -= cost;
      more(cost);
    });
  }
  ledger_.part(request_, *part, last);
}

}  // namespace troupe::sim
