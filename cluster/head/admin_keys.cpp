// The admin API's routes about API keys of clients.

#include <algorithm>
#include <nlohmann/json.hpp>

#include "cluster/head/admin_door.hpp"
#include "cluster/head/admin_guard.hpp"
#include "runtime/observe/text.hpp"

namespace troupe::cluster {

using nlohmann::json;

namespace {

Result<CreateKey> parse_create_key(const std::string& body) {
  const json object = json::parse(body, nullptr, false);
  if (!object.is_object()) {
    return fail(
        Errc::invalid_argument,
        R"(the body is no JSON object; it is {{"name": "alice", "models": ["clerk"], "rate": 10}}, all optional)");
  }
  KeyWish wish;
  for (const auto& [field, value] : object.items()) {
    const bool is_whole = value.is_number_unsigned() && value.get<uint64_t>() <= UINT32_MAX;
    if (field == "name" && value.is_string()) {
      wish.name = value;
    } else if (field == "models" && value.is_array() &&
               std::ranges::all_of(value, [](const json& model) { return model.is_string(); })) {
      wish.models = value.get<std::vector<std::string>>();
    } else if (field == "rate" && value.is_number()) {
      wish.rate = value;
    } else if (field == "concurrent" && is_whole) {
      wish.concurrent = value;
    } else if (field == "may_load" && value.is_boolean()) {
      wish.may_load = value;
    } else if (field == "ttl_s" && is_whole) {
      wish.lifetime_s = value;
    } else {
      return fail_field(field,
                        "{} is no field of a key or has a value it cannot have; there are name (text), models (list of "
                        "text), rate (a number), concurrent and ttl_s (whole numbers), may_load (true or false)",
                        field);
    }
  }
  return CreateKey{std::move(wish)};
}

}  // namespace

void add_key_routes(http::Routes& routes, const AdminDoor& door) {
  add_view_route(routes, door, "/api/v1/keys", View::keys);
  routes.add("POST", "/api/v1/keys", [&door](const auto& request, const auto&, const ResponderRef& responder) {
    auto key = parse_create_key(request.body);
    if (!key) return door.refuse_write({"create key", "", request.remote_address}, key.error(), responder);
    std::string subject = observe::sanitize(key->wish.name, header_bytes_shown);
    door.write(std::move(*key), {"create key", std::move(subject), request.remote_address}, 201, responder);
  });
  routes.add("DELETE", "/api/v1/keys/{id}",
             [&door](const auto& request, const auto& names, const ResponderRef& responder) {
               door.write(RevokeKey{names[0]}, {"revoke key", names[0], request.remote_address}, 200, responder);
             });
}

}  // namespace troupe::cluster
