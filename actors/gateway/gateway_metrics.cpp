#include "actors/gateway/gateway_metrics.hpp"

namespace troupe::gateway {
namespace {

constexpr std::string_view requests_name = "troupe_requests_total";
constexpr std::string_view requests_help = "Requests that ended, by result: ok or the error's code.";

std::string_view code_name(std::optional<Errc> failure) {
  return failure ? to_string(*failure) : "ok";
}

observe::Counter& tokens(observe::Metrics& metrics, const std::string& model, const std::string& version,
                         std::string kind) {
  return metrics.counter("troupe_tokens_total", "Tokens of answered requests; cached ones were not generated again.",
                         {{"model", model}, {"version", version}, {"kind", std::move(kind)}});
}

std::string_view reason(Errc code, bool draining) {
  if (draining) return "drain";
  switch (code) {
    case Errc::overloaded:
      return "queue_full";
    case Errc::deadline_exceeded:
      return "deadline";
    case Errc::unavailable:
    case Errc::lost:
      return "no_replica";
    case Errc::not_found:
      return "not_found";
    default:
      return "other";
  }
}

}  // namespace

VersionMetrics::VersionMetrics(observe::Metrics& metrics, std::string model, std::string version)
    : metrics_(metrics),
      model_(std::move(model)),
      version_(std::move(version)),
      running_(metrics.gauge("troupe_requests_running", "Requests inside this gateway.",
                             {{"model", model_}, {"version", version_}})),
      duration_(metrics.histogram("troupe_request_duration_seconds", "From admission to the end of the answer.",
                                  {{"model", model_}, {"version", version_}})),
      first_token_(metrics.histogram("troupe_time_to_first_token_seconds",
                                     "From admission to the first piece of the answer.",
                                     {{"model", model_}, {"version", version_}})),
      prompt_tokens_(tokens(metrics, model_, version_, "prompt")),
      generated_tokens_(tokens(metrics, model_, version_, "generated")),
      cached_tokens_(tokens(metrics, model_, version_, "cached")) {}

void VersionMetrics::used(const protocol::Usage& usage, bool cached) {
  if (cached) {
    cached_tokens_.add(usage.prompt_tokens + usage.completion_tokens);
    return;
  }
  prompt_tokens_.add(usage.prompt_tokens);
  generated_tokens_.add(usage.completion_tokens);
}

void VersionMetrics::ended(Duration duration, std::optional<Errc> failure) {
  running_.add(-1);
  duration_.observe(duration);
  Ended& ended = failure ? failed_ : succeeded_;
  ended.count.fetch_add(1, std::memory_order_relaxed);
  ended.nanoseconds.fetch_add(duration.count(), std::memory_order_relaxed);
  requests(failure).add();
}

VersionStatistics VersionMetrics::statistics() const {
  const auto time = [](const Ended& ended) { return Duration(ended.nanoseconds.load(std::memory_order_relaxed)); };
  return {model_,
          version_,
          succeeded_.count.load(std::memory_order_relaxed),
          failed_.count.load(std::memory_order_relaxed),
          time(succeeded_),
          time(failed_)};
}

observe::Counter& VersionMetrics::requests(std::optional<Errc> failure) {
  auto& slot = requests_[failure ? static_cast<size_t>(*failure) % requests_.size() : 0];
  observe::Counter* counter = slot.load(std::memory_order_acquire);
  if (counter == nullptr) {
    counter = &metrics_.counter(requests_name, requests_help,
                                {{"model", model_}, {"version", version_}, {"code", std::string(code_name(failure))}});
    slot.store(counter, std::memory_order_release);
  }
  return *counter;
}

std::shared_ptr<VersionMetrics> GatewayMetrics::of(const std::string& model, const std::string& version) {
  const std::lock_guard lock(mutex_);
  auto& found = versions_[model + '@' + version];
  if (!found) found = std::make_shared<VersionMetrics>(metrics_, model, version);
  return found;
}

std::vector<VersionStatistics> GatewayMetrics::statistics() const {
  const std::lock_guard lock(mutex_);
  std::vector<VersionStatistics> all;
  for (const auto& [name, version] : versions_) all.push_back(version->statistics());
  return all;
}

void GatewayMetrics::rejected(const std::string& model, Errc code, bool draining) {
  metrics_
      .counter(requests_name, requests_help,
               {{"model", model}, {"version", ""}, {"code", std::string(to_string(code))}})
      .add();
  metrics_
      .counter("troupe_requests_rejected_total", "Requests refused at the door.",
               {{"reason", std::string(reason(code, draining))}})
      .add();
}

void GatewayMetrics::stable_only(bool stable_only) {
  metrics_
      .gauge("troupe_gateway_stable_only",
             "1 while the head has been silent for longer than the lease of weights, so that only stable versions get "
             "what is not pinned.",
             {})
      .set(stable_only ? 1 : 0);
}

}  // namespace troupe::gateway
