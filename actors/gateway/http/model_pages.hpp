#pragma once
// What GET answers about models and the gateway itself: lists, metadata, readiness. Pure.

#include <string>
#include <string_view>
#include <vector>

#include "actors/gateway/routing_table.hpp"

namespace troupe::gateway {

struct Page {
  int status = 200;
  std::string body;  ///< JSON.
};

/// OpenAI's list: every model ("clerk") and every version of it ("clerk@2"), of the `allowed` ones; all where that is
/// empty. `table` may be nullptr.
Page openai_model_list(const RoutingTable* table, const std::vector<std::string>& allowed = {});
/// One of them.
Page openai_model(const RoutingTable* table, std::string_view id);

/// The Open Inference Protocol's pages; `version` empty = any.
Page open_inference_server(std::string_view software);
Page open_inference_model(const RoutingTable* table, std::string_view model, std::string_view version);
/// 503 while no replica is ready.
Page open_inference_model_ready(const RoutingTable* table, std::string_view model, std::string_view version);

/// 503 before the first snapshot, before the API keys are known, and while draining.
Page readiness(const RoutingBoard& board, bool knows_keys = true);

}  // namespace troupe::gateway
