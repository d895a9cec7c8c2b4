#include "cluster/head/admin_api.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "cluster/head/admin_door.hpp"
#include "cluster/head/admin_guard.hpp"
#include "runtime/observe/text.hpp"

namespace troupe::cluster {
namespace {

/// What a 404 lists.
constexpr std::array paths{
    "/healthz",
    "/api/v1/status",
    "/api/v1/nodes",
    "/api/v1/nodes/{name}",
    "/api/v1/actors",
    "/api/v1/models",
    "/api/v1/models/{model}",
    "/api/v1/models/{model}/labels/{label}",
    "/api/v1/models/{model}/retired",
    "/api/v1/models/{model}/metadata",
    "/api/v1/models/{model}/load",
    "/api/v1/models/{model}/unload",
    "/api/v1/model-files/{model}",
    "/api/v1/uploads",
    "/api/v1/uploads/{upload}",
    "/api/v1/uploads/{upload}/publish",
    "/api/v1/deployments",
    "/api/v1/deployments/{name}",
    "/api/v1/experiments",
    "/api/v1/experiments/{name}",
    "/api/v1/experiments/{name}/start",
    "/api/v1/experiments/{name}/stop",
    "/api/v1/experiments/{name}/weights",
    "/api/v1/experiments/{name}/events",
    "/api/v1/experiments/{name}/recount",
    "/api/v1/experiments/{name}/disk",
    "/api/v1/apply",
    "/api/v1/backups",
    "/api/v1/keys",
    "/api/v1/keys/{id}",
    "/api/v1/tokens",
    "/api/v1/tokens/{id}",
    "/api/v1/members",
    "/api/v1/members/{name}",
    "/api/v1/members/{name}/rotate",
    "/api/v1/logs",
    "/api/v1/logs/{node}",
    "/api/v1/logs/{node}/{replica}",
    "/api/v1/audit",
    "/api/v1/audit/verify",
};

/// Logs may hold what clients asked, raw events say who did what, the audit log who did what from where, and weights
/// may be nobody else's: reading them is not open on loopback.
bool needs_key(std::string_view path) {
  if (path.starts_with("/api/v1/experiments/") && path.ends_with("/events")) return true;
  return std::ranges::any_of(
      std::array{"/api/v1/logs", "/api/v1/audit", "/api/v1/model-files"},
      [path](const std::string& closed) { return path == closed || path.starts_with(closed + '/'); });
}

class AdminApi {
 public:
  AdminApi(actor::Ref head, AdminApiOptions options);

  void handle(http::HttpRequest& request, ResponderRef responder) const;

 private:
  const AdminApiOptions options_;
  const AdminDoor door_;
  http::Routes routes_{admin_error_body};
};

AdminApi::AdminApi(actor::Ref head, AdminApiOptions options)
    : options_(std::move(options)), door_(std::move(head), options_.admin_key, options_.log) {
  for (const auto add :
       {add_view_routes, add_deployment_routes, add_model_routes, add_model_file_routes, add_experiment_routes,
        add_backup_routes, add_key_routes, add_trust_routes, add_log_routes, add_audit_routes})
    add(routes_, door_);
}

void AdminApi::handle(http::HttpRequest& request, ResponderRef responder) const {
  const std::string_view path = request.path();
  const bool is_health = path == "/healthz";
  const bool is_page = options_.page && !is_health && path != "/api" && !path.starts_with("/api/");
  if (is_page) return options_.page(request, std::move(responder));
  const bool is_read = request.method == "GET" || request.method == "HEAD";
  const Status allowed = is_health ? Status{} : check_admin_request(request, options_, is_read && !needs_key(path));
  if (allowed) return routes_.serve(request, std::move(responder));
  if (is_read) return refuse(*responder, allowed.error());
  door_.refuse_write({request.method, observe::sanitize(path, header_bytes_shown), request.remote_address},
                     allowed.error(), responder);
}

}  // namespace

http::Handler make_admin_api(actor::Ref head, AdminApiOptions options) {
  return [api = std::make_shared<const AdminApi>(std::move(head), std::move(options))](
             http::HttpRequest& request, ResponderRef responder) { api->handle(request, std::move(responder)); };
}

std::string admin_error_body(int status, std::string_view, std::string_view message) {
  const auto code = [status] {
    switch (status) {
      case 404:
        return Errc::not_found;
      case 408:
        return Errc::deadline_exceeded;
      case 413:
      case 431:
        return Errc::too_large;
      case 503:
        return Errc::unavailable;
      default:
        return status >= 500 ? Errc::internal : Errc::invalid_argument;
    }
  }();
  nlohmann::json about{{"code", to_string(code)}, {"message", message}};
  if (status == 404) about["paths"] = paths;
  return dump_json({{"error", about}});
}

}  // namespace troupe::cluster
