// The admin API's routes that change the model store: versions by a folder, labels, retirement, notes.

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <type_traits>

#include "cluster/head/admin_door.hpp"
#include "cluster/head/admin_guard.hpp"
#include "cluster/head/admin_model_parse.hpp"
#include "runtime/base/nearest.hpp"
#include "runtime/observe/text.hpp"
#include "storage/model_ref.hpp"

namespace troupe::cluster {

using nlohmann::json;

Result<std::map<std::string, std::string>> parse_texts(const json& object, const std::string& field) {
  const auto is_text = [](const json& value) { return value.is_string(); };
  if (!object.is_object() || !std::ranges::all_of(object, is_text))
    return fail_field(field, "{} is no object of texts", field);
  return object.get<std::map<std::string, std::string>>();
}

Result<AddModel> parse_add_model(const std::string& body) {
  const json object = json::parse(body, nullptr, false);
  if (!object.is_object()) {
    return fail(Errc::invalid_argument,
                R"(the body is no JSON object; it is {{"name": "clerk", "version": "2", "source": "FOLDER"}})");
  }
  AddModel model;
  const std::array<std::pair<const char*, std::string*>, 3> fields{
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
    TROUPE_TRY(model.metadata, parse_texts(*metadata, "metadata"));
  }
  TROUPE_CHECK(storage::check_model_name(model.name));
  TROUPE_CHECK(storage::check_model_version(model.version));
  if (!model.source.starts_with('/'))
    return fail_field("source", "source '{}' is no absolute path of a folder on the head's machine", model.source);
  return model;
}

Result<storage::ModelRef> parse_version(const std::string& text) {
  TROUPE_TRY(storage::ModelRef ref, storage::parse_model_ref(text));
  if (ref.version.empty())
    return fail(Errc::invalid_argument, "{} names no version; one is named as {}@VERSION", text, text);
  return ref;
}

namespace {

Result<DeleteModel> parse_delete_model(const std::string& text) {
  TROUPE_TRY(const storage::ModelRef ref, storage::parse_model_ref(text));
  if (ref.version.empty())
    return fail(Errc::invalid_argument, "{} names no version; one is deleted as {}@VERSION", text, text);
  return DeleteModel{ref.name, ref.version};
}

Result<AnnotateModel> parse_annotate(const std::string& model, const std::string& body) {
  TROUPE_TRY(const storage::ModelRef ref, parse_version(model));
  const json object = json::parse(body, nullptr, false);
  TROUPE_TRY(auto metadata, parse_texts(object, "the body"));
  if (metadata.empty()) return fail(Errc::invalid_argument, "the body has no notes; it is {{\"accuracy\": \"0.93\"}}");
  return AnnotateModel{ref.name, ref.version, std::move(metadata)};
}

Result<LabelModel> parse_label(const std::string& model, const std::string& label) {
  TROUPE_TRY(const storage::ModelRef ref, parse_version(model));
  return LabelModel{ref.name, ref.version, label};
}

Result<UnlabelModel> parse_unlabel(const std::string& model, const std::string& label) {
  TROUPE_CHECK(storage::check_model_name(model));
  return UnlabelModel{model, label};
}

Result<ChangeModelLoad> parse_load(const std::string& model, bool load) {
  TROUPE_TRY(const storage::ModelRef ref, storage::parse_model_ref(model));
  return ChangeModelLoad{ref.name, ref.version, load};
}

Result<RetireModel> parse_retire(const std::string& model, bool is_retired) {
  TROUPE_TRY(const storage::ModelRef ref, parse_version(model));
  return RetireModel{ref.name, ref.version, is_retired};
}

}  // namespace

void add_model_routes(http::Routes& routes, const AdminDoor& door) {
  // What comes of a request, or why it is refused. The subject is what the path names.
  const auto add = [&](const char* method, const char* path, const char* action, int status, auto parse) {
    routes.add(method, path,
               [&door, action, status, parse](const http::HttpRequest& request, const auto& names,
                                              const ResponderRef& responder) {
                 auto wish = parse(request, names);
                 AdminWrite about{action, names.empty() ? "" : observe::sanitize(names[0], header_bytes_shown),
                                  request.remote_address};
                 if (!wish) return door.refuse_write(about, wish.error(), responder);
                 if constexpr (std::is_same_v<std::decay_t<decltype(*wish)>, AddModel>)
                   about.subject = wish->name + "@" + wish->version;
                 door.write(std::move(*wish), std::move(about), status, responder);
               });
  };
  add("POST", "/api/v1/models", "add model", 201,
      [](const auto& request, const auto&) { return parse_add_model(request.body); });
  add("DELETE", "/api/v1/models/{model}", "delete model", 200,
      [](const auto&, const auto& names) { return parse_delete_model(names[0]); });
  add("PUT", "/api/v1/models/{model}/labels/{label}", "label model", 200,
      [](const auto&, const auto& names) { return parse_label(names[0], names[1]); });
  add("DELETE", "/api/v1/models/{model}/labels/{label}", "unlabel model", 200,
      [](const auto&, const auto& names) { return parse_unlabel(names[0], names[1]); });
  add("PUT", "/api/v1/models/{model}/retired", "retire model", 200,
      [](const auto&, const auto& names) { return parse_retire(names[0], true); });
  add("DELETE", "/api/v1/models/{model}/retired", "take back retirement", 200,
      [](const auto&, const auto& names) { return parse_retire(names[0], false); });
  add("POST", "/api/v1/models/{model}/load", "load model", 200,
      [](const auto&, const auto& names) { return parse_load(names[0], true); });
  add("POST", "/api/v1/models/{model}/unload", "unload model", 200,
      [](const auto&, const auto& names) { return parse_load(names[0], false); });
  add("POST", "/api/v1/models/{model}/metadata", "annotate model", 200,
      [](const auto& request, const auto& names) { return parse_annotate(names[0], request.body); });
}

}  // namespace troupe::cluster
