#pragma once
// NodeOptions: everything `troupe start` may be told.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "runtime/base/clock.hpp"
#include "runtime/base/result.hpp"
#include "runtime/base/units.hpp"
#include "runtime/http/tls.hpp"
#include "runtime/observe/log_sink.hpp"
#include "runtime/protocol/cluster.hpp"

namespace troupe::cluster {

/// Ports of DESIGN; 0 = any free one.
struct NodePorts {
  uint16_t bus = 0;  ///< Control lane; 7420 on the head.
  uint16_t http = 8000;
  uint16_t grpc = 8001;
  uint16_t zmq = 8003;
  uint16_t metrics = 8002;  ///< A free one is taken where this is busy.
  uint16_t admin = 8265;
};

/// An address of this machine that no other can reach.
bool is_loopback(const std::string& host);

/// In the node's folder: the model store of a head, the cache of another worker.
inline constexpr const char* models_folder_name = "models";
/// In the folder of a head whose model store is a bucket: what has come of that.
inline constexpr const char* model_mirror_folder_name = "model-mirror";

struct NodeOptions {
  std::string name;  ///< "head", "worker-1"; unique in a cluster.
  protocol::Roles roles;
  std::string head_address;        ///< HOST:PORT of the head's bus; empty on the head.
  std::string token;               ///< Join token; a node that has joined needs none.
  std::string host = "127.0.0.1";  ///< Address to bind and to be reached at.
  bool require_keys = false;       ///< No request without an API key, also before there is one.
  http::TlsFiles tls;              ///< Certificate and key of the HTTP doors; empty = in the clear.
  bool tls_self_signed = false;    ///< The node makes them itself, in its folder.
  bool insecure = false;           ///< Allows a host other than loopback without TLS and keys.
  /// Pages of these origins may ask at a gateway's HTTP door, see http::CorsPolicy.
  std::vector<std::string> cors_origins;
  bool zmq_encrypt = false;  ///< Encrypts the ZeroMQ door on loopback too; elsewhere it always does.
  NodePorts ports;
  std::filesystem::path data_dir;  ///< This node's own folder.
  protocol::Resources resources;   ///< What it offers; 0 CPUs and memory = the machine's.
  uint32_t scheduler_threads = 0;  ///< 0 = CPUs, at least 2 and at most 8.
  uint32_t http_threads = 0;       ///< 0 = half the CPUs, at least 1.
  Duration drain_patience = std::chrono::seconds{30};
  std::string model_store;   ///< Of a head: "s3://BUCKET/PREFIX"; empty = its own folder.
  ByteCount model_cache{0};  ///< What a worker keeps of fetched models; 0 = default_model_cache().
  Duration weight_lease = std::chrono::seconds{30};         ///< How long a gateway goes by weights without the head.
  Duration idempotency_retention = std::chrono::hours{24};  ///< How long a gateway keeps answers by their key.
  Duration event_retention = std::chrono::hours{24 * 90};   ///< How long a head keeps raw events; 0 = for good.
  observe::LogOptions log;
  /// The node must end by itself: Node::outcome() says why. Any thread; must only make somebody call stop().
  std::function<void()> on_end;

  /// Names the option that is wrong and what would be right.
  Status validate() const;

  /// Where the files of models are on this node.
  std::filesystem::path models_folder() const;
  /// Whether others than this machine reach its doors.
  bool is_public() const { return !is_loopback(host); }
  bool has_tls() const { return tls_self_signed || !tls.certificate.empty(); }
  /// Clients need API keys whatever the head says: others reach the door.
  bool keys_always() const { return require_keys || (is_public() && !insecure); }
  /// Where doors that do not encrypt listen: not on a public host, unless that was asked for.
  std::string clear_host() const { return is_public() && !insecure ? "127.0.0.1" : host; }
};

/// `node.json` in the node's folder while it runs: how the CLI finds local nodes.
struct NodeFile {
  std::string name;
  std::string id;
  uint32_t pid = 0;
  protocol::Roles roles;
  protocol::NodeAddresses addresses;
  std::string head_address;       ///< HOST:PORT others join at.
  std::string ca_file;            ///< What verifies its https addresses where no public authority does; may be empty.
  std::string host{};             ///< Address it listens on.
  bool insecure = false;          ///< NodeOptions::insecure.
  std::string tls_certificate{};  ///< Files of its HTTP doors; empty: in the clear.
  std::string tls_key{};
};

/// 50 GiB, or half of the disk of `folder` where that is less.
ByteCount default_model_cache(const std::filesystem::path& folder);

inline constexpr const char* node_file_name = "node.json";
inline constexpr const char* admin_key_file_name = "admin.key";
inline constexpr const char* join_token_file_name = "join-token";  ///< On a head: the token that its start made.
/// In the folder of a gateway: what it keeps of requests with idempotency keys.
inline constexpr const char* answers_folder_name = "answers";
/// In the node's folder: what the back ends of its replicas wrote, see worker::ReplicaLog.
inline constexpr const char* replica_log_folder_name = "replica-logs";

/// Replaces the file atomically.
Status write_node_file(const std::filesystem::path& data_dir, const NodeFile& node);
/// not_found where there is none.
Result<NodeFile> read_node_file(const std::filesystem::path& data_dir);

}  // namespace troupe::cluster
