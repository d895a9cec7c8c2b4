#pragma once
// Routes: which handler serves which path. Answers 404, 405, OPTIONS and HEAD by itself.

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/http/message.hpp"

namespace troupe::http {

/// The values of a pattern's {names}, decoded, in order.
using PathParameters = std::vector<std::string>;

using RouteHandler = std::function<void(HttpRequest&, const PathParameters&, std::shared_ptr<HttpResponder>)>;

/// Fill first, then share: serve() is const and thread-safe. A linear search: meant for dozens of routes.
class Routes {
 public:
  explicit Routes(ErrorBody error_body = default_error_body) : error_body_(std::move(error_body)) {}

  /// `pattern` is a path whose segments are words or {names}: "/v2/models/{model}/infer". Patterns added earlier win.
  void add(std::string_view method, std::string_view pattern, RouteHandler handler);

  /// Unknown paths get 404 with the nearest known ones, wrong methods 405 with Allow. HEAD runs GET's handler; OPTIONS
  /// answers 204 with Allow.
  void serve(HttpRequest& request, std::shared_ptr<HttpResponder> responder) const;

 private:
  struct Route {
    std::string method;
    std::string pattern;
    std::vector<std::string> segments;
    RouteHandler handler;
  };

  static bool match(const Route& route, const std::vector<std::string_view>& segments, PathParameters& parameters);
  void refuse_path(const HttpRequest& request, HttpResponder& responder) const;

  ErrorBody error_body_;
  std::vector<Route> routes_;
};

}  // namespace troupe::http
