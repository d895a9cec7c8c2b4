#include "cluster/cli/deploy_python.hpp"

#include <charconv>
#include <optional>

#include "cluster/spec/documents.hpp"

namespace troupe::cli {
namespace {

std::optional<uint64_t> number_of(const std::string& version) {
  uint64_t number = 0;
  const char* end = version.data() + version.size();
  const auto [stopped, error] = std::from_chars(version.data(), end, number);
  if (error != std::errc{} || stopped != end) return std::nullopt;
  return number;
}

/// The highest number among the versions of `name`; 0: none has one.
uint64_t newest_number(const nlohmann::json& models, const std::string& name) {
  uint64_t newest = 0;
  for (const nlohmann::json& model : models)
    if (model.value("name", "") == name) newest = std::max(newest, number_of(model.value("version", "")).value_or(0));
  return newest;
}

}  // namespace

Result<std::string> store_python_version(const AdminClient& admin, const PythonVersion& wanted) {
  TROUPE_TRY(const TemporaryFolder staged, TemporaryFolder::make());
  TROUPE_CHECK(gather(wanted.source, staged.path()));
  const auto add = [&](const std::string& version) -> Result<std::string> {
    const nlohmann::json body{
        {"name", wanted.name},
        {"version", version},
        {"source", staged.path().string()},
        {"metadata", {{cluster::metadata_backend, "python"}, {cluster::metadata_entry, wanted.source.entry}}}};
    TROUPE_TRY(const nlohmann::json added, admin.post("models", body.dump(), "application/json"));
    return wanted.name + "@" + added.value("version", version);
  };
  if (!wanted.version.empty()) return add(wanted.version);
  TROUPE_TRY(const nlohmann::json models, admin.get("models"));
  const uint64_t newest = newest_number(models, wanted.name);
  if (newest == 0) return add("1");
  auto same = add(std::to_string(newest));
  if (same || same.error().code != Errc::already_exists) return same;
  return add(std::to_string(newest + 1));
}

}  // namespace troupe::cli
