#pragma once
// Errors as HTTP says them: the one table from Errc to status, and the bodies of the two APIs.

#include <string>
#include <string_view>

#include "runtime/base/error.hpp"
#include "runtime/http/message.hpp"

namespace troupe::gateway {

/// 400 bad input, 404 unknown model, 413 too large, 429 the gateway or a queue is full (come back more slowly), 503
/// nobody can serve it now, 504 deadline, 501 a feature this version lacks; `unimplemented` about a named field is bad
/// input.
int http_status(const Error& error) noexcept;

/// {"error":{"message":…,"type":…,"param":…,"code":…}}
std::string openai_error_body(const Error& error);
/// {"error":"…"}, of the Open Inference Protocol.
std::string open_inference_error_body(const Error& error);

/// For 429 and 503 Retry-After (in whole seconds, at least 1) and, where the time is known, retry-after-ms, which
/// OpenAI's clients prefer; otherwise nothing.
http::HeaderList error_headers(const Error& error);

/// For what the server itself answers: the shape of the API that owns the path.
std::string gateway_error_body(int status, std::string_view path, std::string_view message);

}  // namespace troupe::gateway
