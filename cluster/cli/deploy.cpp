#include <poll.h>

#include <filesystem>
#include <iostream>
#include <set>

#include "cluster/cli/admin_client.hpp"
#include "cluster/cli/deploy_python.hpp"
#include "cluster/cli/flags.hpp"
#include "cluster/cli/render.hpp"
#include "cluster/cli/rollout.hpp"
#include "cluster/cli/text_file.hpp"
#include "cluster/cli/verbs.hpp"
#include "cluster/spec/documents.hpp"
#include "runtime/config/bind.hpp"

namespace troupe::cli {
namespace {

struct ApplyFlags {
  AdminFlags admin;
  std::string file;
  bool wait = false;
  Duration wait_timeout = std::chrono::seconds{120};
};

struct DeployFlags {
  ApplyFlags apply;
  cluster::DeploymentDocument document;
  std::string backend;  ///< Empty: unset.
  double weight = -1;   ///< < 0: unset.
  ByteCount memory{0};  ///< 0: by the size of the version's files.
  bool on_demand = false;
  std::vector<std::string> settings;
  // Of a model in Python that is yet to be stored.
  std::string version;
  std::string requirements;
  std::vector<std::string> files;
};

struct DeleteFlags {
  AdminFlags admin;
  std::string file;
  std::string name;
};

/// Until all of `names` are ready; what changes on the way goes to stderr.
Status wait_until_ready(const AdminClient& admin, const std::set<std::string>& names, Duration timeout, Clock& clock) {
  constexpr int interval_ms = 200;
  const Time deadline = clock.now() + timeout;
  std::map<std::string, std::string> shown;
  for (;;) {
    TROUPE_TRY(const nlohmann::json deployments, admin.get("deployments"));
    std::string unready;
    for (const std::string& name : names) {
      const Rollout rollout = rollout_of(deployments, name);
      const std::string line = fmt::format("{}: {}", name, rollout.summary);
      if (std::exchange(shown[name], line) != line) std::cerr << line << '\n';
      if (rollout.state == Rollout::State::failed)
        return fail(Errc::failed_precondition, "a replica of {} gave up: {}", name, rollout.summary);
      if (rollout.state == Rollout::State::waiting) unready += (unready.empty() ? "" : "\n  ") + line;
    }
    if (unready.empty()) return {};
    if (clock.now() >= deadline)
      return fail(Errc::deadline_exceeded, "not ready within {} (it is still being pursued): {}",
                  format_duration(timeout), unready);
    ::poll(nullptr, 0, interval_ms);
  }
}

Result<Exit> apply(const ApplyFlags& flags, const std::string& text, const std::string& file, Clock& clock) {
  TROUPE_TRY(const AdminClient admin, AdminClient::make(flags.admin));
  TROUPE_TRY(const nlohmann::json answer, admin.post("apply", text, "application/yaml", file));
  std::cout << (flags.admin.json ? answer.dump(2) + "\n" : render_changes(answer)) << std::flush;
  if (!flags.wait) return Exit::ok;
  std::set<std::string> deployments;
  for (const nlohmann::json& change : answer.value("changes", nlohmann::json::array())) {
    if (change.value("kind", "") == "Deployment") deployments.insert(change.value("name", ""));
  }
  TROUPE_CHECK(wait_until_ready(admin, deployments, flags.wait_timeout, clock));
  return Exit::ok;
}

/// MODULE:CLASS becomes NAME@VERSION. The deployment has the model's name: deploying again changes it to the new
/// version.
Status store_python(DeployFlags& flags) {
  cluster::DeploymentDocument& document = flags.document;
  const std::string entry = document.model;
  PythonVersion wanted{document.name.empty() ? model_name_of(entry) : document.name,
                       flags.version,
                       {entry, std::filesystem::current_path(), flags.requirements, {}}};
  for (const std::string& file : flags.files) wanted.source.files.emplace_back(file);
  AdminFlags patient = flags.apply.admin;
  patient.timeout = std::max<Duration>(patient.timeout, std::chrono::minutes{10});  // Files are copied into the store.
  TROUPE_TRY(const AdminClient admin, AdminClient::make(patient));
  TROUPE_TRY(document.model, store_python_version(admin, wanted));
  document.name = wanted.name;
  document.entry = entry;
  flags.backend = "python";
  std::cerr << fmt::format("{} is stored as {}\n", entry, document.model);
  return {};
}

Status take_settings(const std::vector<std::string>& pairs, std::map<std::string, std::string>& settings) {
  for (const std::string& pair : pairs) {
    const size_t equals = pair.find('=');
    if (equals == std::string::npos || equals == 0)
      return fail(Errc::invalid_argument, "--set {}: write NAME=VALUE", pair);
    settings[pair.substr(0, equals)] = pair.substr(equals + 1);
  }
  return {};
}

Result<Exit> deploy(DeployFlags flags, Clock& clock) {
  cluster::DeploymentDocument& document = flags.document;
  TROUPE_CHECK(take_settings(flags.settings, document.settings));
  const bool is_python = document.model.find(':') != std::string::npos;
  if (!is_python && !(flags.version.empty() && flags.requirements.empty() && flags.files.empty()))
    return fail(Errc::invalid_argument,
                "--version, --requirements and --file belong to a model in Python, MODULE:CLASS; '{}' is in the store",
                document.model);
  if (is_python) TROUPE_CHECK(store_python(flags));
  const size_t at = document.model.find('@');
  if (at == std::string::npos || at + 1 == document.model.size())
    return fail(Errc::invalid_argument, "'{}' names no version; write NAME@VERSION, such as {}@1", document.model,
                document.model.substr(0, at));
  if (document.name.empty()) {
    document.name = document.model.substr(0, at) + "-" + document.model.substr(at + 1);
    for (char& c : document.name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
  }
  for (const auto& known : protocol::backend_names)
    if (known.name == flags.backend) document.backend = known.value;
  if (flags.weight >= 0) document.weight = flags.weight;
  if (flags.memory.value > 0) document.resources.memory = flags.memory;
  if (flags.on_demand) document.load = cluster::LoadPolicy::on_demand;
  return apply(flags.apply, "kind: Deployment\n" + config::to_yaml(document), "troupe deploy", clock);
}

Result<Exit> remove(const DeleteFlags& flags) {
  std::vector<std::string> names;
  if (!flags.name.empty()) names.push_back(flags.name);
  if (!flags.file.empty()) {
    TROUPE_TRY(const std::string text, read_text(flags.file));
    TROUPE_TRY(const auto documents, config::parse_documents(text, flags.file));
    for (const config::Document& document : documents) {
      if (document.kind != "Deployment") continue;  // Models stay: others may use them.
      TROUPE_TRY(const auto deployment, config::bind<cluster::DeploymentDocument>(document));
      names.push_back(deployment.name);
    }
  }
  if (names.empty()) return fail(Errc::invalid_argument, "nothing to delete: name a deployment, or a file with -f");
  TROUPE_TRY(const AdminClient admin, AdminClient::make(flags.admin));
  for (const std::string& name : names) {
    TROUPE_TRY(const nlohmann::json removed, admin.remove("deployments/" + name));
    std::cout << (flags.admin.json ? removed.dump() : fmt::format("Deployment {} deleted", name)) << '\n';
  }
  return Exit::ok;
}

void add_wait_flags(CLI::App& verb, ApplyFlags& flags) {
  verb.add_flag("--wait,!--no-wait", flags.wait, "Wait until all replicas are ready")->capture_default_str();
  add_duration(verb, "--wait-timeout", flags.wait_timeout,
               "How long; then the reason is printed and the status is 124");
  add_admin_flags(verb, flags.admin);
}

void add_python_flags(CLI::App& verb, DeployFlags& flags) {
  verb.add_option("--version", flags.version,
                  "Python: version to store as (default: the newest if its files are the same, else the next number)");
  verb.add_option("--requirements", flags.requirements, "Python: what pip shall install (default: requirements.txt)")
      ->type_name("FILE");
  verb.add_option("--file", flags.files, "Python: a file or folder to store beside the module, such as weights")
      ->type_name("PATH");
  verb.add_option("--python", flags.document.python,
                  "Python: interpreter on the workers that has all the model needs (default: one is made)")
      ->type_name("PATH");
  verb.add_option("--set", flags.settings, "Python: a keyword argument of the class")->type_name("NAME=VALUE");
}

void add_deploy_verb(CLI::App& app, Shell& shell) {
  CLI::App* verb = app.add_subcommand("deploy", "Run a model version: make or change its deployment");
  auto flags = std::make_shared<DeployFlags>();
  cluster::DeploymentDocument& document = flags->document;
  flags->apply.wait = true;
  verb->add_option("MODEL", document.model, "A version in the store, or a class or function in Python to store and run")
      ->required()
      ->type_name("NAME@VERSION|MODULE:CLASS");
  verb->add_option("--name", document.name,
                   "Of the deployment (default: NAME-VERSION); for Python of the model too (default: the class, "
                   "my_module:TextScorer is text-scorer)");
  verb->add_option("--replicas", document.replicas, "Running copies")->capture_default_str();
  verb->add_option("--cpus", document.resources.cpus, "CPUs a replica takes")->capture_default_str();
  add_bytes(*verb, "--memory", flags->memory,
            "Memory a replica takes, such as 2GiB (default: by the size of the version's files)");
  verb->add_flag("--on-demand", flags->on_demand,
                 "Run no replica until somebody loads the model (`troupe model load`, or a client whose key may)");
  verb->add_option("--gpus", document.resources.gpus, "GPUs a replica takes")->capture_default_str();
  verb->add_option("--weight", flags->weight,
                   "Share of the model's traffic that names no version (default: 1 for its first deployment, else 0)")
      ->check(CLI::NonNegativeNumber);
  verb->add_option("--backend", flags->backend, "native, echo or python (default: as the version was stored)")
      ->check(CLI::IsMember({"native", "echo", "python"}));
  verb->add_option("--max-batch-size", document.batching.max_size, "Requests a batch at most")->capture_default_str();
  add_duration(*verb, "--max-batch-delay", document.batching.max_delay, "How long a request may wait for company");
  verb->add_option("--max-queue", document.batching.max_queue, "Requests that wait at most")->capture_default_str();
  verb->add_option("--threads", document.engine.threads, "Compute threads of a replica")->capture_default_str();
  verb->add_flag("--cache,!--no-cache", document.cache.enabled, "Answer repeated requests from memory");
  add_duration(*verb, "--cache-ttl", document.cache.ttl, "How long an answer is kept");
  add_python_flags(*verb, *flags);
  add_wait_flags(*verb, flags->apply);
  verb->callback([flags, &shell] { shell.verb = [flags, &shell] { return deploy(*flags, shell.clock); }; });
}

void add_apply_verb(CLI::App& app, Shell& shell) {
  CLI::App* verb = app.add_subcommand("apply", "Make the cluster as a YAML file says; says what it changed");
  auto flags = std::make_shared<ApplyFlags>();
  flags->admin.timeout = std::chrono::minutes{10};  // Models are copied into the store.
  verb->add_option("-f,--file", flags->file, "The file; - reads stdin")->required();
  add_wait_flags(*verb, *flags);
  verb->callback([flags, &shell] {
    shell.verb = [flags, &shell]() -> Result<Exit> {
      TROUPE_TRY(const std::string text, read_text(flags->file));
      return apply(*flags, text, name_of_text(flags->file), shell.clock);
    };
  });
}

void add_delete_verb(CLI::App& app, Shell& shell) {
  CLI::App* all = app.add_subcommand("delete", "Delete deployments: one by name, or those of a file");
  auto flags = std::make_shared<DeleteFlags>();
  all->add_option("-f,--file", flags->file, "Delete the deployments in this file; - reads stdin");
  CLI::App* one = all->add_subcommand("deployment", "Delete a deployment: its replicas drain and stop");
  one->add_option("NAME", flags->name, "Which")->required();
  add_admin_flags(*all, flags->admin);
  one->fallthrough();
  all->callback([flags, &shell] { shell.verb = [flags] { return remove(*flags); }; });
}

}  // namespace

void add_deploy(CLI::App& app, Shell& shell) {
  add_deploy_verb(app, shell);
  add_apply_verb(app, shell);
  add_delete_verb(app, shell);
}

}  // namespace troupe::cli
