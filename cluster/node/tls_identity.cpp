#include "cluster/node/tls_identity.hpp"

#include <unistd.h>

#include <array>

#include "cluster/node/identity.hpp"
#include "runtime/base/random.hpp"
#include "runtime/http/self_signed.hpp"
#include "storage/file_tree.hpp"

namespace troupe::cluster {
namespace {

/// All names under which this node is reached.
std::vector<std::string> names_of(const std::string& host) {
  std::vector<std::string> names{host};
  std::array<char, 256> machine{};
  if (::gethostname(machine.data(), machine.size() - 1) == 0 && machine[0] != '\0') names.emplace_back(machine.data());
  for (const char* local : {"localhost", "127.0.0.1"})
    if (host != local) names.emplace_back(local);
  return names;
}

/// The certificate is the last to be written: where it is, its key is.
Status make_own(const http::TlsFiles& files, const std::string& host, WallTime wall) {
  TROUPE_TRY(const http::SelfSigned made, http::make_self_signed(names_of(host), wall, secure_random_u64()));
  TROUPE_CHECK(write_private_file(files.key, made.key));
  const std::filesystem::path fresh = files.certificate.string() + ".new";
  std::error_code error;
  std::filesystem::remove(fresh, error);
  TROUPE_CHECK(storage::write_file_synced(fresh, made.certificate, 0644));
  std::filesystem::rename(fresh, files.certificate, error);
  if (error) return storage::write_failure("write", files.certificate, error.value());
  return storage::sync_directory(files.certificate.parent_path());
}

}  // namespace

Result<std::shared_ptr<http::TlsCertificate>> load_certificate(const NodeOptions& options, WallTime wall,
                                                               const observe::Logger& log) {
  if (!options.has_tls()) return nullptr;
  http::TlsFiles files = options.tls;
  if (options.tls_self_signed) {
    files = {options.data_dir / own_certificate_file_name, options.data_dir / own_certificate_key_file_name};
    const auto present = http::read_certificate(files.certificate);
    const bool fits = present && wall < present->not_after && present->is_for(options.host);
    if (!fits) TROUPE_CHECK(make_own(files, options.host, wall));
  }
  return http::TlsCertificate::load(files, wall, [log, files](const Status& renewed) {
    if (renewed) {
      log.info("the certificate was renewed", observe::kv("file", files.certificate.string()));
    } else {
      log.error("the certificate was not renewed; the old one stays", observe::kv("reason", renewed.error().message));
    }
  });
}

std::string ca_file_of(const http::TlsCertificate& certificate) {
  const auto info = http::read_certificate(certificate.files().certificate);
  return info && info->is_self_signed ? certificate.files().certificate.string() : std::string();
}

}  // namespace troupe::cluster
