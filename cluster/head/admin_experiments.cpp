// The admin API's routes of experiments. They are defined by `apply`.

#include <nlohmann/json.hpp>

#include "cluster/head/admin_door.hpp"
#include "cluster/head/admin_guard.hpp"
#include "runtime/base/nearest.hpp"

namespace troupe::cluster {

using nlohmann::json;

namespace {

/// {"weights": [0.5, 0.5]}
Result<WeighExperiment> parse_weights(const std::string& name, const std::string& body) {
  const json object = json::parse(body, nullptr, false);
  const auto weights = object.is_object() ? object.find("weights") : object.end();
  const bool is_right = object.is_object() && object.size() == 1 && weights != object.end() && weights->is_array() &&
                        std::ranges::all_of(*weights, [](const json& one) { return one.is_number(); });
  if (!is_right)
    return fail(Errc::invalid_argument, R"(the body must be {{"weights": [0.5, 0.5]}}, one for each variant)");
  return WeighExperiment{name, weights->get<std::vector<double>>()};
}

/// {"reason": "…"}, or nothing.
Result<StopExperiment> parse_stop(const std::string& name, const std::string& body) {
  if (body.empty()) return StopExperiment{name, {}};
  const json object = json::parse(body, nullptr, false);
  const auto reason = object.is_object() ? object.find("reason") : object.end();
  if (!object.is_object() || (!object.empty() && (reason == object.end() || !reason->is_string())))
    return fail(Errc::invalid_argument, R"(the body must be {{"reason": "TEXT"}}, or empty)");
  return StopExperiment{name, object.value("reason", "")};
}

}  // namespace

void add_experiment_routes(http::Routes& routes, const AdminDoor& door) {
  add_view_route(routes, door, "/api/v1/experiments", View::experiments);
  routes.add("GET", "/api/v1/experiments/{name}",
             [&door](const auto&, const auto& names, const ResponderRef& responder) {
               door.ask(ReadExperiment{names[0]}, responder);
             });
  const auto add = [&](const char* method, const char* path, const char* action, auto parse) {
    routes.add(method, path,
               [&door, action, parse](const auto& request, const auto& names, const ResponderRef& responder) {
                 const AdminWrite about{action, names[0], request.remote_address};
                 auto wish = parse(names[0], request.body);
                 if (!wish) return door.refuse_write(about, wish.error(), responder);
                 door.write(std::move(*wish), about, 200, responder);
               });
  };
  using Name = const std::string&;
  add("POST", "/api/v1/experiments/{name}/start", "start experiment",
      [](Name name, Name) -> Result<StartExperiment> { return StartExperiment{name}; });
  add("POST", "/api/v1/experiments/{name}/stop", "stop experiment", parse_stop);
  add("POST", "/api/v1/experiments/{name}/weights", "weigh experiment", parse_weights);
  add("DELETE", "/api/v1/experiments/{name}", "delete experiment",
      [](Name name, Name) -> Result<DeleteExperiment> { return DeleteExperiment{name}; });
}

}  // namespace troupe::cluster
