#include "runtime/http/routes.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "runtime/base/nearest.hpp"

namespace troupe::http {
namespace {

constexpr size_t nearest_paths_max = 3;
constexpr size_t path_bytes_shown = 200;

std::vector<std::string_view> split(std::string_view path) {
  std::vector<std::string_view> segments;
  while (!path.empty()) {
    path.remove_prefix(1);  // The slash.
    const size_t end = std::min(path.find('/'), path.size());
    segments.push_back(path.substr(0, end));
    path.remove_prefix(end);
  }
  return segments;
}

bool is_parameter(std::string_view segment) {
  return segment.starts_with('{');
}

/// The pattern with the {names} filled from the asked path, so that its distance is that of the fixed words alone.
std::string fill(const std::vector<std::string>& pattern, const std::vector<std::string_view>& asked) {
  std::string path;
  for (size_t i = 0; i < pattern.size(); ++i) {
    path += '/';
    path += is_parameter(pattern[i]) && i < asked.size() ? asked[i] : std::string_view(pattern[i]);
  }
  return path;
}

}  // namespace

void Routes::add(std::string_view method, std::string_view pattern, RouteHandler handler) {
  Route route{std::string(method), std::string(pattern), {}, std::move(handler)};
  for (std::string_view segment : split(pattern)) route.segments.emplace_back(segment);
  routes_.push_back(std::move(route));
}

bool Routes::match(const Route& route, const std::vector<std::string_view>& segments, PathParameters& parameters) {
  if (route.segments.size() != segments.size()) return false;
  parameters.clear();
  for (size_t i = 0; i < segments.size(); ++i) {
    if (!is_parameter(route.segments[i])) {
      if (route.segments[i] != segments[i]) return false;
      continue;
    }
    auto value = percent_decode(segments[i]);
    if (!value || value->empty()) return false;
    parameters.push_back(std::move(*value));
  }
  return true;
}

void Routes::serve(HttpRequest& request, std::shared_ptr<HttpResponder> responder) const {
  std::string_view path = request.path();
  if (!path.starts_with('/')) return refuse_path(request, *responder);
  if (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
  const auto segments = split(path);
  const std::string_view method = request.method == "HEAD" ? "GET" : std::string_view(request.method);

  PathParameters parameters;
  std::set<std::string> allowed;
  for (const Route& route : routes_) {
    if (!match(route, segments, parameters)) continue;
    if (route.method == method) return route.handler(request, parameters, std::move(responder));
    allowed.insert(route.method);
  }
  if (allowed.empty()) return refuse_path(request, *responder);

  if (allowed.contains("GET")) allowed.insert("HEAD");
  allowed.insert("OPTIONS");
  const std::string allow = fmt::format("{}", fmt::join(allowed, ", "));
  if (method == "OPTIONS") return responder->respond(204, {}, {}, {{"allow", allow}});
  responder->respond(405, "application/json",
                     error_body_(405, path, fmt::format("{} does not take {}; it takes {}", path, method, allow)),
                     {{"allow", allow}});
}

void Routes::refuse_path(const HttpRequest& request, HttpResponder& responder) const {
  const std::string_view path = request.path().substr(0, path_bytes_shown);
  const auto asked = path.starts_with('/') ? split(path) : std::vector<std::string_view>{};
  std::vector<std::string> candidates;
  std::vector<std::string_view> patterns;
  for (const Route& route : routes_) {
    candidates.push_back(fill(route.segments, asked));
    patterns.push_back(route.pattern);
  }
  std::vector<std::string_view> nearest;
  while (nearest.size() < nearest_paths_max) {
    const auto name = nearest_name(path, candidates);
    if (!name) break;
    const auto found = std::ranges::find(candidates, *name) - candidates.begin();
    if (std::ranges::find(nearest, patterns[static_cast<size_t>(found)]) == nearest.end()) {
      nearest.push_back(patterns[static_cast<size_t>(found)]);
    }
    candidates.erase(candidates.begin() + found);
    patterns.erase(patterns.begin() + found);
  }
  std::string message = fmt::format("there is no {}", path);
  if (!nearest.empty()) message += fmt::format(" (did you mean {}?)", fmt::join(nearest, " or "));
  responder.respond(404, "application/json", error_body_(404, path, message));
}

}  // namespace troupe::http
