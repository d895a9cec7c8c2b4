#pragma once
// Where a gateway is reached: said, or found among this machine's nodes. Only for .cpp files: includes CLI11.

#include <CLI/CLI.hpp>

#include "cluster/cli/http_call.hpp"
#include "runtime/base/result.hpp"

namespace troupe::cli {

/// A ZeroMQ door: "tcp://HOST:PORT", and its public key, which is empty where it does not encrypt.
struct ZmqDoor {
  std::string address;
  std::string server_key;
};

/// --zmq, --server-key and --data-dir.
void add_zmq_flags(CLI::App& verb, ZmqDoor& said, std::string& data_root);
/// --api-key, or TROUPE_API_KEY.
void add_api_key(CLI::App& verb, std::string& key);

/// What was said (the address may lack "tcp://"), else a local gateway's, else the default. The key of a door of this
/// machine is found where none was said.
ZmqDoor zmq_door(ZmqDoor said, const std::string& data_root);
/// Of `said` (which may be a URL), else of a local gateway, else the default. `ca_file` empty: a local gateway's own.
Result<HostPort> http_address(const std::string& said, const std::string& ca_file, const std::string& data_root);

}  // namespace troupe::cli
