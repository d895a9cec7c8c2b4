// The admin API's routes about who may join: tokens and members.

#include <nlohmann/json.hpp>

#include "cluster/head/admin_door.hpp"
#include "runtime/base/units.hpp"

namespace troupe::cluster {

using nlohmann::json;

namespace {

Result<CreateToken> parse_create_token(const std::string& body) {
  const json object = json::parse(body, nullptr, false);
  if (!object.is_object())
    return fail(Errc::invalid_argument, R"(the body is no JSON object; it is {{"ttl": "24h", "uses_max": 0}})");
  CreateToken token;
  token.lifetime = std::chrono::hours{24};
  token.created_by = "admin key";
  for (const auto& [key, value] : object.items()) {
    if (key == "ttl" && value.is_string()) {
      TROUPE_TRY(token.lifetime, parse_duration(value.get<std::string>()));
    } else if (key == "uses_max" && value.is_number_unsigned() && value.get<uint64_t>() <= 1'000'000) {
      token.uses_max = value.get<uint32_t>();
    } else {
      return fail_field(key, "{} is wrong here; ttl is a text such as \"24h\", uses_max a number from 0 to 1000000",
                        key);
    }
  }
  return token;
}

}  // namespace

void add_trust_routes(http::Routes& routes, const AdminDoor& door) {
  add_view_route(routes, door, "/api/v1/tokens", View::tokens);
  add_view_route(routes, door, "/api/v1/members", View::members);
  routes.add("POST", "/api/v1/tokens", [&door](const auto& request, const auto&, const ResponderRef& responder) {
    auto token = parse_create_token(request.body);
    if (!token) return door.refuse_write({"create token", "", request.remote_address}, token.error(), responder);
    door.write(std::move(*token), {"create token", "", request.remote_address}, 201, responder);
  });
  routes.add("DELETE", "/api/v1/tokens/{id}",
             [&door](const auto& request, const auto& names, const ResponderRef& responder) {
               door.write(RevokeToken{names[0]}, {"revoke token", names[0], request.remote_address}, 200, responder);
             });
  routes.add("DELETE", "/api/v1/members/{name}",
             [&door](const auto& request, const auto& names, const ResponderRef& responder) {
               door.write(RevokeNode{names[0]}, {"revoke node", names[0], request.remote_address}, 200, responder);
             });
  routes.add("POST", "/api/v1/members/{name}/rotate",
             [&door](const auto& request, const auto& names, const ResponderRef& responder) {
               door.write(RotateNode{names[0]}, {"rotate node", names[0], request.remote_address}, 200, responder);
             });
}

}  // namespace troupe::cluster
