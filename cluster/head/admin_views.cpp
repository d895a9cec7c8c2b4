// The admin API's routes that read: the cluster, its nodes, actors, models and deployments.

#include <nlohmann/json.hpp>

#include "cluster/head/admin_door.hpp"
#include "runtime/base/nearest.hpp"

namespace troupe::cluster {

using nlohmann::json;

namespace {

std::string text_at(const json& row, const char* key) {
  return row.value(key, std::string());
}

Result<json> one_of(const json& rows, const char* kind, const std::string& name) {
  std::vector<std::string> names;
  const json* found = nullptr;
  for (const json& row : rows) {
    names.push_back(text_at(row, "name"));
    // A node that is gone stays listed for a while; a living one of its name is the one that is meant.
    const bool is_gone = found != nullptr && (row.value("state", "") == "down" || row.value("state", "") == "left");
    if ((names.back() == name || text_at(row, "id") == name) && !is_gone) found = &row;
  }
  if (found == nullptr)
    return fail(Errc::not_found, "there is no {} named {}{}", kind, name, did_you_mean(name, names));
  return *found;
}

/// All versions of "clerk" as an array, or "clerk@2" alone.
Result<json> model_of(const json& rows, const std::string& asked) {
  std::vector<std::string> names;
  json versions = json::array();
  for (const json& row : rows) {
    const std::string name = text_at(row, "name");
    const std::string full = name + "@" + text_at(row, "version");
    if (full == asked) return row;
    if (name == asked) versions.push_back(row);
    names.push_back(asked.find('@') == std::string::npos ? name : full);
  }
  if (versions.empty()) return fail(Errc::not_found, "there is no model {}{}", asked, did_you_mean(asked, names));
  return versions;
}

using Pick = std::function<Result<json>(const json& rows, const std::string& name)>;

void get_one(http::Routes& routes, const AdminDoor& door, const char* path, View view, Pick pick) {
  routes.add("GET", path,
             [&door, view, pick = std::move(pick)](const auto&, const auto& names, const ResponderRef& responder) {
               door.read(
                   view, [pick, name = names[0]](const json& rows) { return pick(rows, name); }, responder);
             });
}

}  // namespace

void add_view_route(http::Routes& routes, const AdminDoor& door, const char* path, View view) {
  routes.add("GET", path, [&door, view](const auto&, const auto&, const ResponderRef& responder) {
    door.read(view, {}, responder);
  });
}

void add_view_routes(http::Routes& routes, const AdminDoor& door) {
  routes.add("GET", "/healthz", [](const auto&, const auto&, const ResponderRef& responder) {
    answer_json(*responder, 200, R"({"status":"ok"})");
  });
  add_view_route(routes, door, "/api/v1/status", View::status);
  add_view_route(routes, door, "/api/v1/nodes", View::nodes);
  add_view_route(routes, door, "/api/v1/actors", View::actors);
  add_view_route(routes, door, "/api/v1/models", View::models);
  add_view_route(routes, door, "/api/v1/deployments", View::deployments);
  get_one(routes, door, "/api/v1/nodes/{name}", View::nodes,
          [](const json& rows, const std::string& name) { return one_of(rows, "node", name); });
  get_one(routes, door, "/api/v1/deployments/{name}", View::deployments,
          [](const json& rows, const std::string& name) { return one_of(rows, "deployment", name); });
  get_one(routes, door, "/api/v1/models/{model}", View::models, model_of);
}

}  // namespace troupe::cluster
