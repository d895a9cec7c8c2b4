// The admin API's routes that change deployments.

#include "cluster/head/admin_door.hpp"
#include "cluster/head/admin_guard.hpp"
#include "runtime/observe/text.hpp"

namespace troupe::cluster {

void add_deployment_routes(http::Routes& routes, const AdminDoor& door) {
  routes.add("POST", "/api/v1/apply", [&door](const auto& request, const auto&, const ResponderRef& responder) {
    std::string file = observe::sanitize(request.headers.find("x-file-name").value_or("request"), header_bytes_shown);
    if (file.empty()) file = "request";
    const std::string base(request.headers.find("x-base-dir").value_or(""));
    door.write(ApplyText{request.body, file, base}, {"apply", file, request.remote_address}, 200, responder);
  });
  routes.add(
      "DELETE", "/api/v1/deployments/{name}",
      [&door](const auto& request, const auto& names, const ResponderRef& responder) {
        door.write(DeleteDeployment{names[0]}, {"delete deployment", names[0], request.remote_address}, 200, responder);
      });
}

}  // namespace troupe::cluster
