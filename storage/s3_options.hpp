#pragma once
// S3Options: which bucket of which server, and who asks. Pure.

#include <functional>
#include <optional>
#include <string>

#include "runtime/base/result.hpp"
#include "runtime/base/units.hpp"
#include "storage/aws_signature.hpp"

namespace troupe::storage {

struct S3Options {
  std::string bucket;
  std::string prefix;  ///< Of all keys; empty, or it ends with '/'.
  std::string scheme = "https";
  std::string host;             ///< HOST or HOST:PORT that requests go to, the bucket's own among them.
  bool path_has_bucket = true;  ///< Else `host` has it.
  std::string region = "us-east-1";
  AwsCredentials credentials;
  std::string ca_file;  ///< Verifies an https server where no public authority does; empty = public ones do.
  Duration connect_patience = std::chrono::seconds{10};
  Duration idle_patience = std::chrono::seconds{30};  ///< Without a byte for so long a request is given up.
  uint32_t tries = 4;
  ByteCount part_bytes = 16_MiB;  ///< Of files that are sent in parts: what a transfer takes of memory.

  /// "s3://bucket/prefix".
  std::string url() const;
};

/// Of "s3://BUCKET/PREFIX" and the variables that AWS's own tools know: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY,
/// AWS_SESSION_TOKEN, AWS_REGION or AWS_DEFAULT_REGION, AWS_CA_BUNDLE, and of another server than Amazon's
/// TROUPE_S3_ENDPOINT, AWS_ENDPOINT_URL_S3 or AWS_ENDPOINT_URL. `environment` is as getenv(). Errors: invalid_argument
/// for a URL or an endpoint that is none, failed_precondition naming the variable that is missing.
Result<S3Options> s3_options(const std::string& url, const std::function<const char*(const char*)>& environment);

}  // namespace troupe::storage
