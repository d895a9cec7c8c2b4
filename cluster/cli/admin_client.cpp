#include "cluster/cli/admin_client.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "cluster/cli/exit.hpp"
#include "cluster/cli/local_nodes.hpp"

namespace troupe::cli {
namespace {

constexpr const char* default_address = "127.0.0.1:8265";
constexpr const char* default_port = "8265";

std::string read_line(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

Result<std::string> find_key(const AdminFlags& flags, const std::optional<LocalNode>& head) {
  if (!flags.key_file.empty()) {
    std::string key = read_line(flags.key_file);
    if (key.empty()) return fail(Errc::invalid_argument, "--key-file {}: cannot be read, or is empty", flags.key_file);
    return key;
  }
  if (const char* key = std::getenv("TROUPE_ADMIN_KEY"); key != nullptr) return std::string(key);
  const std::filesystem::path folder = head ? head->folder : std::filesystem::path(flags.data_root) / "head";
  return read_line(folder / cluster::admin_key_file_name);
}

Errc code_from_name(const std::string& name) {
  for (uint8_t value = 1; value <= static_cast<uint8_t>(Errc::lost); ++value) {
    if (to_string(static_cast<Errc>(value)) == name) return static_cast<Errc>(value);
  }
  return Errc::internal;
}

Errc code_from_status(unsigned status) {
  switch (status) {
    case 400:
      return Errc::invalid_argument;
    case 401:
      return Errc::unauthenticated;
    case 403:
      return Errc::permission_denied;
    case 404:
      return Errc::not_found;
    case 409:
      return Errc::failed_precondition;
    case 413:
      return Errc::too_large;
    case 429:
      return Errc::overloaded;
    case 503:
      return Errc::unavailable;
    case 504:
      return Errc::deadline_exceeded;
    default:
      return Errc::internal;
  }
}

}  // namespace

Result<AdminClient> AdminClient::make(const AdminFlags& flags) {
  const auto head = running_node(flags.data_root, &protocol::Roles::head);
  std::string address = flags.address;
  std::string origin = "given by --address or TROUPE_ADDRESS";
  if (address.empty() && head && !head->file.addresses.admin.empty()) {
    address = head->file.addresses.admin;
    origin = "of the head in " + head->folder.string();
  } else if (address.empty()) {
    address = default_address;
    origin = fmt::format("the default, as no head runs in {}", flags.data_root);
  }
  TROUPE_TRY(HostPort at, parse_address(address, default_port));
  at.ca_file = flags.ca_file;
  if (at.ca_file.empty() && head && at.url() == head->file.addresses.admin) at.ca_file = head->file.ca_file;
  TROUPE_TRY(std::string key, find_key(flags, head));
  return AdminClient(std::move(at), std::move(origin), std::move(key), flags.timeout);
}

Result<nlohmann::json> AdminClient::get(const std::string& what) const {
  return call("GET", what, {}, {});
}

Result<nlohmann::json> AdminClient::post(const std::string& what, const std::string& body,
                                         const std::string& content_type, const std::string& file_name) const {
  std::vector<std::pair<std::string, std::string>> headers{{"content-type", content_type}};
  if (!file_name.empty()) {
    headers.emplace_back("x-file-name", file_name);
    // What a file names relatively lies beside it; what comes from elsewhere means the working directory.
    std::error_code error;
    const auto file = std::filesystem::absolute(file_name, error);
    const auto base = std::filesystem::exists(file, error) ? file.parent_path() : std::filesystem::current_path(error);
    headers.emplace_back("x-base-dir", base.string());
  }
  return call("POST", what, body, std::move(headers));
}

Result<nlohmann::json> AdminClient::remove(const std::string& what) const {
  return call("DELETE", what, {}, {});
}

Result<nlohmann::json> AdminClient::put(const std::string& what, std::string body,
                                        const std::string& content_type) const {
  return call("PUT", what, std::move(body), {{"content-type", content_type}});
}

Result<std::string> AdminClient::get_bytes(const std::string& what) const {
  return exchange("GET", what, {}, {});
}

bool AdminClient::is_local() const {
  return cluster::is_loopback(at_.host) || at_.host == "localhost";
}

std::string percent_encode(std::string_view text) {
  std::string encoded;
  for (const char c : text) {
    const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                          c == '.' || c == '_' || c == '~';
    encoded += is_plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return encoded;
}

Result<std::string> AdminClient::exchange(const char* method, const std::string& what, std::string body,
                                          std::vector<std::pair<std::string, std::string>> headers) const {
  if (!key_.empty()) headers.emplace_back("authorization", "Bearer " + key_);
  HttpCall call{method, at_, "/api/v1/" + what, std::move(headers), std::move(body)};
  auto answer = http_call(call, timeout_);
  if (!answer) {
    Error& error = answer.error();
    if (error.field == address_field)
      error.message += fmt::format(
          "; this address is {}. Start a head with `troupe start --head`, or name another with --address HOST:PORT",
          origin_);
    return fail(std::move(error));
  }
  if (answer->status >= 300) return fail(error_of(answer->status, answer->body));
  return std::move(answer->body);
}

Result<nlohmann::json> AdminClient::call(const char* method, const std::string& what, std::string body,
                                         std::vector<std::pair<std::string, std::string>> headers) const {
  TROUPE_TRY(const std::string answer, exchange(method, what, std::move(body), std::move(headers)));
  if (answer.empty()) return nlohmann::json::object();
  auto json = nlohmann::json::parse(answer, nullptr, false);
  if (json.is_discarded())
    return fail(Errc::corrupt_data, "{} answered with something other than JSON; is it a head's admin API?", url());
  return json;
}

Error error_of(unsigned status, const std::string& body) {
  const auto json = nlohmann::json::parse(body, nullptr, false);
  const auto member = json.is_object() ? json.find("error") : json.end();
  if (!json.is_object() || member == json.end() || !member->is_object())
    return {code_from_status(status), fmt::format("the head answered with HTTP status {}", status), {}, {}};
  const auto text = [&](const char* key) {
    const auto found = member->find(key);
    return found != member->end() && found->is_string() ? found->get<std::string>() : std::string();
  };
  const std::string code = text("code");
  Error error{code.empty() ? code_from_status(status) : code_from_name(code), text("message"), {}, {}};
  if (status == 401 || error.code == Errc::unauthenticated)
    error.message += "; --key-file FILE or TROUPE_ADMIN_KEY gives the key";
  return error;
}

}  // namespace troupe::cli
