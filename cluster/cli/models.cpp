#include <filesystem>
#include <iostream>

#include "cluster/cli/admin_client.hpp"
#include "cluster/cli/flags.hpp"
#include "cluster/cli/render.hpp"
#include "cluster/cli/verbs.hpp"
#include "storage/model_ref.hpp"

namespace troupe::cli {
namespace {

struct ModelFlags {
  AdminFlags admin;
  std::string model;
  std::string folder;
};

Result<storage::ModelRef> full_reference(const std::string& text) {
  TROUPE_TRY(storage::ModelRef model, storage::parse_model_ref(text));
  if (model.version.empty())
    return fail(Errc::invalid_argument, "'{}' names no version; write NAME@VERSION, such as {}@1", text, text);
  return model;
}

Result<Exit> list_models(const ModelFlags& flags) {
  TROUPE_TRY(const AdminClient admin, AdminClient::make(flags.admin));
  TROUPE_TRY(const nlohmann::json models, admin.get("models"));
  std::cout << (flags.admin.json ? models.dump(2) + "\n" : render_models(models));
  return Exit::ok;
}

Result<Exit> add_model(const ModelFlags& flags) {
  TROUPE_TRY(const storage::ModelRef model, full_reference(flags.model));
  TROUPE_TRY(const AdminClient admin, AdminClient::make(flags.admin));
  // The head reads the folder; its working directory is not ours.
  const std::string source = std::filesystem::absolute(flags.folder).lexically_normal().string();
  const nlohmann::json body{{"name", model.name}, {"version", model.version}, {"source", source}};
  TROUPE_TRY(const nlohmann::json added, admin.post("models", body.dump(), "application/json"));
  if (flags.admin.json) {
    std::cout << added.dump(2) << '\n';
  } else {
    std::cout << fmt::format("{} is in the store; `troupe deploy {}` runs it\n", flags.model, flags.model);
  }
  return Exit::ok;
}

Result<Exit> remove_model(const ModelFlags& flags) {
  TROUPE_TRY(const storage::ModelRef model, full_reference(flags.model));
  TROUPE_TRY(const AdminClient admin, AdminClient::make(flags.admin));
  TROUPE_TRY(const nlohmann::json removed, admin.remove("models/" + storage::to_string(model)));
  std::cout << (flags.admin.json ? removed.dump(2) : fmt::format("{} is removed", flags.model)) << '\n';
  return Exit::ok;
}

}  // namespace

void add_models(CLI::App& app, Shell& shell) {
  CLI::App* model = app.add_subcommand("model", "The model store: list, add and remove versions");
  model->require_subcommand(1);
  const auto add = [&](const char* name, const char* help, Result<Exit> (*run)(const ModelFlags&),
                       Duration timeout = AdminFlags{}.timeout) {
    CLI::App* verb = model->add_subcommand(name, help);
    auto flags = std::make_shared<ModelFlags>();
    flags->admin.timeout = timeout;
    add_admin_flags(*verb, flags->admin);
    verb->callback([=, &shell] { shell.verb = [=] { return run(*flags); }; });
    return std::pair{verb, flags};
  };
  add("list", "Versions in the store", list_models);
  const auto [adder, add_flags] =
      add("add", "Copy a folder into the store as a version", add_model, std::chrono::minutes{10});
  adder->add_option("MODEL", add_flags->model, "NAME@VERSION")->required()->type_name("NAME@VERSION");
  adder->add_option("FOLDER", add_flags->folder, "The model's files, on the head's machine")->required();
  const auto [remover, remove_flags] = add("remove", "Remove a version that no deployment uses", remove_model);
  remover->add_option("MODEL", remove_flags->model, "NAME@VERSION")->required()->type_name("NAME@VERSION");
}

}  // namespace troupe::cli
