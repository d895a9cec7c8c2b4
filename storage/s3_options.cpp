#include "storage/s3_options.hpp"

#include <algorithm>
#include <initializer_list>

namespace troupe::storage {
namespace {

constexpr std::string_view scheme = "s3://";

using Environment = std::function<const char*(const char*)>;

std::string first_of(const Environment& environment, std::initializer_list<const char*> names) {
  for (const char* name : names)
    if (const char* value = environment(name); value != nullptr && *value != '\0') return value;
  return {};
}

/// As S3 names them (https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html).
bool is_bucket(const std::string& text) {
  const auto is_edge = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  return text.size() >= 3 && text.size() <= 63 && is_edge(text.front()) && is_edge(text.back()) &&
         std::ranges::all_of(text, [&](char c) { return is_edge(c) || c == '.' || c == '-'; });
}

bool is_prefix(const std::string& text) {
  return text.size() <= 256 && text.find("//") == std::string::npos &&
         std::ranges::all_of(text, [](char c) { return c > ' ' && c < 0x7f; });
}

Status set_endpoint(S3Options& options, const std::string& endpoint) {
  if (endpoint.empty()) {
    // A dot in a bucket's name is not in the certificate of *.s3.amazonaws.com.
    options.path_has_bucket = options.bucket.find('.') != std::string::npos;
    options.host =
        fmt::format("{}s3.{}.amazonaws.com", options.path_has_bucket ? "" : options.bucket + ".", options.region);
    return {};
  }
  for (const auto& [known, port] : {std::pair("https", ":443"), std::pair("http", ":80")}) {
    if (!endpoint.starts_with(std::string(known) + "://")) continue;
    options.scheme = known;
    options.host = endpoint.substr(options.scheme.size() + 3);
    while (options.host.ends_with('/')) options.host.pop_back();
    // What is signed is what is sent: without a port that goes without saying.
    if (options.host.ends_with(port)) options.host.erase(options.host.size() - std::string_view(port).size());
    if (!options.host.empty() && options.host.find_first_of("/?#@ ") == std::string::npos) return {};
  }
  return fail(Errc::invalid_argument, "the endpoint '{}' is no address of a server, such as https://s3.example.com",
              endpoint);
}

}  // namespace

std::string S3Options::url() const {
  return fmt::format("{}{}/{}", storage::scheme, bucket, prefix);
}

Result<S3Options> s3_options(const std::string& url, const Environment& environment) {
  S3Options options;
  const std::string rest = url.starts_with(storage::scheme) ? url.substr(storage::scheme.size()) : std::string();
  const size_t slash = rest.find('/');
  options.bucket = rest.substr(0, slash);
  if (slash != std::string::npos) options.prefix = rest.substr(slash + 1);
  if (!options.prefix.empty() && !options.prefix.ends_with('/')) options.prefix += '/';
  if (!is_bucket(options.bucket) || !is_prefix(options.prefix))
    return fail(Errc::invalid_argument, "'{}' is no place for models; write s3://BUCKET or s3://BUCKET/PREFIX", url);
  for (const auto& [variable, value] : {std::pair("AWS_ACCESS_KEY_ID", &options.credentials.access_key_id),
                                        std::pair("AWS_SECRET_ACCESS_KEY", &options.credentials.secret_access_key)}) {
    *value = first_of(environment, {variable});
    if (value->empty())
      return fail(Errc::failed_precondition, "{} needs the variable {} in the environment of `troupe start`", url,
                  variable);
  }
  options.credentials.session_token = first_of(environment, {"AWS_SESSION_TOKEN"});
  if (const std::string region = first_of(environment, {"AWS_REGION", "AWS_DEFAULT_REGION"}); !region.empty())
    options.region = region;
  options.ca_file = first_of(environment, {"AWS_CA_BUNDLE"});
  TROUPE_CHECK(
      set_endpoint(options, first_of(environment, {"TROUPE_S3_ENDPOINT", "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"})));
  return options;
}

}  // namespace troupe::storage
