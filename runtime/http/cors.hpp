#pragma once
// Cross-origin requests: which pages of other origins a browser may let ask here (https://fetch.spec.whatwg.org, HTTP
// CORS protocol). Pure.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/result.hpp"
#include "runtime/http/message.hpp"

namespace troupe::http {

/// Origins as browsers send them: "https://app.example", "http://localhost:3000"; "*" is any. Empty: pages of other
/// origins can't ask. Cookies are never allowed along: nothing here is a cookie.
class CorsPolicy {
 public:
  CorsPolicy() = default;
  /// invalid_argument, naming `option`, for what is no origin.
  static Result<CorsPolicy> of(std::vector<std::string> origins, std::string_view option);

  bool is_on() const noexcept { return !origins_.empty(); }
  bool allows(std::string_view origin) const;

  /// What an answer to `request` must say for its page to read it.
  HeaderList answer_headers(const HttpRequest& request) const;
  /// The answer to a browser's question whether a page may ask: none where `request` is no such question.
  std::optional<HeaderList> preflight(const HttpRequest& request) const;

 private:
  std::vector<std::string> origins_;
};

}  // namespace troupe::http
