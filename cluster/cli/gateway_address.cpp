#include "cluster/cli/gateway_address.hpp"

#include "cluster/cli/flags.hpp"
#include "cluster/cli/local_nodes.hpp"

namespace troupe::cli {

void add_zmq_flags(CLI::App& verb, ZmqDoor& said, std::string& data_root) {
  verb.add_option("--zmq", said.address, "ZeroMQ door of a gateway (default: a local gateway's, else 127.0.0.1:8003)")
      ->envname("TROUPE_ZMQ_ADDRESS")
      ->type_name("HOST:PORT");
  verb.add_option("--server-key", said.server_key,
                  "Public key of that door, where it encrypts (default: that of a local gateway)")
      ->envname("TROUPE_ZMQ_SERVER_KEY")
      ->type_name("KEY");
  add_data_root(verb, data_root);
}

void add_api_key(CLI::App& verb, std::string& key) {
  verb.add_option("--api-key", key, "API key to show; better in the environment, where no process list has it")
      ->envname("TROUPE_API_KEY")
      ->type_name("KEY");
}

ZmqDoor zmq_door(ZmqDoor said, const std::string& data_root) {
  if (said.address.empty()) {
    const auto gateway = running_node(data_root, &protocol::Roles::gateway);
    said.address = gateway ? gateway->file.addresses.zmq : std::string("tcp://127.0.0.1:8003");
  } else if (said.address.find("://") == std::string::npos) {
    said.address = "tcp://" + said.address;
  }
  if (!said.server_key.empty()) return said;
  for (const LocalNode& node : local_nodes(data_root)) {
    if (node.pid && node.file.addresses.zmq == said.address) said.server_key = node.file.addresses.zmq_key;
  }
  return said;
}

Result<HostPort> http_address(const std::string& said, const std::string& ca_file, const std::string& data_root) {
  const auto gateway = running_node(data_root, &protocol::Roles::gateway);
  const std::string local = gateway ? gateway->file.addresses.http : "127.0.0.1:8000";
  TROUPE_TRY(HostPort at, parse_address(said.empty() ? local : said, "8000"));
  at.ca_file = ca_file;
  if (ca_file.empty() && gateway && at.url() == gateway->file.addresses.http) at.ca_file = gateway->file.ca_file;
  return at;
}

}  // namespace troupe::cli
