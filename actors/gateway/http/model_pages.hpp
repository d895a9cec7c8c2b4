#pragma once
// What GET answers about models and the gateway itself: lists, metadata, readiness. Pure.

#include <string>
#include <string_view>
#include <vector>

#include "actors/gateway/gateway_metrics.hpp"
#include "actors/gateway/http/json.hpp"
#include "actors/gateway/routing_table.hpp"

namespace troupe::gateway {

struct Page {
  int status = 200;
  std::string body;  ///< JSON.
};

/// OpenAI's list: every model ("clerk") and every version of it ("clerk@2"), of the `allowed` ones; all where that is
/// empty. `table` may be nullptr.
Page openai_model_list(const RoutingTable* table, const std::vector<std::string>& allowed = {});
/// One of them, with the states of its versions as TensorFlow Serving has them beside OpenAI's fields.
Page openai_model(const RoutingTable* table, std::string_view id);

/// TensorFlow Serving's page of one version, and what it says of inputs and outputs (none: they are not declared).
Page tf_version(const RoutingTable* table, std::string_view model, std::string_view version);
Page tf_metadata(const RoutingTable* table, std::string_view model, std::string_view version);

/// The Open Inference Protocol's pages; `version`, here and below, may be a label; empty = any.
Page open_inference_server(std::string_view software);
Page open_inference_model(const RoutingTable* table, std::string_view model, std::string_view version);
/// 503 while no replica is ready.
Page open_inference_model_ready(const RoutingTable* table, std::string_view model, std::string_view version);

/// What is known of how the model is run: name, platform, back end and versions.
Page open_inference_model_config(const RoutingTable* table, std::string_view model, std::string_view version);

/// Which versions there are and whether they can answer: [{"name","version","state","reason"}].
Page repository_index_page(const RoutingTable* table, const std::vector<std::string>& allowed, bool ready_only);
/// The body of a request for it: {"ready": true} asks for those that can answer; empty = for all.
Result<bool> parse_repository_index_request(std::string_view body, JsonParser& parser);
/// What a request to load or unload may say: nothing but that dependents are not to be unloaded. Names what it refuses.
Status check_load_request(std::string_view body, bool load, JsonParser& parser);

/// What this gateway has counted since it began, in Triton's words: how many requests of each version ended, and how
/// long they took from admission to the end. Of `model` and `version`; empty = any. What it does not know is left out.
Page statistics_page(const RoutingTable* table, const std::vector<VersionStatistics>& statistics,
                     const std::vector<std::string>& allowed, std::string_view model, std::string_view version);

/// 503 before the first snapshot, before the API keys are known, and while draining.
Page readiness(const RoutingBoard& board, bool knows_keys = true);

}  // namespace troupe::gateway
