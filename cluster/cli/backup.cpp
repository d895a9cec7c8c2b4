#include "storage/backup.hpp"

#include <filesystem>
#include <iostream>

#include "cluster/cli/admin_client.hpp"
#include "cluster/cli/flags.hpp"
#include "cluster/cli/verbs.hpp"

namespace troupe::cli {
namespace {

namespace fs = std::filesystem;

struct BackupFlags {
  AdminFlags admin;
  std::string folder;
  std::string name = "head";
  bool json = false;
};

/// Absolute, and without a '/' at its end.
fs::path full_path(const std::string& folder) {
  const fs::path path = fs::absolute(folder).lexically_normal();
  return path.has_filename() ? path : path.parent_path();
}

std::string summary(const char* what, const fs::path& folder, uint64_t files, uint64_t bytes, uint64_t revision) {
  return fmt::format("{} {}: {} files, {}, control state at revision {}\n", what, folder.string(), files,
                     format_bytes({bytes}), revision);
}

void print(const BackupFlags& flags, const char* what, const storage::BackupManifest& manifest) {
  const fs::path folder = full_path(flags.folder);
  if (flags.json) {
    const nlohmann::json about{{"directory", folder.string()},
                               {"cluster", manifest.cluster},
                               {"epoch", manifest.epoch},
                               {"revision", manifest.revision},
                               {"created", to_iso8601(manifest.created)},
                               {"troupe", manifest.software},
                               {"protocol", manifest.protocol},
                               {"files", manifest.files.size()},
                               {"bytes", manifest.total_bytes().value}};
    std::cout << about.dump(2) << '\n';
  } else {
    std::cout << summary(what, folder, manifest.files.size(), manifest.total_bytes().value, manifest.revision);
  }
}

Result<Exit> create(const BackupFlags& flags) {
  TROUPE_TRY(const AdminClient admin, AdminClient::make(flags.admin));
  // The head writes the folder; its working directory is not ours.
  const nlohmann::json body{{"directory", full_path(flags.folder).string()}};
  TROUPE_TRY(const nlohmann::json made, admin.post("backups", body.dump(), "application/json"));
  if (flags.admin.json) {
    std::cout << made.dump(2) << '\n';
  } else {
    std::cout << summary("backed up to", full_path(flags.folder), made.value("files", uint64_t{0}),
                         made.value("bytes", uint64_t{0}), made.value("revision", uint64_t{0}));
  }
  return Exit::ok;
}

Result<Exit> verify(const BackupFlags& flags) {
  TROUPE_TRY(const storage::BackupManifest manifest, storage::verify_backup(full_path(flags.folder)));
  print(flags, "whole:", manifest);
  return Exit::ok;
}

Result<Exit> restore(const BackupFlags& flags) {
  const fs::path node = fs::absolute(flags.admin.data_root) / flags.name;
  TROUPE_TRY(const storage::BackupManifest manifest, storage::restore_backup(full_path(flags.folder), node));
  print(flags, "restored from", manifest);
  if (!flags.json)
    std::cout << fmt::format("its head starts with `troupe start --head --name {} --data-dir {}`\n", flags.name,
                             fs::absolute(flags.admin.data_root).string());
  return Exit::ok;
}

}  // namespace

void add_backup(CLI::App& app, Shell& shell) {
  CLI::App* backup = app.add_subcommand("backup", "Back up a head's state, keys and models; verify and restore it");
  backup->require_subcommand(1);
  const auto add = [&](const char* name, const char* help, Result<Exit> (*run)(const BackupFlags&)) {
    CLI::App* verb = backup->add_subcommand(name, help);
    auto flags = std::make_shared<BackupFlags>();
    verb->callback([=, &shell] { shell.verb = [=] { return run(*flags); }; });
    return std::pair{verb, flags};
  };
  const auto [creator, create_flags] =
      add("create", "Back up to a new folder on the head's machine, while it serves", create);
  create_flags->admin.timeout = std::chrono::minutes{30};
  add_admin_flags(*creator, create_flags->admin);
  creator->add_option("DIR", create_flags->folder, "A folder that does not exist yet")->required();
  const auto [verifier, verify_flags] = add("verify", "Read all of a backup and compare it with its checksums", verify);
  verifier->add_option("DIR", verify_flags->folder, "The backup")->required();
  verifier->add_flag("--json", verify_flags->json, "Print JSON");
  const auto [restorer, restore_flags] = add("restore", "Make a head's data folder of a backup", restore);
  restorer->add_option("DIR", restore_flags->folder, "The backup")->required();
  add_data_root(*restorer, restore_flags->admin.data_root);
  restorer->add_option("--name", restore_flags->name, "The head's name: its folder in --data-dir")
      ->capture_default_str();
  restorer->add_flag("--json", restore_flags->json, "Print JSON");
}

}  // namespace troupe::cli
