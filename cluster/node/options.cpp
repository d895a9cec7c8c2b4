#include "cluster/node/options.hpp"

#include <unistd.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "runtime/base/units.hpp"
#include "runtime/http/cors.hpp"
#include "storage/model_ref.hpp"

namespace troupe::cluster {

using nlohmann::json;

bool is_loopback(const std::string& host) {
  return host.starts_with("127.") || host == "localhost" || host == "::1";
}

Status NodeOptions::validate() const {
  if (!storage::check_model_name(name))
    return fail_field("--name",
                      "'{}' is no node name: use lower-case letters, digits, '.', '_' and '-', a letter or digit first",
                      name);
  if (!roles.head && !roles.gateway && !roles.worker)
    return fail_field("--roles", "a node needs at least one role: head, gateway or worker");
  if (roles.head && !head_address.empty())
    return fail_field("--address", "a head does not join another head; leave out --address or the role head");
  if (!roles.head && head_address.empty())
    return fail_field("--address",
                      "a node without the role head needs --address=HOST:PORT of the head, or start one with --head");
  if (!head_address.empty() && head_address.rfind(':') == std::string::npos)
    return fail_field("--address", "'{}' has no port; write HOST:PORT, such as 127.0.0.1:7420", head_address);
  if (tls_self_signed && !tls.certificate.empty())
    return fail_field("--tls-self-signed", "say either --tls-self-signed or --tls-cert and --tls-key");
  if (tls.certificate.empty() != tls.key.empty())
    return fail_field(tls.key.empty() ? "--tls-key" : "--tls-cert", "--tls-cert and --tls-key go together");
  // A worker has no door but its metrics, which then stay on loopback.
  if (is_public() && !insecure && !has_tls() && (roles.head || roles.gateway))
    return fail_field("--host",
                      "others reach {}, so its doors must encrypt: give --tls-cert and --tls-key, or "
                      "--tls-self-signed; or keep the default 127.0.0.1; or say --insecure if the network is private "
                      "and everybody on it is trusted",
                      host);
  TROUPE_CHECK(http::CorsPolicy::of(cors_origins, "--cors-origin"));
  if (weight_lease < std::chrono::seconds{1})
    return fail_field("--weight-lease", "{} is too short: heartbeats renew it twice a second; give it 1s or more",
                      format_duration(weight_lease));
  constexpr std::chrono::hours retention_max{24 * 30};
  if (idempotency_retention < std::chrono::seconds{1} || idempotency_retention > retention_max)
    return fail_field("--idempotency-ttl", "answers are kept from 1s to 720h, not {}",
                      format_duration(idempotency_retention));
  if (event_retention != Duration{0} && event_retention < std::chrono::hours{1})
    return fail_field("--keep-events", "raw events are kept for 1h or more, or for good with 0s, not {}",
                      format_duration(event_retention));
  if (!model_store.empty() && !roles.head)
    return fail_field("--model-store", "the head keeps the models: say --model-store where it is started");
  if (data_dir.empty()) return fail_field("--data-dir", "a node needs a folder of its own");
  return {};
}

std::filesystem::path NodeOptions::models_folder() const {
  return data_dir / (model_store.empty() ? models_folder_name : model_mirror_folder_name);
}

ByteCount default_model_cache(const std::filesystem::path& folder) {
  constexpr ByteCount most = 50_GiB;
  std::error_code error;
  const auto disk = std::filesystem::space(folder, error);
  return error ? most : ByteCount{std::min<uint64_t>(most.value, disk.capacity / 2)};
}

Status write_node_file(const std::filesystem::path& data_dir, const NodeFile& node) {
  const protocol::NodeAddresses& a = node.addresses;
  json roles = json::array();
  if (node.roles.head) roles.push_back("head");
  if (node.roles.gateway) roles.push_back("gateway");
  if (node.roles.worker) roles.push_back("worker");
  const json content{{"name", node.name},
                     {"id", node.id},
                     {"pid", node.pid},
                     {"roles", roles},
                     {"head_address", node.head_address},
                     {"ca_file", node.ca_file},
                     {"host", node.host},
                     {"insecure", node.insecure},
                     {"tls_certificate", node.tls_certificate},
                     {"tls_key", node.tls_key},
                     {"addresses",
                      {{"control", a.control},
                       {"request", a.request},
                       {"http", a.http},
                       {"zmq", a.zmq},
                       {"metrics", a.metrics},
                       {"admin", a.admin},
                       {"zmq_key", a.zmq_key},
                       {"bulk", a.bulk},
                       {"grpc", a.grpc}}}};
  const auto file = data_dir / node_file_name;
  const auto fresh = data_dir / fmt::format("{}.{}", node_file_name, ::getpid());
  {
    std::ofstream out(fresh);
    out << content.dump(2) << '\n';
    if (!out.flush()) return fail(Errc::io_error, "cannot write {}", fresh.string());
  }
  std::error_code error;
  std::filesystem::rename(fresh, file, error);
  if (error) return fail(Errc::io_error, "cannot write {}: {}", file.string(), error.message());
  return {};
}

Result<NodeFile> read_node_file(const std::filesystem::path& data_dir) {
  const auto file = data_dir / node_file_name;
  std::ifstream in(file);
  if (!in) return fail(Errc::not_found, "there is no {}", file.string());
  const json content = json::parse(in, nullptr, false);
  if (!content.is_object()) return fail(Errc::corrupt_data, "{} is not a JSON object", file.string());
  try {
    NodeFile node;
    node.name = content.at("name");
    node.id = content.at("id");
    node.pid = content.at("pid");
    node.head_address = content.at("head_address");
    node.ca_file = content.at("ca_file");
    node.host = content.at("host");
    node.insecure = content.at("insecure");
    node.tls_certificate = content.at("tls_certificate");
    node.tls_key = content.at("tls_key");
    const auto roles = content.at("roles").get<std::set<std::string>>();
    node.roles = {roles.contains("head"), roles.contains("gateway"), roles.contains("worker")};
    const json& a = content.at("addresses");
    node.addresses = {a.at("control"), a.at("request"), a.at("http"),        a.at("zmq"),        a.at("metrics"),
                      a.at("admin"),   a.at("zmq_key"), a.value("bulk", ""), a.value("grpc", "")};
    return node;
  } catch (const json::exception& exception) {
    return fail(Errc::corrupt_data, "{} is damaged: {}", file.string(), exception.what());
  }
}

}  // namespace troupe::cluster
