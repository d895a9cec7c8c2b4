// The admin API's routes of experiments. They are defined by `apply`.

#include <charconv>
#include <nlohmann/json.hpp>

#include "actors/experiment/events/event_codec.hpp"
#include "cluster/head/admin_door.hpp"
#include "cluster/head/admin_guard.hpp"
#include "cluster/head/admin_query.hpp"
#include "cluster/head/experiment_reader.hpp"
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

Result<uint64_t> parse_number(const Parameters& parameters, const char* name, uint64_t least, uint64_t most,
                              uint64_t otherwise) {
  const std::string text = value_of(parameters, name);
  if (text.empty()) return otherwise;
  uint64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, number);
  if (parsed.ec == std::errc{} && parsed.ptr == end && number >= least && number <= most) return number;
  return fail_field(name, "{} is a number from {} to {}, not '{}'", name, least, most, text);
}

Result<ReadExperimentEvents> parse_read_events(const std::string& name, std::string_view query) {
  TROUPE_TRY(const Parameters parameters, parse_query(query, {"after", "limit"}));
  ReadExperimentEvents wish{name, {}, 1000};
  TROUPE_TRY(wish.limit, parse_number(parameters, "limit", 1, event_page_max, wish.limit));
  const std::string after = value_of(parameters, "after");
  if (!after.empty()) {
    TROUPE_TRY(wish.after, experiment::event_cursor_from(after));
  }
  return wish;
}

Result<RecountExperiment> parse_recount(const std::string& name, std::string_view query) {
  TROUPE_TRY(const Parameters parameters, parse_query(query, {"slot"}));
  TROUPE_TRY(const uint64_t slot, parse_number(parameters, "slot", 0, experiment::event_slots - 1, 0));
  return RecountExperiment{name, static_cast<uint32_t>(slot)};
}

/// Routes of what a wish parsed from name and query reads.
template <class Parse>
void add_reading(http::Routes& routes, const AdminDoor& door, const char* path, Parse parse) {
  routes.add("GET", path, [&door, parse](const auto& request, const auto& names, const ResponderRef& responder) {
    auto wish = parse(names[0], request.query());
    wish ? door.ask(std::move(*wish), responder) : refuse(*responder, wish.error());
  });
}

}  // namespace

void add_experiment_routes(http::Routes& routes, const AdminDoor& door) {
  add_view_route(routes, door, "/api/v1/experiments", View::experiments);
  routes.add("GET", "/api/v1/experiments/{name}",
             [&door](const auto&, const auto& names, const ResponderRef& responder) {
               door.ask(ReadExperiment{names[0]}, responder);
             });
  add_reading(routes, door, "/api/v1/experiments/{name}/events", parse_read_events);
  add_reading(routes, door, "/api/v1/experiments/{name}/recount", parse_recount);
  add_reading(
      routes, door, "/api/v1/experiments/{name}/disk",
      [](const std::string& name, std::string_view) -> Result<ReadExperimentDisk> { return ReadExperimentDisk{name}; });
  routes.add("GET", "/api/v1/experiments/{name}/history",
             [&door](const auto&, const auto& names, const ResponderRef& responder) {
               door.ask(ReadExperimentHistory{names[0]}, responder);
             });
  routes.add("GET", "/api/v1/experiments/{name}/report",
             [&door](const auto&, const auto& names, const ResponderRef& responder) {
               door.send_page(ReadExperimentHistory{names[0], ExperimentTelling::report}, responder);
             });
  routes.add("GET", "/api/v1/experiments/{name}/effects",
             [&door](const auto&, const auto& names, const ResponderRef& responder) {
               door.ask(ReadExperimentHistory{names[0], ExperimentTelling::effects}, responder);
             });
  routes.add("GET", "/api/v1/experiments/{name}/segments",
             [&door](const auto&, const auto& names, const ResponderRef& responder) {
               door.ask(ReadExperimentHistory{names[0], ExperimentTelling::segments}, responder);
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
