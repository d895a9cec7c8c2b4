#pragma once
// Which version of a model answers a request. Pure.

#include <string_view>

#include "actors/gateway/routing_table.hpp"
#include "runtime/base/result.hpp"

namespace troupe::gateway {

/// A name as clients write it: "clerk" or "clerk@2".
struct ModelName {
  std::string_view model;
  std::string_view version;  ///< Or a label; empty = the routes decide.
};

/// invalid_argument where a part is empty or there is more than one '@'. The views are into `text`.
Result<ModelName> parse_model_name(std::string_view text);

/// Picks the route for a request.
///
/// A pinned `version`, or a label that points to one, takes that version's route, whatever its weight. Otherwise
/// weights decide, always the same way for the same `unit`; a route of weight 0 takes only pinned traffic. Where the
/// route so picked has no ready replica, the pick is made again among the weighted routes that have one, so that a
/// version that is just starting fails nobody; where none has, among those with a replica that loads: the balancer
/// holds requests for it.
///
/// not_found (field "model") for an unknown model or version; unavailable, with retry_after, where no replica that may
/// take the request is ready or loads. The result points into `table`.
///
/// `weights_hold` false: the head has not been heard for so long that only the model's stable version may be sent what
/// is not pinned, where it has one.
Result<const protocol::Route*> choose_route(const RoutingTable& table, std::string_view model, std::string_view version,
                                            std::string_view unit, bool weights_hold = true);

}  // namespace troupe::gateway
