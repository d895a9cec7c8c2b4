#pragma once
// The certificate of a node's HTTP doors: the operator's, or one that the node makes itself.

#include <memory>

#include "cluster/node/options.hpp"
#include "runtime/http/tls.hpp"
#include "runtime/observe/log.hpp"

namespace troupe::cluster {

inline constexpr const char* own_certificate_file_name = "tls.crt";
inline constexpr const char* own_certificate_key_file_name = "tls.key";

/// As `options` say: loads the files, or makes them in the node's folder where there are none for its host yet. Empty
/// where the doors are in the clear. Renewals are logged. Blocks on disk.
Result<std::shared_ptr<http::TlsCertificate>> load_certificate(const NodeOptions& options, WallTime wall,
                                                               const observe::Logger& log);

/// What clients verify it with: the file itself where nobody else vouches for it, else empty (their system's list).
std::string ca_file_of(const http::TlsCertificate& certificate);

}  // namespace troupe::cluster
