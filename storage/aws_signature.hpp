#pragma once
// AWS Signature Version 4, as S3 wants it
// (https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html): the path is encoded once, and the
// payload's SHA-256 is a header. Pure.

#include <map>
#include <string>
#include <string_view>

#include "runtime/base/clock.hpp"

namespace troupe::storage {

struct AwsCredentials {
  std::string access_key_id;
  std::string secret_access_key;
  std::string session_token;  ///< Of temporary credentials; empty = they are not.
};

/// What of a request its signature covers.
struct SignedRequest {
  std::string method;                          ///< "GET".
  std::string path;                            ///< Not encoded, with '/' in front.
  std::map<std::string, std::string> query;    ///< Not encoded.
  std::map<std::string, std::string> headers;  ///< Lower-case names; `host` and `x-amz-content-sha256` among them.
};

/// All but letters, digits and "-._~" as %XX (RFC 3986), '/' too unless `keeps_slash`.
std::string uri_encode(std::string_view text, bool keeps_slash);
/// Sorted and encoded, as it is signed and as it must be sent: "list-type=2&prefix=models%2F".
std::string canonical_query(const std::map<std::string, std::string>& query);
/// "20130524T000000Z", the value of x-amz-date.
std::string amz_date(WallTime time);

/// The value of `Authorization`. `request.headers` must have x-amz-date of `now`, and x-amz-security-token where the
/// credentials have one.
std::string aws_authorization(const SignedRequest& request, const AwsCredentials& credentials,
                              const std::string& region, WallTime now);

}  // namespace troupe::storage
