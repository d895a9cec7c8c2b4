#include "actors/gateway/router.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <vector>

#include "actors/experiment/assignment.hpp"
#include "runtime/base/nearest.hpp"

namespace troupe::gateway {
namespace {

constexpr std::chrono::milliseconds come_back{1000};
constexpr size_t name_bytes_shown = 200;

tl::unexpected<Error> not_found(std::string message) {
  return fail(Error{Errc::not_found, std::move(message), "model", {}});
}

tl::unexpected<Error> unavailable(std::string message) {
  return fail(Error{Errc::unavailable, std::move(message), {}, come_back});
}

/// Of a route that has nobody and waits for nobody.
std::string not_ready(const protocol::RoutedModel& model, const protocol::Route& route) {
  const std::string name = fmt::format("{}@{}", model.name, route.version);
  if (!route.unloaded) return fmt::format("no replica of {} is ready", name);
  return fmt::format("{} is not loaded; POST /v2/repository/models/{}/load with a key that may loads it", name, name);
}

Result<const protocol::Route*> pinned_route(const protocol::RoutedModel& model, std::string_view name) {
  const std::string_view version = version_meant(model, name);
  const protocol::Route* found = nullptr;
  for (const protocol::Route& route : model.routes) {
    if (route.version != version) continue;
    if (found == nullptr || found->replicas.empty()) found = &route;
  }
  if (found == nullptr) {
    const auto versions = versions_of(model);
    const std::string known = versions.empty() ? "none" : fmt::format("{}", fmt::join(versions, ", "));
    if (version != name)
      return not_found(fmt::format("{}@{} is version {}, which no deployment serves; there is {}", model.name, name,
                                   version, known));
    return not_found(
        fmt::format("model {} has no version {}; it has {}", model.name, version.substr(0, name_bytes_shown), known));
  }
  if (found->replicas.empty() && found->coming == 0) {
    return unavailable(not_ready(model, *found));
  }
  return found;
}

/// Among the routes for which `counts`; nullptr where none of them has weight.
template <class Predicate>
const protocol::Route* pick(const protocol::RoutedModel& model, std::string_view unit, Predicate counts) {
  std::vector<experiment::Arm> arms;
  arms.reserve(model.routes.size());
  for (const protocol::Route& route : model.routes)
    arms.push_back({route.deployment, counts(route) ? route.weight : 0});
  const size_t index = experiment::pick_weighted(arms, unit, model.name);
  return index < arms.size() ? &model.routes[index] : nullptr;
}

std::string without_traffic(const protocol::RoutedModel& model) {
  std::string message = fmt::format("no version of {} takes traffic", model.name);
  if (!model.routes.empty()) {
    message += fmt::format("; one can be asked for by name, as in {}@{}", model.name, model.routes.front().version);
  }
  return message;
}

}  // namespace

Result<ModelName> parse_model_name(std::string_view text) {
  const size_t at = text.find('@');
  const ModelName name{text.substr(0, at), at == std::string_view::npos ? std::string_view{} : text.substr(at + 1)};
  const bool is_whole = !name.model.empty() && (at == std::string_view::npos || !name.version.empty()) &&
                        name.version.find('@') == std::string_view::npos;
  if (is_whole) return name;
  return fail_field("model", "model must be a name or name@version, e.g. clerk or clerk@2, found \"{}\"",
                    text.substr(0, name_bytes_shown));
}

Result<const protocol::Route*> choose_route(const RoutingTable& table, std::string_view model, std::string_view version,
                                            std::string_view unit, bool weights_hold) {
  const protocol::RoutedModel* found = table.find(model);
  if (found == nullptr) {
    const std::string_view shown = model.substr(0, name_bytes_shown);
    return not_found(fmt::format("there is no model {}{}", shown, did_you_mean(shown, table.model_names())));
  }
  if (!version.empty()) return pinned_route(*found, version);

  const bool stable_alone = !weights_hold && !found->stable.empty();
  const auto counts = [&](const protocol::Route& r) { return !stable_alone || r.deployment == found->stable; };
  const protocol::Route* route = pick(*found, unit, counts);
  if (route == nullptr) return unavailable(without_traffic(*found));
  if (!route->replicas.empty()) return route;
  const protocol::Route& first = *route;
  route = pick(*found, unit, [&](const protocol::Route& r) { return counts(r) && !r.replicas.empty(); });
  if (route == nullptr) route = pick(*found, unit, [&](const protocol::Route& r) { return counts(r) && r.coming > 0; });
  if (route == nullptr && stable_alone)
    return unavailable(fmt::format(
        "no replica of {}'s stable deployment {} is ready, and the head has not been heard for so long that the "
        "others may not stand in; a version can be asked for by name, as in {}@{}",
        found->name, found->stable, found->name, found->routes.front().version));
  if (route == nullptr && first.unloaded) return unavailable(not_ready(*found, first));
  if (route == nullptr) return unavailable(fmt::format("no replica of {} is ready", found->name));
  return route;
}

}  // namespace troupe::gateway
