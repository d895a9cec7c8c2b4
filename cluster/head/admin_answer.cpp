#include "cluster/head/admin_answer.hpp"

#include "actors/gateway/http/error_answer.hpp"

namespace troupe::cluster {

using nlohmann::json;

namespace {

constexpr const char* json_type = "application/json";

Result<std::string> select_from(const std::string& view, const Select& select) {
  const json rows = json::parse(view, nullptr, false);
  if (!rows.is_array()) return fail(Errc::internal, "the head's view is no list");
  TROUPE_TRY(const json selected, select(rows));
  return dump_json(selected);
}

}  // namespace

std::string dump_json(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

void answer_json(http::HttpResponder& responder, int status, std::string body, http::HeaderList headers) {
  headers.emplace_back("cache-control", "no-store");
  headers.emplace_back("x-content-type-options", "nosniff");
  responder.respond(status, json_type, std::move(body), std::move(headers));
}

void refuse(http::HttpResponder& responder, const Error& error) {
  json about{{"code", to_string(error.code)}, {"message", error.message}};
  if (!error.field.empty()) about["field"] = error.field;
  const int status = gateway::http_status(error);
  http::HeaderList headers = gateway::error_headers(error);
  if (status == 401) headers.emplace_back("www-authenticate", "Bearer realm=\"troupe\"");
  answer_json(responder, status, dump_json({{"error", about}}), std::move(headers));
}

void answer_with(const ResponderRef& responder, int status, Result<std::string> result, Select select) {
  responder->post([responder, status, result = std::move(result), select = std::move(select)] {
    const auto body = result && select ? select_from(*result, select) : result;
    body ? answer_json(*responder, status, *body) : refuse(*responder, body.error());
  });
}

}  // namespace troupe::cluster
