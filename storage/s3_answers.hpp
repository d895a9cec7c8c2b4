#pragma once
// What an S3 server answers in XML, and what its refusals mean. Pure; trusts nothing that comes.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/result.hpp"
#include "storage/s3_options.hpp"

namespace troupe::storage {

struct S3Object {
  std::string key;
  uint64_t size = 0;
};

/// A page of ListObjectsV2.
struct S3Listing {
  std::vector<S3Object> objects;
  std::string next;  ///< Token of the page that follows; empty: this was the last one.
};

/// The text of the first element `name`, entities resolved; none where there is none. Looks at no attributes and no
/// nesting: enough for the flat answers of S3.
std::optional<std::string> xml_text(std::string_view xml, std::string_view name);

/// corrupt_data where it is no such answer.
Result<S3Listing> parse_listing(std::string_view xml);

/// Whether to ask again may help: the server is overloaded or failing.
bool is_worth_a_retry(long status);

/// What a refusal means to whoever set up the store: the bucket, the variable or the clock that is wrong. `what` is
/// what was asked: "read models/clerk/1/config.json".
Error s3_error(const S3Options& options, std::string_view what, long status, std::string_view body);

}  // namespace troupe::storage
