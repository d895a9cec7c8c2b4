#pragma once
// A certificate of one's own making, for clusters that have none from an authority.

#include <string>
#include <vector>

#include "runtime/base/clock.hpp"
#include "runtime/base/result.hpp"

namespace troupe::http {

struct SelfSigned {
  std::string certificate;  ///< PEM; also what clients are given as the authority (`--cacert`, `ca_file`).
  std::string key;          ///< PEM; P-256.
};

/// Good for ten years from `now`, for each of `hosts`: IP addresses and DNS names, at least one. `serial` must differ
/// from one certificate to the next: a random number.
Result<SelfSigned> make_self_signed(const std::vector<std::string>& hosts, WallTime now, uint64_t serial);

}  // namespace troupe::http
