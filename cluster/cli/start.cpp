#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <iostream>

#include "cluster/cli/background.hpp"
#include "cluster/cli/flags.hpp"
#include "cluster/cli/local_nodes.hpp"
#include "cluster/cli/run_node.hpp"
#include "cluster/cli/start_options.hpp"
#include "cluster/cli/verbs.hpp"
#include "cluster/node/identity.hpp"
#include "runtime/base/random.hpp"

namespace troupe::cli {
namespace {

void print_started(const cluster::NodeFile& node, const StartFlags& flags) {
  std::string roles;
  for (const auto& [has, name] :
       {std::pair{node.roles.head, "head"}, {node.roles.gateway, "gateway"}, {node.roles.worker, "worker"}}) {
    if (has) roles += (roles.empty() ? "" : ", ") + std::string(name);
  }
  const std::string root = std::filesystem::absolute(flags.data_root).string();
  const bool default_root = root == default_data_root().string();
  const std::string data_flag = default_root ? "" : fmt::format(" --data-dir {}", root);
  std::string text = fmt::format("{} is ready (pid {}): {}\n\n", node.name, node.pid, roles);
  const auto line = [&](const char* what, const std::string& value) {
    if (!value.empty()) text += fmt::format("  {:<18} {}\n", what, value);
  };
  line("Dashboard", node.addresses.admin);
  line("HTTP", node.addresses.http);
  line("gRPC", node.addresses.grpc);
  line("ZeroMQ", node.addresses.zmq);
  if (!node.addresses.zmq_key.empty())
    line("Key of that door", fmt::format("'{}' (troupe infer --server-key)", node.addresses.zmq_key));
  line("Metrics", node.addresses.metrics);
  line("Bus", node.addresses.control);
  line("CA of https", node.ca_file);
  line("Data", (std::filesystem::path(root) / node.name).string());
  if (!flags.block) line("Log", (log_folder(flags) / "troupe.log").string());
  text += '\n';
  const auto token =
      cluster::read_private_file(std::filesystem::path(root) / node.name / cluster::join_token_file_name);
  if (node.roles.head && token)
    line("Add a node", fmt::format("troupe start --address={} --token={}", node.head_address, *token));
  line("Stop this one", flags.block ? "Ctrl-C" : fmt::format("troupe stop --name {}{}", node.name, data_flag));
  std::cout << text << std::flush;
}

Result<Exit> start_here(const StartFlags& flags, cluster::NodeOptions options) {
  const Status status = run_node(std::move(options), [&](const Result<const cluster::NodeFile*>& started) {
    if (flags.ready_fd >= 0) {
      report_ready(flags.ready_fd, started ? Status{} : Status{fail(started.error())});
    } else if (started) {
      print_started(**started, flags);
    }
  });
  if (!status) return fail(status.error());
  return Exit::ok;
}

Result<Exit> start(StartFlags flags, Shell& shell) {
  // A node's folder has keys, logs with requests' texts and state: for its user alone, whatever the shell allows.
  ::umask(S_IRWXG | S_IRWXO);
  const bool is_child = flags.ready_fd >= 0;
  auto options = node_options(flags, secure_random_u64());
  if (options && !options->roles.head) {
    auto token = join_token(flags, std::getenv("TROUPE_TOKEN"));
    if (token) {
      options->token = std::move(*token);
    } else {
      options = fail(std::move(token.error()));
    }
  }
  if (!options) {
    if (is_child) report_ready(flags.ready_fd, fail(options.error()));
    return fail(std::move(options.error()));
  }
  if (flags.block || is_child) {
    if (flags.block && flags.log_format.empty() && ::isatty(STDERR_FILENO) != 0)
      options->log.format = observe::LogFormat::text;
    return start_here(flags, std::move(*options));
  }

  if (const auto pid = running_process(options->data_dir))
    return fail(Errc::failed_precondition,
                "a node named '{}' runs already (pid {}); stop it with `troupe stop --name {}`, or choose another "
                "--name",
                flags.name, *pid, flags.name);
  std::vector<std::string> arguments(shell.arguments.begin(), shell.arguments.end());
  arguments.insert(arguments.end(),
                   {"--name", flags.name, "--data-dir", std::filesystem::absolute(flags.data_root).string()});
  const auto output = log_folder(flags) / "stderr.log";
  if (Status started = start_in_background(std::move(arguments), output, flags.timeout); !started) {
    Error& error = started.error();
    error.message += fmt::format("\n  log: {}", (log_folder(flags) / "troupe.log").string());
    return fail(std::move(error));
  }
  TROUPE_TRY(const cluster::NodeFile node, cluster::read_node_file(options->data_dir));
  print_started(node, flags);
  return Exit::ok;
}

}  // namespace

void add_start(CLI::App& app, Shell& shell) {
  CLI::App* verb = app.add_subcommand("start", "Start a node of a cluster on this machine");
  auto flags = std::make_shared<StartFlags>();
  verb->option_defaults()->take_last();
  verb->add_flag("--head", flags->head, "Start a new cluster: this node is its head");
  verb->add_option("--address", flags->address, "Join the cluster whose head is at HOST:PORT")->type_name("HOST:PORT");
  verb->add_option("--token", flags->token,
                   "Join token (default: TROUPE_TOKEN, or that of a head on this machine; none to join again)");
  verb->add_option("--token-file", flags->token_file, "File that holds the join token, unseen by `ps`");
  verb->add_option("--roles", flags->roles, "head, gateway, worker (default: all with --head, else worker)")
      ->delimiter(',')
      ->take_all()
      ->type_name("ROLE,...");
  verb->add_option("--name", flags->name, "Unique in the cluster (default: head, or node-XXXX)");
  verb->add_option("--host", flags->host, "Address to listen on and be reached at")->capture_default_str();
  verb->add_option("--tls-cert", flags->tls_cert, "Certificate chain of the HTTP doors, PEM; read anew when it changes")
      ->envname("TROUPE_TLS_CERT")
      ->type_name("FILE");
  verb->add_option("--tls-key", flags->tls_key, "Its private key, PEM")->envname("TROUPE_TLS_KEY")->type_name("FILE");
  verb->add_flag("--tls-self-signed", flags->tls_self_signed,
                 "Encrypt the HTTP doors with a certificate of the node's own making");
  verb->add_flag(
      "--require-keys", flags->require_keys,
      "Serve nobody without an API key, also before one is made (`troupe key create`); always so on a --host "
      "other than loopback");
  verb->add_flag("--insecure", flags->insecure,
                 "Allow a --host other than loopback without encryption and keys at clients' doors");
  verb->add_option("--port", flags->port, "Bus port (default: 7420 with --head, else any free one)");
  verb->add_option("--http-port", flags->ports.http, "HTTP door of a gateway; 0 = any free one")->capture_default_str();
  verb->add_option("--cors-origin", flags->cors_origins,
                   "Origin whose pages may ask at the HTTP door of a gateway, such as https://app.example; * is any")
      ->delimiter(',')
      ->take_all()
      ->type_name("ORIGIN,...");
  verb->add_option("--grpc-port", flags->ports.grpc, "gRPC door of a gateway; 0 = any free one")->capture_default_str();
  verb->add_option("--zmq-port", flags->ports.zmq, "ZeroMQ door of a gateway")->capture_default_str();
  verb->add_flag("--zmq-encrypt", flags->zmq_encrypt,
                 "Encrypt the ZeroMQ door on loopback too; with another --host it always is");
  verb->add_option("--metrics-port", flags->ports.metrics, "Prometheus metrics; a free port is taken where it is busy")
      ->capture_default_str();
  verb->add_option("--admin-port", flags->ports.admin, "Dashboard and admin API of a head")->capture_default_str();
  verb->add_option("--num-cpus", flags->num_cpus, "CPUs to offer, such as 1.5 (default: the machine's)");
  add_bytes(*verb, "--memory", flags->memory, "Memory to offer, such as 4GiB (default: the machine's)");
  verb->add_option("--num-gpus", flags->num_gpus, "GPUs to offer")->capture_default_str();
  verb->add_option("--model-store", flags->model_store,
                   "Head: keep the models in this bucket of an S3-compatible server (default: in its own folder)")
      ->envname("TROUPE_MODEL_STORE")
      ->type_name("s3://BUCKET/PREFIX");
  add_bytes(*verb, "--model-cache", flags->model_cache,
            "What a worker keeps of the models it fetched, and a head of those in its bucket (default: 50GiB, or half "
            "the disk)");
  add_data_root(*verb, flags->data_root);
  verb->add_option("--log-level", flags->log_level, "debug, info, warn, error or off")->capture_default_str();
  verb->add_option("--log-format", flags->log_format, "json or text (default: json; text to a terminal)");
  add_duration(*verb, "--idempotency-ttl", flags->idempotency_ttl,
               "How long a gateway keeps answers to requests with an idempotency key");
  add_duration(*verb, "--keep-events", flags->keep_events,
               "How long a head keeps raw events of experiments, whose sums stay; 0s = for good");
  add_duration(*verb, "--drain-timeout", flags->drain, "How long requests may finish when the node stops");
  add_duration(*verb, "--weight-lease", flags->weight_lease,
               "How long a gateway goes by weights without the head; then only stable versions get unpinned traffic");
  verb->add_flag("--block", flags->block, "Stay in the foreground and log to stderr; for systemd and containers");
  add_duration(*verb, "--timeout", flags->timeout, "How long to wait until the node is ready");
  verb->add_option("--ready-fd", flags->ready_fd)->group("");
  verb->callback([flags, &shell] { shell.verb = [flags, &shell] { return start(*flags, shell); }; });
}

}  // namespace troupe::cli
