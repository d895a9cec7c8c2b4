#include "cluster/cli/start_options.hpp"

#include <algorithm>
#include <fstream>

#include "cluster/cli/local_nodes.hpp"

namespace troupe::cli {
namespace {

constexpr int default_bus_port = 7420;

Result<protocol::Roles> parse_roles(const StartFlags& flags) {
  if (flags.roles.empty()) return flags.head ? protocol::Roles{true, true, true} : protocol::Roles{.worker = true};
  protocol::Roles roles;
  for (const std::string& role : flags.roles) {
    if (role == "head") {
      roles.head = true;
    } else if (role == "gateway") {
      roles.gateway = true;
    } else if (role == "worker") {
      roles.worker = true;
    } else {
      return fail_field("--roles", "'{}' is no role; they are head, gateway and worker, as in --roles gateway,worker",
                        role);
    }
  }
  return roles;
}

}  // namespace

Result<cluster::NodeOptions> node_options(StartFlags& flags, uint64_t random) {
  TROUPE_TRY(const protocol::Roles roles, parse_roles(flags));
  if (flags.head && !flags.address.empty())
    return fail_field("--head", "a node is either a head (--head) or joins one (--address), not both");
  if (!flags.head && flags.address.empty())
    return fail_field("--head",
                      "say --head to start a cluster, or --address=HOST:PORT to join one (its `start` printed it)");
  if (flags.head && !roles.head) return fail_field("--roles", "--head needs the role head among {}", "--roles");
  const auto level = observe::log_level_from_name(flags.log_level);
  if (!level) return fail_field("--log-level", "'{}' is none of debug, info, warn, error, off", flags.log_level);
  if (!flags.log_format.empty() && flags.log_format != "json" && flags.log_format != "text")
    return fail_field("--log-format", "'{}' is neither json nor text", flags.log_format);
  if (flags.num_cpus < 0 || flags.num_cpus > 4096)
    return fail_field("--num-cpus", "{} is not between 0 and 4096", flags.num_cpus);
  if (flags.port > 65535) return fail_field("--port", "{} is no port; they end at 65535", flags.port);

  if (flags.name.empty()) flags.name = flags.head ? "head" : fmt::format("node-{:04x}", random & 0xffff);
  cluster::NodeOptions options;
  options.name = flags.name;
  options.roles = roles;
  options.head_address = flags.address;
  options.host = flags.host;
  options.insecure = flags.insecure;
  if (!flags.tls_cert.empty()) options.tls.certificate = std::filesystem::absolute(flags.tls_cert);
  if (!flags.tls_key.empty()) options.tls.key = std::filesystem::absolute(flags.tls_key);
  options.tls_self_signed = flags.tls_self_signed;
  options.zmq_encrypt = flags.zmq_encrypt;
  options.require_keys = flags.require_keys;
  options.ports = flags.ports;
  options.ports.bus = static_cast<uint16_t>(flags.port >= 0 ? flags.port : flags.head ? default_bus_port : 0);
  options.data_dir = std::filesystem::absolute(flags.data_root) / flags.name;
  options.resources.cpu_millis = static_cast<uint32_t>(flags.num_cpus * 1000 + 0.5);
  options.resources.memory_bytes = flags.memory.value;
  options.resources.gpus = flags.num_gpus;
  options.model_store = flags.model_store;
  options.model_cache = flags.model_cache;
  options.drain_patience = flags.drain;
  options.weight_lease = flags.weight_lease;
  options.idempotency_retention = flags.idempotency_ttl;
  options.event_retention = flags.keep_events;
  options.cors_origins = flags.cors_origins;
  options.log.level = *level;
  options.log.format = flags.log_format == "text" ? observe::LogFormat::text : observe::LogFormat::json;
  if (!flags.block) options.log.file = (log_folder(flags) / "troupe.log").string();
  TROUPE_CHECK(options.validate());
  return options;
}

Result<std::string> join_token(const StartFlags& flags, const char* environment) {
  if (!flags.token.empty() && !flags.token_file.empty())
    return fail_field("--token-file", "say either --token or --token-file");
  if (!flags.token.empty()) return flags.token;
  const auto read = [](const std::filesystem::path& file) {
    std::ifstream in(file);
    std::string line;
    std::getline(in, line);
    return line;
  };
  if (!flags.token_file.empty()) {
    std::string token = read(flags.token_file);
    if (token.empty()) return fail_field("--token-file", "{} cannot be read, or is empty", flags.token_file);
    return token;
  }
  if (environment != nullptr && *environment != '\0') return std::string(environment);
  if (const auto head = running_node(flags.data_root, &protocol::Roles::head);
      head && head->file.head_address == flags.address)
    return read(head->folder / cluster::join_token_file_name);
  return std::string();
}

std::filesystem::path log_folder(const StartFlags& flags) {
  return std::filesystem::absolute(flags.data_root) / flags.name / "logs";
}

}  // namespace troupe::cli
