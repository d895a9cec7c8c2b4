// The admin API's routes that change the model store.

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "cluster/head/admin_door.hpp"
#include "cluster/head/admin_guard.hpp"
#include "runtime/base/nearest.hpp"
#include "runtime/observe/text.hpp"
#include "storage/model_ref.hpp"

namespace troupe::cluster {

using nlohmann::json;

namespace {

Result<AddModel> parse_add_model(const std::string& body) {
  const json object = json::parse(body, nullptr, false);
  if (!object.is_object()) {
    return fail(Errc::invalid_argument,
                R"(the body is no JSON object; it is {{"name": "clerk", "version": "2", "source": "FOLDER"}})");
  }
  AddModel model;
  const std::array<std::pair<std::string, std::string*>, 3> fields{
      {{"name", &model.name}, {"version", &model.version}, {"source", &model.source}}};
  for (const auto& [key, value] : object.items()) {
    if (key != "metadata" && std::ranges::none_of(fields, [&](const auto& field) { return field.first == key; }))
      return fail_field(key, "unknown field {}{}", key, did_you_mean(key, {"name", "version", "source", "metadata"}));
  }
  for (const auto& [key, target] : fields) {
    const auto found = object.find(key);
    if (found == object.end() || !found->is_string() || found->get_ref<const std::string&>().empty())
      return fail_field(key, "{} is missing or no text", key);
    *target = *found;
  }
  if (const auto metadata = object.find("metadata"); metadata != object.end()) {
    const auto is_text = [](const json& value) { return value.is_string(); };
    if (!metadata->is_object() || !std::ranges::all_of(*metadata, is_text))
      return fail_field("metadata", "metadata is no object of texts");
    model.metadata = metadata->get<std::map<std::string, std::string>>();
  }
  TROUPE_CHECK(storage::check_model_name(model.name));
  TROUPE_CHECK(storage::check_model_version(model.version));
  if (!model.source.starts_with('/'))
    return fail_field("source", "source '{}' is no absolute path of a folder on the head's machine", model.source);
  return model;
}

Result<DeleteModel> parse_delete_model(const std::string& text) {
  TROUPE_TRY(const storage::ModelRef ref, storage::parse_model_ref(text));
  if (ref.version.empty())
    return fail(Errc::invalid_argument, "{} names no version; one is deleted as {}@VERSION", text, text);
  return DeleteModel{ref.name, ref.version};
}

}  // namespace

void add_model_routes(http::Routes& routes, const AdminDoor& door) {
  routes.add("POST", "/api/v1/models", [&door](const auto& request, const auto&, const ResponderRef& responder) {
    auto model = parse_add_model(request.body);
    if (!model) return door.refuse_write({"add model", "", request.remote_address}, model.error(), responder);
    std::string subject = model->name + "@" + model->version;
    door.write(std::move(*model), {"add model", std::move(subject), request.remote_address}, 201, responder);
  });
  routes.add("DELETE", "/api/v1/models/{model}",
             [&door](const auto& request, const auto& names, const ResponderRef& responder) {
               auto model = parse_delete_model(names[0]);
               if (!model)
                 return door.refuse_write(
                     {"delete model", observe::sanitize(names[0], header_bytes_shown), request.remote_address},
                     model.error(), responder);
               door.write(std::move(*model), {"delete model", names[0], request.remote_address}, 200, responder);
             });
}

}  // namespace troupe::cluster
