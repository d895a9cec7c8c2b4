#include "actors/gateway/http/model_pages.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "actors/gateway/http/error_answer.hpp"
#include "actors/gateway/key_ring.hpp"
#include "actors/gateway/router.hpp"
#include "runtime/base/nearest.hpp"
#include "runtime/observe/text.hpp"

namespace troupe::gateway {
namespace {

constexpr size_t name_bytes_max = 512;

std::string quoted(std::string_view text) {
  std::string out;
  observe::append_json_string(out, text, name_bytes_max);
  return out;
}

std::string openai_entry(std::string_view id, int64_t created_unix_s) {
  return fmt::format(R"({{"id":{},"object":"model","created":{},"owned_by":"troupe"}})", quoted(id), created_unix_s);
}

/// The model if it is known and has `version` (any, where that is empty).
Result<const protocol::RoutedModel*> find(const RoutingTable* table, std::string_view name, std::string_view version) {
  const auto* model = table == nullptr ? nullptr : table->find(name);
  if (model == nullptr) {
    const auto names = table == nullptr ? std::vector<std::string>{} : table->model_names();
    const std::string_view shown = name.substr(0, name_bytes_max);
    return fail(
        Error{Errc::not_found, fmt::format("there is no model {}{}", shown, did_you_mean(shown, names)), "model", {}});
  }
  const auto versions = versions_of(*model);
  if (!version.empty() && std::ranges::find(versions, version) == versions.end()) {
    return fail(Error{Errc::not_found, fmt::format("model {} has no version {}", name, version), "model", {}});
  }
  return model;
}

std::string_view platform(const protocol::RoutedModel& model) {
  const auto all_are = [&](protocol::BackendKind kind) {
    return std::ranges::all_of(model.routes, [=](const protocol::Route& route) { return route.backend == kind; });
  };
  if (all_are(protocol::BackendKind::echo)) return "troupe_echo";
  return all_are(protocol::BackendKind::python) ? "troupe_python" : "troupe_native";
}

Page open_inference_failure(const Error& error) {
  return {http_status(error), open_inference_error_body(error)};
}

}  // namespace

Page openai_model_list(const RoutingTable* table, const std::vector<std::string>& allowed) {
  std::string entries;
  const auto add = [&entries](std::string_view id, int64_t created) {
    if (!entries.empty()) entries += ',';
    entries += openai_entry(id, created);
  };
  if (table != nullptr) {
    for (const protocol::RoutedModel& model : table->snapshot().models) {
      if (!may_use(allowed, model.name)) continue;
      add(model.name, model.created_unix_s);
      for (const std::string& version : versions_of(model)) add(model.name + '@' + version, model.created_unix_s);
    }
  }
  return {200, fmt::format(R"({{"object":"list","data":[{}]}})", entries)};
}

Page openai_model(const RoutingTable* table, std::string_view id) {
  const auto name = parse_model_name(id);
  if (!name) return {http_status(name.error()), openai_error_body(name.error())};
  const auto model = find(table, name->model, name->version);
  if (!model) return {http_status(model.error()), openai_error_body(model.error())};
  return {200, openai_entry(id, (*model)->created_unix_s)};
}

Page open_inference_server(std::string_view software) {
  return {200, fmt::format(R"({{"name":"troupe","version":{},"extensions":[]}})", quoted(software))};
}

Page open_inference_model(const RoutingTable* table, std::string_view name, std::string_view version) {
  const auto model = find(table, name, version);
  if (!model) return open_inference_failure(model.error());
  std::string versions;
  for (const std::string& known : versions_of(**model)) {
    if (!versions.empty()) versions += ',';
    versions += quoted(known);
  }
  return {200, fmt::format(R"({{"name":{},"versions":[{}],"platform":"{}","inputs":[],"outputs":[]}})", quoted(name),
                           versions, platform(**model))};
}

Page open_inference_model_ready(const RoutingTable* table, std::string_view name, std::string_view version) {
  const auto model = find(table, name, version);
  if (!model) return open_inference_failure(model.error());
  const bool ready = has_replica(**model, version);
  return {ready ? 200 : 503, fmt::format(R"({{"name":{},"ready":{}}})", quoted(name), ready)};
}

Page readiness(const RoutingBoard& board, bool knows_keys) {
  if (board.is_ready() && knows_keys)
    return {200, board.is_stable_only() ? R"({"status":"ready","weights":"stable_only"})" : R"({"status":"ready"})"};
  return {503, board.is_draining() ? R"({"status":"draining"})" : R"({"status":"starting"})"};
}

}  // namespace troupe::gateway
