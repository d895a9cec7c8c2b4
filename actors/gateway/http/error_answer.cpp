#include "actors/gateway/http/error_answer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "actors/gateway/idempotency/request_key.hpp"
#include "runtime/observe/text.hpp"

namespace troupe::gateway {
namespace {

constexpr size_t message_bytes_max = 4096;

std::string_view error_type(int status) {
  switch (status) {
    case 401:
      return "authentication_error";
    case 403:
      return "permission_error";
    case 429:
      return "rate_limit_error";
    default:
      return status >= 500 ? "server_error" : "invalid_request_error";
  }
}

bool is_reused_key(const Error& error) {
  return error.code == Errc::already_exists && error.field == idempotency_field;
}

std::string_view error_code(const Error& error) {
  if (is_reused_key(error)) return "idempotency_key_reused";
  if (error.code == Errc::failed_precondition && error.field == idempotency_field) return "answer_not_repeatable";
  if (error.code == Errc::not_found && error.field == "model") return "model_not_found";
  if (error.code == Errc::unimplemented && !error.field.empty()) return "unsupported_parameter";
  if (error.code == Errc::unauthenticated) return "invalid_api_key";
  return to_string(error.code);
}

void append_string(std::string& out, std::string_view text) {
  observe::append_json_string(out, text, message_bytes_max);
}

}  // namespace

int http_status(const Error& error) noexcept {
  switch (error.code) {
    case Errc::invalid_argument:
      return 400;
    case Errc::not_found:
      return 404;
    case Errc::already_exists:
      return is_reused_key(error) ? 422 : 409;
    case Errc::unavailable:
    case Errc::lost:
      return 503;
    case Errc::overloaded:
      return 429;
    case Errc::deadline_exceeded:
      return 504;
    case Errc::cancelled:
      return 499;
    case Errc::unauthenticated:
      return 401;
    case Errc::permission_denied:
      return 403;
    case Errc::failed_precondition:
      return 409;
    case Errc::unimplemented:
      return error.field.empty() ? 501 : 400;
    case Errc::too_large:
      return 413;
    case Errc::resource_exhausted:
      return 503;
    case Errc::internal:
    case Errc::corrupt_data:
    case Errc::io_error:
      return 500;
  }
  return 500;
}

std::string openai_error_body(const Error& error) {
  std::string out = R"({"error":{"message":)";
  append_string(out, error.message);
  out += R"(,"type":)";
  append_string(out, error_type(http_status(error)));
  out += R"(,"param":)";
  if (error.field.empty()) {
    out += "null";
  } else {
    append_string(out, error.field);
  }
  out += R"(,"code":)";
  append_string(out, error_code(error));
  out += "}}";
  return out;
}

std::string open_inference_error_body(const Error& error) {
  std::string out = R"({"error":)";
  append_string(out, error.message);
  out += '}';
  return out;
}

http::HeaderList error_headers(const Error& error) {
  const int status = http_status(error);
  if (status != 429 && status != 503) return {};
  const auto seconds = std::max<int64_t>(1, std::chrono::ceil<std::chrono::seconds>(error.retry_after).count());
  http::HeaderList headers{{"retry-after", std::to_string(seconds)}};
  if (error.retry_after.count() > 0) headers.emplace_back("retry-after-ms", std::to_string(error.retry_after.count()));
  return headers;
}

std::string gateway_error_body(int status, std::string_view path, std::string_view message) {
  if (path.starts_with("/v2") || (path.starts_with("/v1/models/") && path.find(':') != path.npos))
    return open_inference_error_body({Errc::internal, std::string(message), {}, {}});
  return http::default_error_body(status, path, message);
}

}  // namespace troupe::gateway
