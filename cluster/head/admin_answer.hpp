#pragma once
// What the admin API answers: JSON, an Error as JSON, and one row or some of a view.

#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "runtime/base/result.hpp"
#include "runtime/http/message.hpp"

namespace troupe::cluster {

using ResponderRef = std::shared_ptr<http::HttpResponder>;

/// Texts from outside may be no UTF-8, which plain dump() refuses.
std::string dump_json(const nlohmann::json& value);

void answer_json(http::HttpResponder& responder, int status, std::string body, http::HeaderList headers = {});
/// {"error":{"code":…,"message":…}} with the status of the error's code.
void refuse(http::HttpResponder& responder, const Error& error);

/// Takes out of a view, whose rows these are, what was asked for.
using Select = std::function<Result<nlohmann::json>(const nlohmann::json& rows)>;

/// Leaves parsing and writing to the connection's thread: this may run on the head's.
void answer_with(const ResponderRef& responder, int status, Result<std::string> result, Select select = {});

}  // namespace troupe::cluster
