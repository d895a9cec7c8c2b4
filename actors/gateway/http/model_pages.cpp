#include "actors/gateway/http/model_pages.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "actors/gateway/http/error_answer.hpp"
#include "actors/gateway/http/json_reader.hpp"
#include "actors/gateway/inference_rules.hpp"
#include "actors/gateway/key_ring.hpp"
#include "actors/gateway/router.hpp"
#include "runtime/base/nearest.hpp"
#include "runtime/observe/text.hpp"

namespace troupe::gateway {
namespace {

constexpr size_t name_bytes_max = 512;
constexpr std::string_view extensions =
    R"("binary_tensor_data","generate","model_configuration","parameters","model_repository","statistics")";

std::string json_string(std::string_view text) {
  std::string out;
  observe::append_json_string(out, text, name_bytes_max);
  return out;
}

std::string openai_entry(const protocol::RoutedModel& model, std::string_view id, std::string_view version) {
  const protocol::ModelInterface* const known = interface_of(model, version);
  const std::string length = known == nullptr || known->context_length == 0
                                 ? ""
                                 : fmt::format(R"(,"max_model_len":{})", known->context_length);
  return fmt::format(R"({{"id":{},"object":"model","created":{},"owned_by":"troupe"{}}})", json_string(id),
                     model.created_unix_s, length);
}

/// What Infer takes and gives; of a model that generates text only, what the generate extension does.
struct Signature {
  std::vector<protocol::TensorSpec> inputs;
  std::vector<protocol::TensorSpec> outputs;
};

Signature signature_of(const protocol::RoutedModel& model, std::string_view version) {
  const protocol::ModelInterface* const known = interface_of(model, version);
  if (known == nullptr) return {};
  const auto has = [&](protocol::ModelTask task) {
    return std::ranges::find(known->tasks, task) != known->tasks.end();
  };
  if (has(protocol::ModelTask::generate) && !has(protocol::ModelTask::infer)) {
    return {{{"text_input", DType::bytes, {1}}}, {{"text_output", DType::bytes, {1}}}};
  }
  return {known->inputs, known->outputs};
}

template <class Format>
std::string list_of(const std::vector<protocol::TensorSpec>& specs, Format format) {
  std::string list;
  for (const protocol::TensorSpec& spec : specs) {
    if (!list.empty()) list += ',';
    list += format(spec);
  }
  return list;
}

std::string metadata_entry(const protocol::TensorSpec& spec) {
  return fmt::format(R"({{"name":{},"datatype":"{}","shape":[{}]}})", json_string(spec.name), to_string(spec.dtype),
                     fmt::join(spec.shape, ","));
}

std::string config_entry(const protocol::TensorSpec& spec) {
  const std::string_view type = spec.dtype == DType::bytes ? "STRING" : to_string(spec.dtype);
  return fmt::format(R"({{"name":{},"data_type":"TYPE_{}","dims":[{}]{}}})", json_string(spec.name), type,
                     fmt::join(spec.shape, ","), spec.is_optional ? R"(,"optional":true)" : "");
}

/// TensorFlow's names of types.
std::string_view tf_type(DType dtype) {
  switch (dtype) {
    case DType::boolean:
      return "DT_BOOL";
    case DType::u8:
      return "DT_UINT8";
    case DType::u16:
      return "DT_UINT16";
    case DType::u32:
      return "DT_UINT32";
    case DType::u64:
      return "DT_UINT64";
    case DType::i8:
      return "DT_INT8";
    case DType::i16:
      return "DT_INT16";
    case DType::i32:
      return "DT_INT32";
    case DType::i64:
      return "DT_INT64";
    case DType::f16:
      return "DT_HALF";
    case DType::bf16:
      return "DT_BFLOAT16";
    case DType::f32:
      return "DT_FLOAT";
    case DType::f64:
      return "DT_DOUBLE";
    case DType::bytes:
      return "DT_STRING";
  }
  return "DT_INVALID";
}

std::string tf_entry(const protocol::TensorSpec& spec) {
  std::string extents;
  for (const int64_t extent : spec.shape) {
    extents += fmt::format(R"({}{{"size":"{}","name":""}})", extents.empty() ? "" : ",", extent);
  }
  const std::string name = json_string(spec.name);
  return fmt::format(R"({}:{{"dtype":"{}","tensor_shape":{{"dim":[{}],"unknown_rank":false}},"name":{}}})", name,
                     tf_type(spec.dtype), extents, name);
}

struct Found {
  const protocol::RoutedModel* model;
  std::string_view version;  ///< Empty = any.
};

/// The model if it is known and has `wanted`, a version or a label (any, where that is empty).
Result<Found> find(const RoutingTable* table, std::string_view name, std::string_view wanted) {
  const auto* model = table == nullptr ? nullptr : table->find(name);
  if (model == nullptr) {
    const auto names = table == nullptr ? std::vector<std::string>{} : table->model_names();
    const std::string_view shown = name.substr(0, name_bytes_max);
    return fail(
        Error{Errc::not_found, fmt::format("there is no model {}{}", shown, did_you_mean(shown, names)), "model", {}});
  }
  const std::string_view version = version_meant(*model, wanted);
  const auto versions = versions_of(*model);
  if (!version.empty() && std::ranges::find(versions, version) == versions.end()) {
    return fail(Error{Errc::not_found, fmt::format("model {} has no version {}", name, wanted), "model", {}});
  }
  return Found{model, version};
}

std::string_view backend(const protocol::RoutedModel& model) {
  const auto all_are = [&](protocol::BackendKind kind) {
    return std::ranges::all_of(model.routes, [=](const protocol::Route& route) { return route.backend == kind; });
  };
  if (all_are(protocol::BackendKind::echo)) return "echo";
  return all_are(protocol::BackendKind::python) ? "python" : "native";
}

std::string version_list(const protocol::RoutedModel& model, std::string_view only) {
  std::string list;
  for (const std::string& known : versions_of(model)) {
    if (!only.empty() && known != only) continue;
    if (!list.empty()) list += ',';
    list += json_string(known);
  }
  return list;
}

bool is_loading(const protocol::RoutedModel& model, std::string_view version) {
  return std::ranges::any_of(
      model.routes, [&](const protocol::Route& route) { return route.version == version && route.coming > 0; });
}

/// Nobody has asked for it, so nothing comes.
bool is_unloaded(const protocol::RoutedModel& model, std::string_view version) {
  return std::ranges::any_of(model.routes,
                             [&](const protocol::Route& route) { return route.version == version && route.unloaded; });
}

/// In TensorFlow Serving's words: "model_version_status":[…], of one version or of all.
std::string version_states(const protocol::RoutedModel& model, std::string_view only) {
  std::string states;
  for (const std::string& version : versions_of(model)) {
    if (!only.empty() && version != only) continue;
    const bool ready = has_replica(model, version);
    if (!states.empty()) states += ',';
    states += fmt::format(R"({{"version":{},"state":"{}","status":{{"error_code":"{}","error_message":"{}"}}}})",
                          json_string(version),
                          ready                        ? "AVAILABLE"
                          : is_loading(model, version) ? "LOADING"
                                                       : "START",
                          ready ? "OK" : "UNAVAILABLE", ready ? "" : "no replica is ready");
  }
  return fmt::format(R"("model_version_status":[{}])", states);
}

std::string statistics_entry(const VersionStatistics& statistics) {
  const auto part = [](uint64_t count, Duration time) {
    return fmt::format(R"({{"count":{},"ns":{}}})", count, time.count());
  };
  return fmt::format(R"({{"name":{},"version":{},"inference_count":{},"inference_stats":{{"success":{},"fail":{}}}}})",
                     json_string(statistics.model), json_string(statistics.version), statistics.succeeded,
                     part(statistics.succeeded, statistics.success_time),
                     part(statistics.failed, statistics.failure_time));
}

Page open_inference_failure(const Error& error) {
  return {http_status(error), open_inference_error_body(error)};
}

}  // namespace

Page openai_model_list(const RoutingTable* table, const std::vector<std::string>& allowed) {
  std::string entries;
  const auto add = [&entries](const protocol::RoutedModel& model, std::string_view id, std::string_view version) {
    if (!entries.empty()) entries += ',';
    entries += openai_entry(model, id, version);
  };
  if (table != nullptr) {
    for (const protocol::RoutedModel& model : table->snapshot().models) {
      if (!may_use(allowed, model.name)) continue;
      add(model, model.name, {});
      for (const std::string& version : versions_of(model)) add(model, model.name + '@' + version, version);
    }
  }
  return {200, fmt::format(R"({{"object":"list","data":[{}]}})", entries)};
}

Page openai_model(const RoutingTable* table, std::string_view id) {
  const auto name = parse_model_name(id);
  if (!name) return {http_status(name.error()), openai_error_body(name.error())};
  const auto found = find(table, name->model, name->version);
  if (!found) return {http_status(found.error()), openai_error_body(found.error())};
  std::string entry = openai_entry(*found->model, id, found->version);
  entry.back() = ',';
  return {200, entry + version_states(*found->model, found->version) + '}'};
}

Page tf_version(const RoutingTable* table, std::string_view name, std::string_view version) {
  const auto found = find(table, name, version);
  if (!found) return {http_status(found.error()), openai_error_body(found.error())};
  return {200, fmt::format("{{{}}}", version_states(*found->model, found->version))};
}

Page tf_metadata(const RoutingTable* table, std::string_view name, std::string_view version) {
  const auto found = find(table, name, version);
  if (!found) return {http_status(found.error()), openai_error_body(found.error())};
  const auto versions = versions_of(*found->model);
  const std::string_view shown =
      !found->version.empty() || versions.empty() ? found->version : std::string_view(versions.back());
  const Signature signature = signature_of(*found->model, shown);
  return {200, fmt::format(R"({{"model_spec":{{"name":{},"signature_name":"","version":{}}},)"
                           R"("metadata":{{"signature_def":{{"signature_def":{{"serving_default":)"
                           R"({{"inputs":{{{}}},"outputs":{{{}}},"method_name":"tensorflow/serving/predict"}}}}}}}}}})",
                           json_string(name), json_string(shown), list_of(signature.inputs, tf_entry),
                           list_of(signature.outputs, tf_entry))};
}

Page open_inference_server(std::string_view software) {
  return {200, fmt::format(R"({{"name":"troupe","version":{},"extensions":[{}]}})", json_string(software), extensions)};
}

Page open_inference_model(const RoutingTable* table, std::string_view name, std::string_view version) {
  const auto found = find(table, name, version);
  if (!found) return open_inference_failure(found.error());
  const Signature signature = signature_of(*found->model, found->version);
  return {200, fmt::format(R"({{"name":{},"versions":[{}],"platform":"troupe_{}","inputs":[{}],"outputs":[{}]}})",
                           json_string(name), version_list(*found->model, {}), backend(*found->model),
                           list_of(signature.inputs, metadata_entry), list_of(signature.outputs, metadata_entry))};
}

Page open_inference_model_config(const RoutingTable* table, std::string_view name, std::string_view version) {
  const auto found = find(table, name, version);
  if (!found) return open_inference_failure(found.error());
  const Signature signature = signature_of(*found->model, found->version);
  return {200, fmt::format(R"({{"name":{},"platform":"troupe_{}","backend":"{}",)"
                           R"("version_policy":{{"specific":{{"versions":[{}]}}}},)"
                           R"("max_batch_size":0,"input":[{}],"output":[{}]}})",
                           json_string(name), backend(*found->model), backend(*found->model),
                           version_list(*found->model, found->version), list_of(signature.inputs, config_entry),
                           list_of(signature.outputs, config_entry))};
}

Page repository_index_page(const RoutingTable* table, const std::vector<std::string>& allowed, bool ready_only) {
  std::string entries;
  if (table == nullptr) return {200, "[]"};
  for (const protocol::RoutedModel& model : table->snapshot().models) {
    if (!may_use(allowed, model.name)) continue;
    for (const std::string& version : versions_of(model)) {
      const bool ready = has_replica(model, version);
      if (ready_only && !ready) continue;
      if (!entries.empty()) entries += ',';
      entries += fmt::format(R"({{"name":{},"version":{},"state":"{}","reason":"{}"}})", json_string(model.name),
                             json_string(version), ready ? "READY" : "UNAVAILABLE",
                             ready                         ? ""
                             : is_loading(model, version)  ? "its replicas are loading"
                             : is_unloaded(model, version) ? "unloaded"
                                                           : "no replica is ready");
    }
  }
  return {200, fmt::format("[{}]", entries)};
}

Result<bool> parse_repository_index_request(std::string_view body, JsonParser& parser) {
  if (body.empty()) return false;
  TROUPE_TRY(const json::Object object, json::parse_object(parser, body));
  bool ready = false;
  TROUPE_CHECK(json::for_each_field(object, "", [&](std::string_view key, json::Element value) -> Status {
    if (key != "ready") return json::unknown_key(key, "", {"ready"});
    TROUPE_TRY(ready, json::as_bool(value, "ready"));
    return {};
  }));
  return ready;
}

Status check_load_request(std::string_view body, bool load, JsonParser& parser) {
  if (body.empty()) return {};
  TROUPE_TRY(const json::Object object, json::parse_object(parser, body));
  return json::for_each_field(object, "", [&](std::string_view key, json::Element value) -> Status {
    if (key != "parameters") return json::unknown_key(key, "", {"parameters"});
    TROUPE_TRY(const json::Object parameters, json::as_object(value, "parameters"));
    return json::for_each_field(parameters, "parameters", [&](std::string_view name, json::Element given) -> Status {
      const std::string field = fmt::format("parameters.{}", name);
      ParameterValue parameter = false;
      if (name == "unload_dependents") {
        TROUPE_TRY(parameter, json::as_bool(given, field));
      }
      return check_load_parameter(name, parameter, load, field);
    });
  });
}

Page statistics_page(const RoutingTable* table, const std::vector<VersionStatistics>& statistics,
                     const std::vector<std::string>& allowed, std::string_view model, std::string_view version) {
  if (!model.empty()) {
    const auto found = find(may_use(allowed, model) ? table : nullptr, model, version);
    if (!found) return open_inference_failure(found.error());
    version = found->version;
  }
  std::string entries;
  if (table == nullptr) return {200, R"({"model_stats":[]})"};
  for (const protocol::RoutedModel& known : table->snapshot().models) {
    if (!may_use(allowed, known.name) || (!model.empty() && known.name != model)) continue;
    for (const std::string& one : versions_of(known)) {
      if (!version.empty() && one != version) continue;
      const auto counted = std::ranges::find_if(statistics, [&](const VersionStatistics& candidate) {
        return candidate.model == known.name && candidate.version == one;
      });
      if (!entries.empty()) entries += ',';
      entries += statistics_entry(counted == statistics.end() ? VersionStatistics{known.name, one} : *counted);
    }
  }
  return {200, fmt::format(R"({{"model_stats":[{}]}})", entries)};
}

Page open_inference_model_ready(const RoutingTable* table, std::string_view name, std::string_view version) {
  const auto found = find(table, name, version);
  if (!found) return open_inference_failure(found.error());
  const bool ready = has_replica(*found->model, found->version);
  return {ready ? 200 : 503, fmt::format(R"({{"name":{},"ready":{}}})", json_string(name), ready)};
}

Page readiness(const RoutingBoard& board, bool knows_keys) {
  if (board.is_ready() && knows_keys)
    return {200, board.is_stable_only() ? R"({"status":"ready","weights":"stable_only"})" : R"({"status":"ready"})"};
  return {503, board.is_draining() ? R"({"status":"draining"})" : R"({"status":"starting"})"};
}

}  // namespace troupe::gateway
