#pragma once
// Which experiment has a say in a request, and what it says. Pure.

#include <optional>
#include <string_view>

#include "actors/gateway/routing_table.hpp"
#include "runtime/protocol/serving.hpp"

namespace troupe::gateway {

/// What a request has under a feature's name: those that came with it, its key, and "parameters.NAME": of generated
/// text temperature, top_p, top_k, max_tokens, n, stream and seed; of tensors the request's own. The text is in
/// `request`.
experiment::FeatureValue feature_of(const protocol::ServeRequest& request, std::string_view name);

/// An experiment's word on a request.
struct ExperimentChoice {
  const protocol::RoutedExperiment* experiment = nullptr;
  uint32_t arm = 0;
  uint32_t revision = 0;
  uint32_t segment = 0;
  std::string_view unit;
  bool is_counted = true;  ///< Not, where the variant was given for testing.

  const std::string& version() const { return experiment->variants[arm].version; }
};

/// None where no running experiment is about such requests. Requests that name a version, or a label, are about none.
/// The result points into `table` and `request`.
std::optional<ExperimentChoice> choose_variant(const RoutingTable& table, const protocol::ServeRequest& request,
                                               WallTime now);

}  // namespace troupe::gateway
