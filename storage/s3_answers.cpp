#include "storage/s3_answers.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace troupe::storage {
namespace {

constexpr size_t shown_max = 300;

std::string unescape(std::string_view text) {
  constexpr std::array<std::pair<std::string_view, char>, 5> entities{
      {{"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&apos;", '\''}}};
  std::string plain;
  for (size_t i = 0; i < text.size();) {
    const auto entity =
        std::ranges::find_if(entities, [&](const auto& e) { return text.substr(i).starts_with(e.first); });
    plain += entity == entities.end() ? text[i] : entity->second;
    i += entity == entities.end() ? 1 : entity->first.size();
  }
  return plain;
}

/// The inside of the first element `name` from `from` on; `from` is set behind it.
std::optional<std::string_view> element(std::string_view xml, std::string_view name, size_t& from) {
  const std::string open = fmt::format("<{}>", name);
  const std::string close = fmt::format("</{}>", name);
  const size_t begin = xml.find(open, from);
  const size_t end = begin == std::string_view::npos ? begin : xml.find(close, begin);
  if (end == std::string_view::npos) return std::nullopt;
  from = end + close.size();
  return xml.substr(begin + open.size(), end - begin - open.size());
}

Error error_of(Errc code, std::string message) {
  return {code, std::move(message), {}, {}};
}

}  // namespace

std::optional<std::string> xml_text(std::string_view xml, std::string_view name) {
  size_t from = 0;
  const auto inside = element(xml, name, from);
  return inside ? std::optional(unescape(*inside)) : std::nullopt;
}

Result<S3Listing> parse_listing(std::string_view xml) {
  if (xml.find("<ListBucketResult") == std::string_view::npos)
    return fail(Errc::corrupt_data, "the server answered a listing with something else");
  S3Listing listing;
  size_t from = 0;
  while (const auto contents = element(xml, "Contents", from)) {
    S3Object object;
    object.key = xml_text(*contents, "Key").value_or("");
    const std::string size = xml_text(*contents, "Size").value_or("");
    const auto [end, error] = std::from_chars(size.data(), size.data() + size.size(), object.size);
    if (object.key.empty() || error != std::errc{} || end != size.data() + size.size())
      return fail(Errc::corrupt_data, "the server listed an object without name or size");
    listing.objects.push_back(std::move(object));
  }
  if (xml_text(xml, "IsTruncated") == "true") {
    listing.next = xml_text(xml, "NextContinuationToken").value_or("");
    if (listing.next.empty())
      return fail(Errc::corrupt_data, "the server listed a part and did not say where it goes on");
  }
  return listing;
}

bool is_worth_a_retry(long status) {
  return status >= 500 || status == 429 || status == 408;
}

Error s3_error(const S3Options& options, std::string_view what, long status, std::string_view body) {
  const std::string code = xml_text(body, "Code").value_or("");
  const std::string words = xml_text(body, "Message").value_or("").substr(0, shown_max);
  const std::string server = fmt::format("{}://{}", options.scheme, options.host);
  if (code == "NoSuchBucket")
    return error_of(Errc::failed_precondition,
                    fmt::format("there is no bucket {} at {}; make it, or name another with --model-store",
                                options.bucket, server));
  if (code == "InvalidAccessKeyId")
    return error_of(Errc::permission_denied, fmt::format("{} knows no access key {}; see AWS_ACCESS_KEY_ID", server,
                                                         options.credentials.access_key_id));
  if (code == "SignatureDoesNotMatch")
    return error_of(Errc::permission_denied,
                    fmt::format("{} refused the signature; AWS_SECRET_ACCESS_KEY is not that of {}", server,
                                options.credentials.access_key_id));
  if (code == "ExpiredToken" || code == "InvalidToken")
    return error_of(Errc::permission_denied,
                    fmt::format("{} refused the session token: {}; see AWS_SESSION_TOKEN", server, words));
  if (code == "RequestTimeTooSkewed")
    return error_of(Errc::failed_precondition,
                    fmt::format("the clock of this machine is too far from that of {}, which says {}; set it", server,
                                xml_text(body, "ServerTime").value_or("another time")));
  if (code == "AuthorizationHeaderMalformed" || code == "PermanentRedirect" || status == 301)
    return error_of(Errc::failed_precondition,
                    fmt::format("the bucket {} is in the region {}, not in {}; set AWS_REGION", options.bucket,
                                xml_text(body, "Region").value_or("of another name"), options.region));
  const std::string said = code.empty() ? fmt::format("HTTP {}", status) : fmt::format("{}: {}", code, words);
  const auto error = [&](Errc kind, std::string_view end) {
    return error_of(kind, fmt::format("{} cannot {} in {}: {}{}", server, what, options.url(), said, end));
  };
  if (status == 404) return error(Errc::not_found, "");
  if (status == 412 || status == 409) return error(Errc::already_exists, "");
  if (status == 401 || status == 403) return error(Errc::permission_denied, "; the access key needs leave for it");
  if (is_worth_a_retry(status)) return error(Errc::unavailable, "");
  return error(Errc::io_error, "");
}

}  // namespace troupe::storage
