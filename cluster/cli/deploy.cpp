#include <poll.h>

#include <fstream>
#include <iostream>
#include <iterator>
#include <set>

#include "cluster/cli/admin_client.hpp"
#include "cluster/cli/flags.hpp"
#include "cluster/cli/render.hpp"
#include "cluster/cli/rollout.hpp"
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
  std::string backend = "native";
  double weight = -1;  ///< < 0: unset.
};

struct DeleteFlags {
  AdminFlags admin;
  std::string file;
  std::string name;
};

Result<std::string> read_text(const std::string& file) {
  if (file == "-") return std::string(std::istreambuf_iterator<char>(std::cin), {});
  std::ifstream in(file);
  if (!in) return fail(Errc::invalid_argument, "cannot read {}", file);
  return std::string(std::istreambuf_iterator<char>(in), {});
}

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

Result<Exit> deploy(DeployFlags flags, Clock& clock) {
  cluster::DeploymentDocument& document = flags.document;
  const size_t at = document.model.find('@');
  if (at == std::string::npos || at + 1 == document.model.size())
    return fail(Errc::invalid_argument, "'{}' names no version; write NAME@VERSION, such as {}@1", document.model,
                document.model.substr(0, at));
  if (document.name.empty()) {
    document.name = document.model.substr(0, at) + "-" + document.model.substr(at + 1);
    for (char& c : document.name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
  }
  document.backend = flags.backend == "echo" ? protocol::BackendKind::echo : protocol::BackendKind::native;
  if (flags.weight >= 0) document.weight = flags.weight;
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

void add_deploy_verb(CLI::App& app, Shell& shell) {
  CLI::App* verb = app.add_subcommand("deploy", "Run a model version: make or change its deployment");
  auto flags = std::make_shared<DeployFlags>();
  cluster::DeploymentDocument& document = flags->document;
  flags->apply.wait = true;
  verb->add_option("MODEL", document.model, "NAME@VERSION")->required()->type_name("NAME@VERSION");
  verb->add_option("--name", document.name, "Of the deployment (default: NAME-VERSION)");
  verb->add_option("--replicas", document.replicas, "Running copies")->capture_default_str();
  verb->add_option("--cpus", document.resources.cpus, "CPUs a replica takes")->capture_default_str();
  add_bytes(*verb, "--memory", document.resources.memory, "Memory a replica takes");
  verb->add_option("--gpus", document.resources.gpus, "GPUs a replica takes")->capture_default_str();
  verb->add_option("--weight", flags->weight,
                   "Share of the model's traffic that names no version (default: 1 for its first deployment, else 0)")
      ->check(CLI::NonNegativeNumber);
  verb->add_option("--backend", flags->backend, "native or echo")
      ->check(CLI::IsMember({"native", "echo"}))
      ->capture_default_str();
  verb->add_option("--max-batch-size", document.batching.max_size, "Requests a batch at most")->capture_default_str();
  add_duration(*verb, "--max-batch-delay", document.batching.max_delay, "How long a request may wait for company");
  verb->add_option("--max-queue", document.batching.max_queue, "Requests that wait at most")->capture_default_str();
  verb->add_option("--threads", document.engine.threads, "Compute threads of a replica")->capture_default_str();
  verb->add_flag("--cache,!--no-cache", document.cache.enabled, "Answer repeated requests from memory");
  add_duration(*verb, "--cache-ttl", document.cache.ttl, "How long an answer is kept");
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
      return apply(*flags, text, flags->file == "-" ? "stdin" : flags->file, shell.clock);
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
