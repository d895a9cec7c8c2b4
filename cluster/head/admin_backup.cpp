#include "cluster/head/admin_backup.hpp"

#include <nlohmann/json.hpp>

#include "cluster/head/admin_door.hpp"
#include "cluster/head/admin_guard.hpp"
#include "runtime/base/nearest.hpp"
#include "runtime/observe/text.hpp"

namespace troupe::cluster {

using nlohmann::json;

Result<CreateBackup> parse_create_backup(const std::string& body) {
  const json object = json::parse(body, nullptr, false);
  if (!object.is_object())
    return fail(Errc::invalid_argument, R"(the body is no JSON object; it is {{"directory": "/NEW/FOLDER"}})");
  for (const auto& [key, value] : object.items())
    if (key != "directory") return fail_field(key, "unknown field {}{}", key, did_you_mean(key, {"directory"}));
  const auto directory = object.find("directory");
  if (directory == object.end() || !directory->is_string())
    return fail_field("directory", "directory is missing or no text");
  const auto& path = directory->get_ref<const std::string&>();
  if (!path.starts_with('/'))
    return fail_field("directory", "directory '{}' is no absolute path of a new folder on the head's machine", path);
  return CreateBackup{path};
}

std::string backup_answer(const std::string& directory, const storage::BackupManifest& manifest) {
  const json answer{{"directory", directory},         {"cluster", manifest.cluster},
                    {"epoch", manifest.epoch},        {"revision", manifest.revision},
                    {"files", manifest.files.size()}, {"bytes", manifest.total_bytes().value}};
  return answer.dump(-1, ' ', false, json::error_handler_t::replace);
}

void add_backup_routes(http::Routes& routes, const AdminDoor& door) {
  routes.add("POST", "/api/v1/backups", [&door](const auto& request, const auto&, const ResponderRef& responder) {
    auto backup = parse_create_backup(request.body);
    if (!backup) return door.refuse_write({"create backup", "", request.remote_address}, backup.error(), responder);
    std::string subject = observe::sanitize(backup->directory, header_bytes_shown);
    door.write(std::move(*backup), {"create backup", std::move(subject), request.remote_address}, 201, responder);
  });
}

}  // namespace troupe::cluster
