#include "actors/gateway/call_fields.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "actors/gateway/keyed_sink.hpp"
#include "runtime/observe/request_id.hpp"
#include "runtime/observe/trace_context.hpp"

namespace troupe::gateway {
namespace {

constexpr size_t unit_bytes_max = 256;
constexpr int64_t timeout_ms_most = 24LL * 3600 * 1000;

constexpr std::array named_features{std::pair{"x-user-group", "group"}, std::pair{"x-region", "region"}};

Status read_unit(const http::Headers& fields, std::string_view name, std::string& unit) {
  const auto field = fields.find(name);
  if (!field) return {};
  if (field->empty() || field->size() > unit_bytes_max)
    return fail_field(std::string(name), "{} must have 1 to {} bytes, found {}", name, unit_bytes_max, field->size());
  unit = *field;
  return {};
}

/// What is longer than a unit may be is cut: no condition can have it.
void read_features(const FrontEnd& front_end, const http::Headers& fields, CallFields& call) {
  const auto table = front_end.routing->table();
  if (!table) return;
  const auto keep = [&](std::string_view field, std::string feature) {
    if (const auto value = fields.find(field)) call.features[std::move(feature)] = value->substr(0, unit_bytes_max);
  };
  for (const std::string& name : table->wanted_headers()) keep(name, "header." + name);
  if (!table->has_experiments()) return;
  for (const auto& [field, feature] : named_features) keep(field, feature);
}

Status read_timeout(const http::Headers& fields, Time now, CallFields& call) {
  const auto timeout = fields.find("x-request-timeout-ms");
  if (!timeout) return {};
  int64_t ms = 0;
  const auto [end, error] = std::from_chars(timeout->data(), timeout->data() + timeout->size(), ms);
  if (error != std::errc{} || end != timeout->data() + timeout->size() || ms < 1 || ms > timeout_ms_most) {
    return fail_field("x-request-timeout-ms",
                      "x-request-timeout-ms must be a number of milliseconds from 1 to {}, found \"{}\"",
                      timeout_ms_most, timeout->substr(0, 40));
  }
  call.deadline = now + std::chrono::milliseconds(ms);
  return {};
}

}  // namespace

CallIdentity identify(const http::Headers& fields, Random& random) {
  CallIdentity identity;
  const auto field = fields.find("traceparent");
  const auto parent = field ? observe::parse_traceparent(*field) : std::nullopt;
  if (parent) {
    const observe::TraceContext span = observe::make_child(*parent, random);
    identity.traceresponse = observe::format_traceparent(span);
    // The id goes wherever the request does, into logs too: there it is found by its trace.
    identity.request_id = fmt::format("{}-{}", span.trace_id, span.span_id);
  }
  const auto id = fields.find("x-request-id");
  if (id && observe::check_request_id(*id)) identity.request_id = *id;
  if (identity.request_id.empty()) identity.request_id = observe::make_request_id(random);
  return identity;
}

std::optional<std::string_view> key_of(const http::Headers& fields) {
  if (const auto key = fields.find("x-api-key")) return key;
  const auto authorization = fields.find("authorization");
  constexpr std::string_view scheme = "bearer ";
  if (!authorization || authorization->size() <= scheme.size()) return std::nullopt;
  const auto same = [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a + 32 : a) == b; };
  if (!std::ranges::equal(authorization->substr(0, scheme.size()), scheme, same)) return std::nullopt;
  return authorization->substr(scheme.size());
}

Result<std::vector<std::string>> models_of(const FrontEnd& front_end, const http::Headers& fields) {
  if (!front_end.keys) return std::vector<std::string>{};
  return front_end.keys->models_of(key_of(fields), front_end.clock->wall());
}

Status read_call_fields(const FrontEnd& front_end, const http::Headers& fields, CallFields& call) {
  call.key = key_of(fields);
  if (const auto key = fields.find(idempotency_field)) {
    TROUPE_CHECK(check_idempotency_key(*key));
    call.idempotency_key = *key;
  }
  TROUPE_CHECK(models_of(front_end, fields));
  TROUPE_CHECK(read_unit(fields, "x-unit-id", call.unit));
  TROUPE_CHECK(read_unit(fields, "x-session-id", call.session));
  read_features(front_end, fields, call);
  return read_timeout(fields, front_end.clock->now(), call);
}

http::HeaderList quota_fields(const FrontEnd& front_end, const std::optional<std::string>& key) {
  if (!front_end.keys) return {};
  const auto quota = front_end.keys->quota_of(key, front_end.clock->now());
  if (!quota) return {};
  return {{"x-ratelimit-limit-requests", std::to_string(quota->limit)},
          {"x-ratelimit-remaining-requests", std::to_string(quota->remaining)},
          {"x-ratelimit-reset-requests", fmt::format("{}ms", quota->reset.count())}};
}

void change_load(const FrontEnd& front_end, const http::Headers& fields, protocol::ChangeLoad wish,
                 std::function<void(Status)> done) {
  constexpr Duration patience = std::chrono::minutes{5};
  if (!front_end.ask_to_load || !front_end.keys)
    return done(fail(Errc::unimplemented, "models are not loaded by request at this gateway"));
  auto key = front_end.keys->may_load(key_of(fields), wish.model, front_end.clock->wall());
  if (!key) return done(fail(key.error()));
  wish.key = std::move(*key);
  front_end.ask_to_load(std::move(wish), front_end.clock->now() + patience, std::move(done));
}

Result<balancer::DispatchId> submit(const FrontEnd& front_end, CallFields call, std::string request_id,
                                    protocol::ServeRequest serve, std::shared_ptr<balancer::ResponseSink> sink) {
  if (front_end.keys) {
    TROUPE_TRY(KeyPass pass,
               front_end.keys->admit(call.key, serve.model, front_end.clock->now(), front_end.clock->wall()));
    sink = hold_pass(std::move(sink), std::move(pass));
  }
  serve.request_id = std::move(request_id);
  if (!call.unit.empty()) serve.unit = std::move(call.unit);
  serve.session = std::move(call.session);
  serve.features = std::move(call.features);
  if (const auto table = front_end.routing->table(); table && table->wants_keys() && front_end.keys)
    serve.key = front_end.keys->id_of(call.key);
  const balancer::DispatchId id = front_end.ids->next();
  std::shared_ptr<const RequestKey> key;
  if (!call.idempotency_key.empty()) {
    std::string scope = front_end.keys ? front_end.keys->id_of(call.key) : std::string();
    key = std::make_shared<const RequestKey>(std::move(scope), std::move(call.idempotency_key), fingerprint_of(serve));
  }
  TROUPE_CHECK(front_end.door.submit({id, std::make_shared<const protocol::ServeRequest>(std::move(serve)),
                                      call.deadline, std::move(sink), std::move(key)}));
  return id;
}

}  // namespace troupe::gateway
