#pragma once
// TlsCertificate: what a server proves who it is with: a certificate chain and its private key, in PEM files.

#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/clock.hpp"
#include "runtime/base/result.hpp"

namespace boost::asio::ssl {
class context;
}

namespace troupe::http {

struct TlsFiles {
  std::filesystem::path certificate;  ///< The server's own first, then those that signed it.
  std::filesystem::path key;          ///< Without a passphrase.
  bool operator==(const TlsFiles&) const = default;
};

/// Thread-safe. The files are read anew once they have changed, so that a certificate can be renewed under a running
/// server: connections that are open keep the one they have, new ones get the new one. Files that can't be used leave
/// the old one in place.
class TlsCertificate {
 public:
  /// Told of each renewal, and of one that failed and why; on the thread that asked for the context.
  using Renewed = std::function<void(const Status&)>;

  /// Errors name the file and the option it came by: not_found, or failed_precondition for what is not PEM, a key that
  /// is not the certificate's, and a certificate that is not valid at `wall`.
  static Result<std::shared_ptr<TlsCertificate>> load(TlsFiles files, WallTime wall, Renewed renewed = {});

  /// For a new connection. Looks at the files (a stat of each) where it has not for `look_every`.
  std::shared_ptr<boost::asio::ssl::context> context(Time now, WallTime wall);

  const TlsFiles& files() const noexcept { return files_; }

  static constexpr Duration look_every = std::chrono::seconds{1};

 private:
  /// Tells one state of the two files from another.
  struct Stamp {
    std::filesystem::file_time_type certificate, key;
    uintmax_t certificate_bytes = 0, key_bytes = 0;
    bool operator==(const Stamp&) const = default;
  };

  TlsCertificate(TlsFiles files, Renewed renewed) : files_(std::move(files)), renewed_(std::move(renewed)) {}
  Stamp stamp() const;

  const TlsFiles files_;
  const Renewed renewed_;
  std::mutex mutex_;
  std::shared_ptr<boost::asio::ssl::context> context_;
  Stamp seen_;
  Time looked_{};
};

/// What a certificate says of itself.
struct CertificateInfo {
  std::string subject;             ///< "CN = gateway.example"
  WallTime not_after{};            ///< Its end.
  std::string sha256;              ///< Fingerprint, as `openssl x509 -fingerprint -sha256` shows it.
  bool is_self_signed = false;     ///< Nobody but itself vouches for it.
  std::vector<std::string> hosts;  ///< IP addresses and DNS names that it is for.

  bool is_for(std::string_view host) const;
};
/// Of the first certificate in a PEM file; errors as above.
Result<CertificateInfo> read_certificate(const std::filesystem::path& file);

}  // namespace troupe::http
