#pragma once
// What `troupe start` was told, and the NodeOptions it means.

#include <filesystem>
#include <string>
#include <vector>

#include "cluster/node/options.hpp"
#include "runtime/base/units.hpp"

namespace troupe::cli {

struct StartFlags {
  bool head = false;
  std::string address;             ///< HOST:PORT of the head to join.
  std::string token;               ///< Join token.
  std::string token_file;          ///< Or the file that holds it.
  std::vector<std::string> roles;  ///< Empty: all three with --head, else worker.
  std::string name;                ///< Empty: "head", or "node-" and four hex digits.
  std::string host = "127.0.0.1";
  bool require_keys = false;
  bool insecure = false;
  std::string tls_cert;
  std::string tls_key;
  bool tls_self_signed = false;
  std::vector<std::string> cors_origins;
  bool zmq_encrypt = false;
  int port = -1;  ///< -1: 7420 with --head, else any free one.
  cluster::NodePorts ports;
  double num_cpus = 0;  ///< 0: the machine's.
  ByteCount memory{0};  ///< 0: the machine's.
  uint32_t num_gpus = 0;
  std::string data_root;
  std::string model_store;   ///< Empty: the head's own folder.
  ByteCount model_cache{0};  ///< 0: default_model_cache().
  std::string log_level = "info";
  std::string log_format;  ///< Empty: json, or text where a terminal reads it.
  Duration drain = std::chrono::seconds{30};
  Duration weight_lease = std::chrono::seconds{30};
  Duration idempotency_ttl = std::chrono::hours{24};
  Duration keep_events = std::chrono::hours{24 * 90};
  bool block = false;
  Duration timeout = std::chrono::seconds{60};  ///< For the node to be ready.
  int ready_fd = -1;                            ///< Set by the parent of a background node.
};

/// Fills in name and roles, which may be drawn (`random`), and checks what can be checked here. Errors name the flag.
Result<cluster::NodeOptions> node_options(StartFlags& flags, uint64_t random);

/// The token to join with: the flags', else TROUPE_TOKEN (`environment`), else what the head of `address` wrote into
/// its folder, where it runs on this machine under this data root. Empty where there is none: a node that has joined
/// before needs none.
Result<std::string> join_token(const StartFlags& flags, const char* environment);

/// DATA_ROOT/NAME/logs
std::filesystem::path log_folder(const StartFlags& flags);

}  // namespace troupe::cli
