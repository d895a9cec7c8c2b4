#include "actors/gateway/experiment_choice.hpp"

namespace troupe::gateway {
namespace {

using experiment::FeatureValue;

constexpr std::string_view parameter_prefix = "parameters.";

FeatureValue parameter_of(const protocol::Generate& generate, std::string_view name) {
  const protocol::Sampling& sampling = generate.sampling;
  if (name == "temperature") return sampling.temperature;
  if (name == "top_p") return sampling.top_p;
  if (name == "top_k") return static_cast<double>(sampling.top_k);
  if (name == "max_tokens") return static_cast<double>(sampling.max_tokens);
  if (name == "n") return static_cast<double>(generate.choices);
  if (name == "stream") return generate.stream ? 1.0 : 0.0;
  if (name == "seed" && sampling.seed) return static_cast<double>(*sampling.seed);
  return {};
}

FeatureValue parameter_of(const protocol::Infer& infer, std::string_view name) {
  const auto found = infer.parameters.find(std::string(name));
  return found == infer.parameters.end() ? FeatureValue{} : std::string_view(found->second);
}

FeatureValue parameter_of(const auto&, std::string_view) {
  return {};
}

}  // namespace

FeatureValue feature_of(const protocol::ServeRequest& request, std::string_view name) {
  if (name == "key") return request.key.empty() ? FeatureValue{} : std::string_view(request.key);
  if (name.starts_with(parameter_prefix)) {
    const std::string_view parameter = name.substr(parameter_prefix.size());
    return std::visit([&](const auto& work) { return parameter_of(work, parameter); }, request.work);
  }
  const auto found = request.features.find(std::string(name));
  return found == request.features.end() ? FeatureValue{} : std::string_view(found->second);
}

std::optional<ExperimentChoice> choose_variant(const RoutingTable& table, const protocol::ServeRequest& request,
                                               WallTime now) {
  const experiment::Plan* const plan = request.version.empty() ? table.plan_of(request.model) : nullptr;
  if (plan == nullptr) return std::nullopt;
  const experiment::RequestUnits units{request.unit, request.session, request.key, request.request_id};
  const auto given = plan->assign(
      units, [&request](std::string_view name) { return feature_of(request, name); }, now);
  if (!given) return std::nullopt;
  return ExperimentChoice{&plan->experiments()[given->experiment],
                          given->arm,
                          given->revision,
                          given->segment,
                          given->unit,
                          !given->is_override};
}

}  // namespace troupe::gateway
