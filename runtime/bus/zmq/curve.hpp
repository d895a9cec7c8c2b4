#pragma once
// Key pairs of nodes, as ZeroMQ's CURVE takes them: Curve25519 (https://rfc.zeromq.org/spec/26/).

#include <string>
#include <string_view>

#include "runtime/base/result.hpp"

namespace troupe::bus {

/// Both keys are Z85 texts of 40 characters (https://rfc.zeromq.org/spec/32/).
struct CurveKeys {
  std::string public_key;
  std::string secret_key;
};

/// A new pair, from the kernel's randomness.
CurveKeys make_curve_keys();
/// The pair of a secret key. corrupt_data where the text is none.
Result<CurveKeys> curve_keys_of(std::string_view secret_key);
/// Whether `text` can be a key at all.
bool is_curve_key(std::string_view text);

}  // namespace troupe::bus
