#include "storage/aws_signature.hpp"

#include <fmt/chrono.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>

#include "runtime/base/assert.hpp"
#include "storage/sha256.hpp"

namespace troupe::storage {
namespace {

constexpr std::string_view algorithm = "AWS4-HMAC-SHA256";
constexpr std::string_view service = "s3";

std::string hmac_sha256(std::string_view key, std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  TROUPE_ASSERT(HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
                     reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data(),
                     &size) != nullptr);
  return std::string(reinterpret_cast<const char*>(digest.data()), size);
}

std::string hex(std::string_view bytes) {
  std::string text;
  for (const char byte : bytes) text += fmt::format("{:02x}", static_cast<unsigned char>(byte));
  return text;
}

bool is_unreserved(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
         c == '_' || c == '~';
}

}  // namespace

std::string uri_encode(std::string_view text, bool keeps_slash) {
  std::string encoded;
  for (const char c : text) {
    if (is_unreserved(c) || (keeps_slash && c == '/')) {
      encoded += c;
    } else {
      encoded += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return encoded;
}

std::string canonical_query(const std::map<std::string, std::string>& query) {
  // Sorted by encoded names; those of S3 are ASCII letters, digits and '-', whose order encoding does not change.
  std::string text;
  for (const auto& [name, value] : query)
    text += fmt::format("{}{}={}", text.empty() ? "" : "&", uri_encode(name, false), uri_encode(value, false));
  return text;
}

std::string amz_date(WallTime time) {
  return fmt::format("{:%Y%m%dT%H%M%SZ}", fmt::gmtime(std::chrono::system_clock::to_time_t(time)));
}

std::string aws_authorization(const SignedRequest& request, const AwsCredentials& credentials,
                              const std::string& region, WallTime now) {
  std::string headers;
  std::string names;
  for (const auto& [name, value] : request.headers) {
    headers += fmt::format("{}:{}\n", name, value);
    names += (names.empty() ? "" : ";") + name;
  }
  const auto payload = request.headers.find("x-amz-content-sha256");
  TROUPE_ASSERT(payload != request.headers.end());
  const std::string canonical = fmt::format("{}\n{}\n{}\n{}\n{}\n{}", request.method, uri_encode(request.path, true),
                                            canonical_query(request.query), headers, names, payload->second);
  const std::string time = amz_date(now);
  const std::string day = time.substr(0, 8);
  const std::string scope = fmt::format("{}/{}/{}/aws4_request", day, region, service);
  const std::string to_sign = fmt::format("{}\n{}\n{}\n{}", algorithm, time, scope, sha256_hex(canonical));
  std::string key = hmac_sha256("AWS4" + credentials.secret_access_key, day);
  for (const std::string_view part : {std::string_view(region), service, std::string_view("aws4_request")})
    key = hmac_sha256(key, part);
  return fmt::format("{} Credential={}/{},SignedHeaders={},Signature={}", algorithm, credentials.access_key_id, scope,
                     names, hex(hmac_sha256(key, to_sign)));
}

}  // namespace troupe::storage
